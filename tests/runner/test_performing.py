"""A job of an operator's file: what is learned of the file serves the next one, while it stays the same."""

import os
from pathlib import Path

import pytest

from mon.model.result import Verdict
from mon.runner import performing
from mon.runner.messages import Job
from mon.runner.performing import perform
from mon.runner.processes import children


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text("def check(host, *, port: int = 1): return f'{host}:{port}'\n")
    return file


def performed(path, learned=None):
    """What was learned, and the detail of the host."""
    said = []
    last = perform(Job(1, path=str(path), hosts=("web1",), options={"port": 80}), said.append, learned)
    assert last.end, last
    found = [word.learned for word in said if word.learned]
    details = [(word.verdict, word.detail) for word in said if not word.learned]
    return (found[0] if found else None), details, last.trouble


def test_the_first_job_learns_and_the_next_one_does_not_look_again(path, monkeypatch):
    learned, details, _ = performed(path)
    assert details == [(Verdict.OK, "web1:80")]
    assert (learned.about.verb, [option.name for option in learned.about.options]) == ("check", ["port"])

    monkeypatch.setattr(performing, "compiled", None)
    monkeypatch.setattr(performing, "describe", None)
    assert performed(path, learned) == (None, [(Verdict.OK, "web1:80")], "")


def test_a_file_that_changed_is_read_anew(path):
    learned, _, _ = performed(path)
    path.write_text("def check(host, *, port: int = 1): return 'another one'\n")
    again, details, _ = performed(path, learned)
    assert details == [(Verdict.OK, "another one")]
    assert again.stamp != learned.stamp


def test_a_file_that_is_gone_or_broken_is_trouble(path):
    learned, _, _ = performed(path)
    path.write_text("def check(host:\n")
    assert "mine.py:1: SyntaxError" in performed(path, learned)[2]
    path.unlink()
    assert "mine.py: FileNotFoundError" in performed(path, learned)[2]


def test_our_children_are_known_without_a_look_at_all_processes():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    assert pid in children()
    os.waitpid(pid, 0)
    assert pid not in children()
