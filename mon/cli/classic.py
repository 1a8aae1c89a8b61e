"""Started as the classic mon is: ``mon -c mon.cf -p 2583 ...`` (PROTOCOL §13)."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from mon.cli.output import say
from mon.daemon.options import Options

CLASSIC_VERSION = "mon-1.3.4"  # what clients and scripts that look at `mon -v` know

LOADABLE = {"disabled": ("disabled",), "opstatus": ("opstatus",), "all": ("disabled", "opstatus")}

# long name, letter, field of Settings ("" is not one), help
WORDS = (
    ("alertdir", "a", "alertdir", "alert script directories, separated by colons"),
    ("authfile", "A", "authfile", "authorization file"),
    ("basedir", "b", "basedir", "base directory for alerts and monitors"),
    ("cfbasedir", "B", "cfbasedir", "base directory for configuration files"),
    ("statedir", "D", "statedir", "state directory"),
    ("logdir", "L", "logdir", "log directory"),
    ("syslogfacility", "O", "syslog_facility", "syslog facility"),
    ("pidfile", "P", "pidfile", "pid file"),
    ("scriptdir", "s", "mondir", "monitor script directories, separated by colons"),
)
NUMBERS = (
    ("maxkeep", "k", "histlength", "keep that many entries of each history"),
    ("maxprocs", "m", "maxprocs", "at most that many monitors at a time"),
    ("port", "p", "serverport", "TCP port of the server"),
    ("trapport", "t", "trapport", "UDP port for traps"),
)
LISTS = ("alertdir", "mondir")
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class ClassicParser(argparse.ArgumentParser):
    """Ends with a status that is not 0 on a wrong option (the classic one ends with 0: a fault)."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and why, and end with status 2."""
        self.print_usage(sys.stderr)
        sys.exit(f"{self.prog}: {message}")


def start(words: Sequence[str]) -> int:
    """Run the daemon the classic way; returns its exit status."""
    parser = _parser()
    given, extra = parser.parse_known_args(list(words))
    if unknown := [word for word in extra if word.startswith("-")]:  # other words are ignored
        parser.error(f"unknown option {unknown[0]}")
    if given.version:
        say(CLASSIC_VERSION)
        return 0
    try:
        options = _options(given)
    except ValueError as error:
        say(str(error), error=True)
        return 1
    from mon.cli.run import serve  # the daemon and its libraries are only loaded by what needs them

    return serve(options, fork=given.fork, json=False)


def _parser() -> ClassicParser:
    parser = ClassicParser(prog="mon", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="help")
    for name, letter, _, text in (*WORDS, *NUMBERS):
        parser.add_argument(f"-{letter}", f"--{name}", dest=name, help=text)
    parser.add_argument("-c", "--configfile", default="/etc/mon/mon.cf", help="configuration file")
    parser.add_argument("-d", "--debug", action="count", default=0, help="debug")
    parser.add_argument("-f", "--fork", action="store_true", help="become a daemon")
    parser.add_argument("-i", "--sleep", help="accepted; there is no such interval any more")
    parser.add_argument("-l", "--loadstate", nargs="?", const="disabled", help="disabled, opstatus or all")
    parser.add_argument("-M", "--m4", nargs="?", const="m4", default="", help="send the file through m4")
    parser.add_argument("-r", "--randstart", help="spread the first runs over this time")
    parser.add_argument("-S", "--stopped", action="store_true", help="start with the scheduler stopped")
    parser.add_argument("-v", "--version", action="store_true", help="print the version")
    return parser


def _options(given: argparse.Namespace) -> Options:
    """Raises ValueError with a line for the user."""
    settings: dict[str, object] = {}
    for name, _, field, _ in WORDS:
        value = getattr(given, name)
        if value is not None:
            settings[field] = tuple(value.split(":")) if field in LISTS else value
    for name, _, field, _ in NUMBERS:
        value = getattr(given, name)
        if value is not None:
            settings[field] = _number(name, value)
    if given.randstart is not None:
        settings["randstart"] = _seconds(given.randstart)
    if settings.get("pidfile"):
        settings["pidfile"] = os.path.abspath(str(settings["pidfile"]))
    if given.basedir and not os.path.isdir(given.basedir):
        raise ValueError(f"basedir {given.basedir} does not exist")
    config = Path(os.path.abspath(given.configfile))
    if not os.path.exists(config):
        raise ValueError(f"config file {config} does not exist")
    return Options(
        config=config,
        classic=True,
        settings=settings,
        load=_kinds(given.loadstate),
        stopped=given.stopped,
        debug=bool(given.debug),
        m4=given.m4,
    )


def _number(name: str, value: str) -> int:
    if not value.isdigit():
        raise ValueError(f"bad {name} value: {value!r} is not a whole number")
    return int(value)


def _seconds(value: str) -> float:
    number, unit = (value[:-1], value[-1:].lower()) if value[-1:].isalpha() else (value, "s")
    try:
        return float(number) * UNITS[unit]
    except (ValueError, KeyError):
        raise ValueError(f"bad randstart value: {value!r} is not a time such as 60s") from None


def _kinds(value: str | None) -> tuple[str, ...]:
    """What ``-l`` names.  Another word loads nothing, as with the classic mon, which says nothing of it."""
    if value is None:
        return ()
    if value and value not in LOADABLE:
        print(
            f"mon: warning: -l {value}: no state is loaded: it is none of {', '.join(LOADABLE)}",
            file=sys.stderr,
        )
    return LOADABLE.get(value or "disabled", ())
