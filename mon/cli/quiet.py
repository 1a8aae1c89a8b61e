"""``mon ack`` and ``mon silence``: somebody knows, and quiet times."""

import argparse
import os
import time

from mon.cli.alerts import clock
from mon.cli.common import add_config, ask_daemon
from mon.cli.output import say
from mon.cli.spoken import duration
from mon.cli.status import span
from mon.errors import ControlError


def ack_add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] WATCH SERVICE [COMMENT ...]``."""
    add_config(parser)
    parser.add_argument("watch")
    parser.add_argument("service")
    parser.add_argument("comment", nargs="*", help="what you know about it")


def ack_run(arguments: argparse.Namespace) -> int:
    """Acknowledge a failure: no more alerts of it until it is over."""
    said = {"watch": arguments.watch, "service": arguments.service, "comment": " ".join(arguments.comment)}
    answer = ask_daemon(arguments, "ack", **said, sudo=os.environ.get("SUDO_USER"))
    say(f"{arguments.watch}/{arguments.service} is acknowledged by {answer['acknowledged']}")
    return 0


def silence_add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE]`` lists; ``WATCH [SERVICE] --for 2h --reason TEXT`` begins one, ``--end`` ends it."""
    add_config(parser)
    parser.add_argument("watch", nargs="?", help="without it: list what is silenced")
    parser.add_argument("service", nargs="?", help="default: all of the watch")
    parser.add_argument("--for", dest="time", type=duration, metavar="TIME", help="how long: 30m, 2h, 1d")
    parser.add_argument("--reason", default="", help="why; it stands in mon why")
    parser.add_argument("--end", action="store_true", help="end it before its time")


def silence_run(arguments: argparse.Namespace) -> int:
    """List, begin or end."""
    if not arguments.watch:
        return _list(arguments)
    where = {"watch": arguments.watch, "service": arguments.service}
    name = "/".join(word for word in where.values() if word)
    sudo = os.environ.get("SUDO_USER")
    if arguments.end:
        ask_daemon(arguments, "unsilence", **where, sudo=sudo)
        say(f"{name}: alerts are sent again")
        return 0
    if arguments.time is None:
        raise ControlError("for how long? write --for 2h")
    more = {"seconds": arguments.time, "reason": arguments.reason, "sudo": sudo}
    said = ask_daemon(arguments, "silence", **where, **more)
    say(f"{name}: no failure alerts until {clock(said['until']['wall'])}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    for one in ask_daemon(arguments, "silences")["answer"]:
        name = "/".join(word for word in (one["watch"], one["service"]) if word)
        left = span(max(0.0, one["until"]["wall"] - time.time()))
        say(f"{name}  until {clock(one['until']['wall'])} ({left} left)  {one['by']}: {one['reason']}")
    return 0
