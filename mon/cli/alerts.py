"""``mon alerts`` and ``mon why``: what became of alerts, in words, from what was recorded."""

import argparse
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mon.cli import journal
from mon.cli.common import add_config, ask_daemon
from mon.cli.exits import DONE, FAILED, TROUBLE
from mon.cli.output import say, say_all, say_json
from mon.cli.spoken import duration, moment
from mon.cli.status import span

Values = Mapping[str, Any]

WAITING = ("waiting", "in flight", "retry")
STAGES = {"waiting": WAITING, "failed": ("failed",), "expired": ("expired",), "sent": ("sent",)}
ALWAYS = ("waiting", "failed", "expired")
"""The stages that are listed without being asked for; of the others the number is told."""


def alerts_add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [--json] [--since 1d] [waiting|failed|expired|sent|held]``, ``retry ID``, ``drop ID``."""
    add_config(parser)
    parser.add_argument("what", nargs="?", choices=(*STAGES, "held", "retry", "drop"), help="default: all")
    parser.add_argument("id", nargs="?", help="of retry and drop: the id, or the beginning of it")
    parser.add_argument("--reason", default="", help="of drop: why it is given up")
    parser.add_argument("--since", type=duration, default=86400.0, metavar="TIME", help="default: 1d")
    parser.add_argument("--json", action="store_true", help="everything, for programs")


def alerts_run(arguments: argparse.Namespace) -> int:
    """List, or do what is said to one alert; 3 if any failed for good in that time."""
    if arguments.what in ("retry", "drop"):
        return _one(arguments)
    found = ask_daemon(arguments, "alerts", since=time.time() - arguments.since)
    if arguments.json:
        say_json(only(found, arguments.what))
    else:
        say_all(listed(found, arguments.what))
    return TROUBLE if any(alert["stage"] == "failed" for alert in found["alerts"]) else DONE


def _one(arguments: argparse.Namespace) -> int:
    words = {"id": arguments.id or "", "reason": arguments.reason, "sudo": os.environ.get("SUDO_USER")}
    alert = ask_daemon(arguments, f"alerts-{arguments.what}", **words)
    done = "is being tried" if arguments.what == "retry" else "was given up"
    say(f"{alert['id'][:8]} {alert['watch']}/{alert['service']} {alert['kind']} {alert['alert']}: {done}")
    return 0


def only(found: Values, wanted: str | None) -> Values:
    """What is asked for; None is all."""
    if wanted is None:
        return found
    stages = STAGES.get(wanted, ())
    alerts = [alert for alert in found["alerts"] if alert["stage"] in stages]
    return {**found, "alerts": alerts, "held": found["held"] if wanted == "held" else []}


def listed(found: Values, wanted: str | None) -> Iterator[str]:
    """The lines of ``mon alerts``."""
    for name, stages in STAGES.items():
        alerts = [alert for alert in found["alerts"] if alert["stage"] in stages]
        if alerts and (name == wanted or (wanted is None and name in ALWAYS)):
            yield f"{name}:"
            yield from (f"  {line}" for line in _lines(alerts, found["now"]))
    if wanted == "held" and found["held"]:
        yield "held:"
        yield from (f"  {held['watch']}/{held['service']}  {_held(held)}" for held in found["held"])
    if wanted is None:
        yield _counts(found)
    if found["trouble"]:
        yield f"the disk: {found['trouble']}"


def _counts(found: Values) -> str:
    sent = sum(alert["stage"] == "sent" for alert in found["alerts"])
    waiting = sum(alert["stage"] in WAITING for alert in found["alerts"])
    held = sum(held["count"] for held in found["held"])
    return f"{waiting} waiting, {sent} sent, {held} held since {clock(found['since'])}"


def _lines(alerts: Iterable[Values], now: float) -> Iterator[str]:
    """One for each alert; what is told together is one line."""
    together: dict[object, list[Values]] = {}
    for alert in alerts:
        window = alert.get("window", "")
        same = (window, alert["alert"], alert["stage"] in WAITING or alert["stage"])
        together.setdefault(same if window else alert["id"], []).append(alert)
    for members in together.values():
        # Of those that are tried together only one is noted as tried.
        shown = max(members, key=lambda member: member["attempts"])
        others = len({(each["watch"], each["service"]) for each in members}) - 1
        yield _alert(shown, now, f" and {others} more of group {shown['group']}" if others else "")


def _alert(alert: Values, now: float, more: str = "") -> str:
    where = f"{alert['watch']}/{alert['service']}{more}"
    line = f"{alert['id'][:8]}  {clock(alert['decided'])}  {where}  {alert['kind']} {alert['alert']}"
    if alert["stage"] == "in flight":
        return f"{line}: being sent"
    if alert["stage"] in WAITING and not alert["attempts"] and alert.get("until", 0.0) > now:
        return f"{line}: collecting for group {alert['group']} until {clock(alert['until'])}"
    if alert["stage"] in WAITING:
        due = f"next attempt in {span(max(0.0, alert['next'] - now))}" if alert["next"] else "not tried yet"
        return f"{line}: {due}" + (f" (attempt {alert['attempts']}: {alert['why']})" if alert["why"] else "")
    return f"{line}: {alert['why'] or 'taken'}"


def _held(held: Values) -> str:
    times = f"{held['count']} times, " if held["count"] > 1 else ""
    until = f" to {clock(held['last'])}" if held["count"] > 1 else ""
    return f"{held['kind']} {held['command']}: held {times}{clock(held['first'])}{until}: {held['why']}"


def why_add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [--at TIME] [--json] WATCH SERVICE``, or ``SERVER``: a real server of a pool."""
    add_config(parser)
    parser.add_argument("watch", metavar="WATCH|SERVER")
    parser.add_argument("service", nargs="?")
    help_ = "14:05, 2026-01-31 14:05:00, or 10m (ago); default: now"
    parser.add_argument("--at", type=moment, metavar="TIME", help=help_)
    parser.add_argument("--json", action="store_true", help="everything, for programs")


