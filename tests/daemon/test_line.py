"""The thread that talks to one balancer."""

import threading

import pytest

from mon.balancer.memory import Memory
from mon.daemon.line import Line
from mon.errors import BalancerUnreachable
from mon.model.pool import Change, ServiceEntry, Table, Verb, VirtualId

ID = VirtualId("tcp", "10.0.0.9", 80)
ADD = Change(Verb.ADD_SERVICE, ServiceEntry(ID, "rr"))


class Moody(Memory):
    """A balancer that does not answer while ``dead``, and notes who called it."""

    def __init__(self) -> None:
        super().__init__()
        self.dead = False
        self.closed = 0
        self.threads: set[str] = set()

    def read(self, ids):
        self.threads.add(threading.current_thread().name)
        if self.dead:
            raise BalancerUnreachable("no answer")
        return super().read(ids)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
async def moody():
    balancer = Moody()
    opened = []
    line = Line(("memory",), lambda words: opened.append(words) or balancer)
    balancer.opened, balancer.line = opened, line
    yield balancer
    await line.close(5.0)


async def test_it_opens_the_balancer_once_and_calls_it_in_one_thread(moody) -> None:
    assert await moody.line.read(ID) == Table(None)
    await moody.line.apply([ADD])
    assert (await moody.line.read(ID)).service == ADD.service
    assert moody.opened == [("memory",)]
    assert len(moody.threads) == 1 and "MainThread" not in moody.threads


async def test_after_no_answer_it_opens_anew(moody) -> None:
    await moody.line.read(ID)
    moody.dead = True
    with pytest.raises(BalancerUnreachable):
        await moody.line.read(ID)
    moody.dead = False
    await moody.line.read(ID)
    assert (len(moody.opened), moody.closed) == (2, 1)
