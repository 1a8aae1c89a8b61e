"""Somebody knows (``ack``), and quiet times (``silence``): what an operator says about being told."""

from mon.control import asked
from mon.control.asked import Arguments
from mon.control.operations import Operations
from mon.engine import Silence
from mon.errors import ControlError

LONGEST = 366 * 86400.0
"""A silence that nobody remembers is worse than one that has to be said again."""


async def ack(operations: Operations, arguments: Arguments) -> object:
    """Somebody knows about the failure: no more alerts until it is over.  ``comment`` says what."""
    key = asked.service(operations, arguments)
    who, comment = asked.text(arguments, "who") or "an operator", asked.text(arguments, "comment")
    await operations.carry_out(
        operations.book.ack(key, who, comment, operations.now(), operations.environment)
    )
    await operations.save_state(())
    return {"acknowledged": f"{who}: {comment}"}


async def silence(operations: Operations, arguments: Arguments) -> object:
    """No failure alerts of ``watch``, or of its ``service`` only, for ``seconds``; ``reason`` is kept."""
    watch, service = _where(operations, arguments)
    seconds, reason = asked.number(arguments, "seconds"), asked.text(arguments, "reason")
    if seconds is None or not 0 < seconds <= LONGEST:
        raise ControlError("for how long? give a time of at most a year")
    if not reason:
        raise ControlError("why? give a reason: the next on duty will ask")
    now = operations.now()
    said = Silence(watch, service, now.wall, now.later(seconds), asked.text(arguments, "who"), reason)
    operations.book.silences.begin(said)
    await operations.save_state(())
    return said


async def unsilence(operations: Operations, arguments: Arguments) -> object:
    """End one before its time."""
    watch, service = _where(operations, arguments)
    if not operations.book.silences.end(watch, service, operations.now()):
        raise ControlError(f"there is no silence of {watch}{'/' if service else ''}{service}")
    await operations.save_state(())
    return {"ended": True}


async def silences(operations: Operations, arguments: Arguments) -> object:
    """Those that hold now."""
    return operations.book.silences.standing(operations.now())


def _where(operations: Operations, arguments: Arguments) -> tuple[str, str]:
    if arguments.get("service"):
        return asked.service(operations, arguments)
    watch = asked.text(arguments, "watch")
    if watch not in operations.book.config.watches:
        raise ControlError(f"no watch {watch!r:.80}")
    return watch, ""
