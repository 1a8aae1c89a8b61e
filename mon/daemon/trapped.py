"""A trap on its way: to the engine, and to the pools whose voters want traps."""

from mon.daemon.parts import Parts
from mon.model.config import Key
from mon.runner.judging import Finished, judged


async def trapped(parts: Parts, key: Key, status: int, output: str, *, intended: str = "") -> None:
    """Take a result that somebody sent us.

    It is the service's like that of a monitor.  It votes by the rules for programs, but only for voters
    with ``--traps`` (DESIGN §6); a trap for the default's service says nothing of any real server.
    """
    now, book = parts.clock(), parts.book
    if not intended:
        run = judged(Finished(key, now, now), book.enabled_hosts(key[0]), status, output, "")
        disabled = {host for group, host in book.disabled_members if group == key[0]}
        for host in run.hosts:
            frozen = book.vote_frozen(key, host.host)
            parts.keeper.wake(*parts.pools.vote(host, now, frozen=frozen, trap=True))
        frozen = book.vote_frozen(key, "")
        parts.keeper.wake(*parts.pools.run_result(run, now, frozen=frozen, trap=True, disabled=disabled))
    await parts.recorder.carry_out(book.trap(key, status, output, now, parts.environment, intended=intended))
