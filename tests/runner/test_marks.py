"""Marks that a process cannot lose by accident."""

import os
import resource
import subprocess

import pytest

from mon.runner.marks import RLIMIT_LOCKS, Marks, mark_of, marking


@pytest.mark.parametrize(
    "words", [["sleep", "9"], ["env", "-i", "setsid", "sleep", "9"], ["nice", "sleep", "9"]]
)
def test_what_is_started_is_marked_and_we_are_not(words):
    before = resource.getrlimit(RLIMIT_LOCKS)
    mark = Marks().new()
    with marking(mark):
        process = subprocess.Popen(words)
    assert (mark_of(process.pid), mark_of(os.getpid())) == (mark, 0)
    assert resource.getrlimit(RLIMIT_LOCKS) == before
    process.kill()
    process.wait()


def test_a_mark_tells_what_was_run():
    marks, others = Marks(), Marks()
    first, second, third = marks.new("farm/http"), marks.new("farm/ping"), marks.new("farm/http")
    assert len({first, second, third}) == 3
    assert [marks.owner(mark) for mark in (first, second, third)] == ["farm/http", "farm/ping", "farm/http"]
    assert marks.owner(marks.new()) == "" == marks.owner(others.new("farm/http")) == marks.owner(7)


def test_what_is_gone_has_no_mark():
    assert mark_of(2**22 + 1) == 0
