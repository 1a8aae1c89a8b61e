"""A balancer that cannot be reached is said before it is needed."""

import threading
from collections.abc import Sequence
from pathlib import Path

from mon.balancer.memory import Memory
from mon.balancer.reach import unreachable
from mon.model.pool import Pool, Table, VirtualId
from mon.model.source import Severity, Source

ID = VirtualId("tcp", "192.0.2.10", 80)


def pool(name: str, *words: str) -> Pool:
    return Pool(name, ID, words, source=Source("mon.cf", 3))


def test_a_socket_nobody_listens_at_is_a_warning(tmp_path: Path) -> None:
    words = ("haproxy", f"{tmp_path}/ha.sock", "web")
    (problem,) = unreachable([pool("shop", *words), pool("mail", *words), pool("x", "memory")])
    assert problem.severity is Severity.WARNING
    assert str(problem).startswith(f"mon.cf:3: balancer {' '.join(words)} cannot be reached (")


def test_one_that_answers_is_fine() -> None:
    assert unreachable([pool("shop", "memory")]) == []


def test_one_that_hangs_is_waited_for_only_so_long() -> None:
    ended = threading.Event()

    class Hung(Memory):
        def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
            ended.wait()
            return {}

    (problem,) = unreachable([pool("shop", "memory")], patience=0.05, connect=lambda words: Hung())
    ended.set()
    assert "no answer within 0.05 s" in problem.what
