"""The exit statuses of all commands: one table, for ``--help``, the documentation and the code.

A script asks two things: was it done, and is all well?  So what could not be done (1) and what was done and
shows trouble (3) are different numbers, whatever the command.
"""

from collections.abc import Mapping
from typing import Any

from mon.cli.output import READER_GONE

DONE = 0
FAILED = 1
WRONG_USAGE = 2
TROUBLE = 3
INTERRUPTED = 130

MEANINGS = {
    DONE: "done, and all is well",
    FAILED: "it could not be done: no daemon, no permission, refused, an error",
    WRONG_USAGE: "wrong usage",
    TROUBLE: "done, and something is not well (each command says what)",
    INTERRUPTED: "interrupted (Ctrl-C)",
    READER_GONE: "nobody reads its output any more (mon status | head)",
}


NOT_WELL = {
    "check": "there are warnings (with --strict)",
    "status": "a service fails, a pool is in trouble, the state cannot be saved, or the scheduler is stopped",
    "alerts": "an alert failed for good",
    "pool": "a pool that is shown is in trouble",
    "plan": "there are changes",
    "test": "what was tested fails",
}
"""What TROUBLE means, for the commands that look at something."""

OWN = {"monitor": "exit status: that of the monitor: 0 ok, 1 down, 2 unknown"}
"""What passes on the status of something else."""


def epilog(command: str) -> str:
    """The line of a command's help."""
    if command in OWN:
        return OWN[command]
    known = [f"{DONE} done", f"{FAILED} it could not be done", f"{WRONG_USAGE} wrong usage"]
    known += [f"{TROUBLE} {NOT_WELL[command]}"] if command in NOT_WELL else []
    return "exit status: " + ", ".join(known)


def table() -> str:
    """The whole table, a line each."""
    rows = (f"  {status:<4} {meaning}" for status, meaning in MEANINGS.items())
    return "\n".join(("exit status:", *rows))


def pool_trouble(pool: Mapping[str, Any]) -> bool:
    """Is a pool, as the daemon tells it, not as it should be?

    Its balancer does not obey, floor or fallback decide instead of the votes, or its quorum is lost.
    """
    quorum = pool.get("quorum")
    return bool(pool["trouble"] or pool.get("outlook") or (quorum and quorum["up"] is False))
