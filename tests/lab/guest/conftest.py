"""The network of one mode, and what is on it, shared by the tests of a guest."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import netlab
from stage import Stage, ForkServer
from watching import Sampler


@pytest.fixture(scope="session")
def net():
    lab = netlab.Lab(os.environ["LAB_MODE"])
    netlab.sysctl("lb1", ipv4__vs__expire_nodest_conn=1)
    lab.start_all()
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def sampler(net):
    watching = Sampler("lb1")
    watching.start()
    yield watching
    watching.stop()


@pytest.fixture(scope="session")
def forkserver(net):
    forking = ForkServer()
    yield forking
    forking.close()


@pytest.fixture
def stage(net, forkserver, sampler):
    played = Stage(net, forkserver, sampler)
    yield played
    played.close()
