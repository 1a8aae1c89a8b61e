"""A trap on its way: to the engine, and to the pools whose voters want traps."""

from collections.abc import Mapping

from mon.daemon.parts import Parts
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.result import OpStatus
from mon.runner.judging import Finished, judged

SAYS: Mapping[OpStatus, int] = {
    OpStatus.OK: 0,
    OpStatus.FAIL: 1,
    OpStatus.LINKDOWN: 1,
    OpStatus.TIMEOUT: 1,
}
"""What a status that an operator sets says as a trap; the others say nothing."""


async def trapped(
    parts: Parts, key: Key, status: int, output: str, *, intended: str = "", word: str = ""
) -> None:
    """Take a result that somebody sent us.

    It is the service's like that of a monitor.  It votes by the rules for programs, but only for voters
    with ``--traps`` (DESIGN §6); a trap for the default's service says nothing of any real server.
    """
    now, book = parts.clock(), parts.book
    if not intended:
        _vote(parts, key, status, output, now)
    step = book.trap(key, status, output, now, parts.environment, intended=intended, word=word)
    parts.recorder.submit(step)


async def opinion_set(parts: Parts, key: Key, status: OpStatus) -> None:
    """An operator sets the standing opinion; it names no host, so a bad one is for ``--group``."""
    now = parts.clock()
    if status in SAYS:
        _vote(parts, key, SAYS[status], "set by an operator\n", now)
    await parts.recorder.carry_out(parts.book.set_opstatus(key, status, now, parts.environment))


def _vote(parts: Parts, key: Key, status: int, output: str, now: Moment) -> None:
    book, pools = parts.book, parts.pools
    run = judged(Finished(key, now, now), book.enabled_hosts(key[0]), status, output, "")
    for host in run.hosts:
        frozen = book.vote_frozen(key, host.host)
        parts.keeper.wake(*pools.vote(host, now, frozen=frozen, trap=True), by="a trap")
    frozen = book.vote_frozen(key, "")
    disabled = {host for group, host in book.disabled_members if group == key[0]}
    parts.keeper.wake(*pools.run_result(run, now, frozen=frozen, trap=True, disabled=disabled), by="a trap")
