"""What processes there are."""

import os

from hypothesis import given
from hypothesis import strategies as st

from mon.runner.processes import Process, descendants, process, processes


def test_we_are_among_the_processes():
    found = {each.pid: each for each in processes()}
    assert found[os.getpid()].parent == os.getppid()
    assert not found[os.getpid()].zombie


def test_what_is_gone_is_none():
    assert process(2**22 + 1) is None


@given(st.lists(st.integers(0, 30), max_size=30))
def test_descendants_are_those_whose_parents_lead_to_the_root(parents):
    family = [Process(pid, min(parent, pid - 1), pid, False) for pid, parent in enumerate(parents, start=2)]
    parent_of = {each.pid: each.parent for each in family}

    def leads_to_root(pid):
        while pid in parent_of:
            pid = parent_of[pid]
            if pid == 1:
                return True
        return False

    assert descendants(1, family) == {each.pid for each in family if leads_to_root(each.pid)}
