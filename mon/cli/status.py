"""``mon status``: services, hosts and pools as a table that a person likes to read."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from mon.cli.common import add_config, ask_daemon
from mon.cli.exits import DONE, TROUBLE, pool_trouble
from mon.cli.output import in_colour, say_json, say_painted
from mon.outside import one_line

Values = Mapping[str, Any]

FAILING = ("fail", "linkdown", "timeout")
"""The opinions that stand for a failure (``list failures`` of the classic protocol)."""

LONGEST = 300
"""Characters of what one service, host or server says: whoever wants all of it asks for --json."""

COLOURS = {"ok": "32", "fail": "31", "down": "31", "unknown": "33", "untested": "2"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [--json]``."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="everything, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print the status; 3 if a service or the disk fails, a pool is in trouble, or nothing is checked."""
    status = ask_daemon(arguments, "status")
    if arguments.json:
        say_json(status)
    else:
        for line in table(shown(status), colour=in_colour()):
            say_painted(line)
    failing = any(service["opstatus"] in FAILING for service in status["services"])
    stopped = status["stopped_since"] is not None
    bad = failing or stopped or bool(status.get("disk")) or any(map(pool_trouble, status["pools"]))
    return TROUBLE if bad else DONE


def shown(value: Any) -> Any:
    """What the daemon said, each text of it fit for a row: what is painted later is ours alone."""
    if isinstance(value, str):
        return one_line(value, LONGEST)
    if isinstance(value, dict):
        return {name: shown(part) for name, part in value.items()}
    return [shown(part) for part in value] if isinstance(value, list) else value


def table(status: Values, *, colour: bool) -> Iterator[str]:
    """The lines of the table."""
    now = status["now"]
    if status["stopped_since"] is not None:
        yield f"the scheduler is stopped since {ago(now, status['stopped_since'])} ago"
    if status.get("disk"):
        yield f"the state cannot be saved: {status['disk']}"
    names = [f"{s['watch']}/{s['service']}" for s in status["services"]]
    width = max(map(len, names), default=0)
    yield f"{'SERVICE':<{width}}  {'STATUS':<9} {'HOSTS':<7} {'FOR':>7} {'NEXT':>6}  LAST"
    for name, service in zip(names, status["services"], strict=True):
        yield f"{name:<{width}}  {_service(service, now, colour=colour)}"
        yield from _hosts(service, now, width, colour=colour)
    for pool in status["pools"]:
        yield ""
        yield from _pool(pool, colour=colour)
    if status["pending"]:
        yield f"\n{status['pending']} alerts are waiting to be sent"


def _service(service: Values, now: float, *, colour: bool) -> str:
    hosts = [host for host in service["hosts"] if not host["disabled"]]
    up = sum(host["verdict"] == "ok" for host in hosts)
    due = "now" if service["running"] else "-" if service["next"] is None else span(service["next"])
    said = service["summary"] or service["description"]
    last = " ".join((said, *(f"({note})" for note in _notes(service, now))))
    status = _painted(f"{service['opstatus']:<9}", service["opstatus"], colour=colour)
    return f"{status} {f'{up}/{len(hosts)}':<7} {ago(now, service['since']):>7} {due:>6}  {last}".rstrip()


def _notes(service: Values, now: float) -> Iterator[str]:
    """What an operator has said of it."""
    if service["disabled"]:
        yield "disabled"
    if service["ack"]:
        yield f"acknowledged {ago(now, service['acked'])} ago by {service['ack']}"
    if service["silence"]:
        yield service["silence"]


def _hosts(service: Values, now: float, width: int, *, colour: bool) -> Iterator[str]:
    """A line for each host that is not well."""
    for host in service["hosts"]:
        if host["disabled"]:
            yield f"{'':<{width}}    {host['host']} disabled"
        elif host["verdict"] not in ("ok", "untested"):
            verdict = _painted(host["verdict"], host["verdict"], colour=colour)
            since = ago(now, host["since"] or 0.0)
            yield f"{'':<{width}}    {host['host']} {verdict} for {since}: {host['detail']}"


def _pool(pool: Values, *, colour: bool) -> Iterator[str]:
    yield f"POOL {pool['name']}  {pool['virtual']} {pool['scheduler']}  ({pool['balancer']})"
    if pool["trouble"]:
        yield f"  {_painted(pool['trouble'], 'fail', colour=colour)}"
    if pool.get("outlook"):
        yield f"  {_painted(pool['outlook'], 'unknown', colour=colour)}"
    if pool.get("quorum") and pool["quorum"]["up"] is False:
        yield f"  {_painted('the quorum is lost', 'fail', colour=colour)}"
    for server in pool["servers"]:
        weight = f"{server['weight']:>3}" + (
            f" (wanted {server['wanted']})" if server["wanted"] != server["weight"] else ""
        )
        shown = _painted(weight, "ok" if server["weight"] else "down", colour=colour)
        name = f"{server['name'] or '(not ours)'} {server['address']}"
        counts = f"{server['active']:>5} {server['inactive']:>5}"
        yield f"  -> {name:<32} {server['forward']:<5} {shown} {counts}  {server['why']}".rstrip()


def ago(now: float, then: float) -> str:
    """How long ago, "-" for never."""
    return span(max(0.0, now - then)) if then else "-"


def span(seconds: float) -> str:
    """A duration in its largest unit: 0.4s, 12s, 5m, 3h, 2d."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def _painted(text: str, status: str, *, colour: bool) -> str:
    code = COLOURS.get(status)
    return f"\033[{code}m{text}\033[0m" if colour and code else text
