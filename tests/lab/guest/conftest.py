"""The network of one mode, shared by the tests of a guest."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import netlab


@pytest.fixture(scope="session")
def net():
    lab = netlab.Lab(os.environ["LAB_MODE"])
    netlab.sysctl("lb1", ipv4__vs__expire_nodest_conn=1)
    lab.start_all()
    yield lab
    lab.close()