def why_run(arguments: argparse.Namespace) -> int:
    """Tell the story; 1 if nothing is recorded of it."""
    if arguments.service is None:
        return journal.why(arguments, arguments.watch)
    words: dict[str, object] = {"watch": arguments.watch, "service": arguments.service, "at": arguments.at}
    found = ask_daemon(arguments, "why", **words)
    if arguments.json:
        say_json(found)
    else:
        say_all(story(found))
    return DONE if found["before"] else FAILED


def story(found: Values) -> Iterator[str]:
    """The lines of ``mon why``: the opinion that stood then, and period by period what followed from it."""
    name = f"{found['watch']}/{found['service']}"
    before, after = found["before"], found["after"]
    if before is None:
        yield f"{name}: nothing is recorded before {clock(found['at'])}"
    else:
        yield f"{name}: {before['new']} since {clock(found['begin'])}: {before['why'] or before['old']}"
    for host in found["hosts"]:
        yield f"  {clock(host['at']['wall'])}  {host['host']}: {host['old']} -> {host['new']}: {host['why']}"
    told = (*found["waiting"], *found["attempts"], *found["held"])
    for period in dict.fromkeys(each["period"] for each in told):
        yield f"period {period!r}:" if period else "period:"
        yield from (f"  {line}" for line in _in_period(found, period))
    if not told:
        yield "  no alert line was concerned"
    if after is not None:
        yield f"{name}: {after['old']} -> {after['new']} at {clock(after['at']['wall'])}: {after['why']}"


def _in_period(found: Values, period: str) -> Iterator[str]:
    lines: list[tuple[float, str]] = []
    for held in found["held"]:
        if held["period"] == period:
            lines.append((held["first"], f"{_held(held)} (rule: {held['rule']})"))
    for attempt in found["attempts"]:
        if attempt["period"] == period:
            lines.append((attempt["at"], _attempt(attempt)))
    for alert in found["waiting"]:
        if alert["period"] == period:
            lines.append((alert["decided"], f"waiting: {_alert(alert, found['now'])}"))
    return (line for _, line in sorted(lines, key=lambda each: each[0]))


def _attempt(attempt: Values) -> str:
    what = f"{attempt['kind']} {attempt['command']}: "
    why = f": {attempt['why']}" if attempt["why"] else ""
    when, number = clock(attempt["at"]), attempt["attempts"]
    if attempt["stage"] == "sent":
        tries = f" at attempt {number}" if number > 1 else ""
        return f"{what}let through by all rules, sent {when}{tries}{why}"
    words = {"retry": f"attempt {number} failed", "failed": "failed for good", "expired": "expired"}
    return f"{what}{words.get(attempt['stage'], attempt['stage'])} {when}{why}"


def clock(wall: float) -> str:
    """A wall time for people: the time of day, with the date in front unless it is today's."""
    then, today = time.localtime(wall), time.localtime()
    form = "%H:%M:%S" if then[:3] == today[:3] else "%Y-%m-%d %H:%M:%S"
    return time.strftime(form, then)
