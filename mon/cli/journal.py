"""``mon pool POOL --journal`` and ``mon why SERVER``: what was done to real servers, as it was recorded."""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mon.cli.common import ask_daemon
from mon.cli.output import say_all, say_json

Values = Mapping[str, Any]


def journal(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    """Print what was done to all pools, to one, or to one server of it; 1 if nothing is recorded."""
    pool, server = (*words, "", "")[:2]
    since = time.time() - arguments.since
    deeds: list[Values] = ask_daemon(arguments, "pool-journal", pool=pool, server=server, since=since)[
        "answer"
    ]
    if arguments.json:
        say_json(deeds)
    else:
        say_all(_line(deed, named=not pool) for deed in deeds)
    return 0 if deeds else 1


def why(arguments: argparse.Namespace, server: str) -> int:
    """Print what gave a real server its weight.  Raises ControlError."""
    found = ask_daemon(arguments, "pool-why", server=server, at=arguments.at)
    if arguments.json:
        say_json(found)
    else:
        say_all(told(found))
    return 0 if found["recorded"] or found["standing"] else 1


def told(found: Values) -> Iterator[str]:
    """The lines of ``mon why SERVER``: what was recorded last in each pool, and how it stands now."""
    for deed in found["recorded"]:
        trigger = f" ({deed['trigger']})" if deed["trigger"] else ""
        yield f"{deed['pool']}: {_server(deed)}: {deed['what']}, {clock(deed['at'])}{trigger}"
        yield f"  {deed['why']}" if deed["why"] else "  no reason is recorded"
        yield f"  the balancer: {deed['said'] or 'read back as asked'}"
        yield from (f"  {line}" for line in deed["evidence"])
    if found["standing"]:
        yield "now:"
        yield from (f"  {line}" for line in found["standing"])
    if found["trouble"]:
        yield f"! {found['trouble']}"


def _line(deed: Values, *, named: bool) -> str:
    what = f"{_server(deed)}: {deed['what']}" if deed["server"] else deed["what"]
    pool = f"{deed['pool']}: " if named else ""
    why = f": {deed['why']}" if deed["why"] else ""
    trigger = f" [{deed['trigger']}]" if deed["trigger"] else ""
    said = f" ! {deed['said']}" if deed["said"] else ""
    return f"{clock(deed['at'])}  {pool}{what}{why}{trigger}{said}"


def _server(deed: Values) -> str:
    return " ".join(filter(None, (deed["name"], deed["server"])))


def clock(wall: float) -> str:
    """Date and time of day."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall))
