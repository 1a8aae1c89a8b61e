"""Converters for the lines that call a plugin: ``monitor``, ``redistribute``, and the alerts.

alert [exit=N[-M]] [replay=yes|no] [runas=NAME] [retry=FIRST..LONGEST[,LIFE]] PLUGIN [argument...]
    [within TIME] [else [option...] PLUGIN [argument...] ...]
monitor [runas=NAME] PLUGIN [argument...] [;;]
"""

import re
from collections.abc import Callable, Collection
from functools import partial
from sys import intern

from mon.config import values
from mon.config.place import Misfit, Place
from mon.config.words import divided, without_hosts_mark
from mon.model.config import AlertKind, AlertLine, CommandLine, Deadman
from mon.structs import replace

_OPTION = re.compile(r"((?i:exit)|replay|runas|retry)=(\S*)(\s*)")
_WITHIN = re.compile(r"(.*\S)\s+within\s+(\S+)")
_USER = re.compile(r"[A-Za-z_][\w-]*\$?", re.ASCII)


def monitor(value: str, place: Place) -> CommandLine | None:
    """What to check with; None (and a warning) if the line names nothing."""
    options, rest = _options(value, ("runas",), place)
    if not rest:
        place.warning("monitor names no program, so nothing is checked", "write the name of a monitor")
        return None
    text, hosts = without_hosts_mark(rest)
    return CommandLine(intern(rest), _words(text, place), hosts, options.get("runas", ""), place.source)


def redistribute(value: str, place: Place) -> CommandLine | None:
    """What is called for every result; None (and a warning) if the line names nothing."""
    options, rest = _options(value, ("runas",), place)
    if not rest:
        place.warning("redistribute names no program", "write the name of an alert")
        return None
    return CommandLine(intern(rest), _words(rest, place), True, options.get("runas", ""), place.source)


def alert(kind: AlertKind) -> Callable[[str, Place], AlertLine]:
    """The converter for alert lines of this kind."""
    return partial(_alert, kind)


def deadman(value: str, place: Place) -> Deadman:
    """``TIME ALERT [argument...]``."""
    interval, _, rest = value.partition(" ")
    return Deadman(values.every(interval, place), _channel(AlertKind.ALERT, rest.strip(), None, place))


def _alert(kind: AlertKind, value: str, place: Place) -> AlertLine:
    *firsts, last = divided(value, "else")
    line = _channel(kind, last, None, place)
    for text in reversed(firsts):
        line = replace(_first(kind, text, place), otherwise=line)
    if firsts:
        place.classic(f"takes 'else' for an argument of {line.command.plugin}")
    elif match := _WITHIN.fullmatch(last):
        place.warning(f"'within {match[2]}' is an argument here", "write else and another alert behind it")
    return line


def _first(kind: AlertKind, text: str, place: Place) -> AlertLine:
    """A channel that has another one behind it, and perhaps only so much time."""
    match = _WITHIN.fullmatch(text)
    if match is None:
        return _channel(kind, text, None, place)
    return _channel(kind, match[1], values.time(match[2], place), place)


def _channel(kind: AlertKind, text: str, within: float | None, place: Place) -> AlertLine:
    options, rest = _options(text, ("exit", "replay", "runas", "retry"), place)
    if not rest:
        raise Misfit("no program is named", "write the name of an alert")
    command = CommandLine(intern(rest), _words(rest, place), True, options.get("runas", ""), place.source)
    exits = values.exit_range(options["exit"], place) if "exit" in options else None
    replay = values.yes_no(options["replay"], place) if "replay" in options else False
    retry = values.retry(options["retry"], place) if "retry" in options else None
    return AlertLine(kind, command, exits, replay, place.source, retry, within)


def _words(text: str, place: Place) -> tuple[str, ...]:
    """Its words; a quote that is not closed is one of its letters (the classic mon loses the whole line)."""
    try:
        return values.arguments(text)
    except Misfit as misfit:
        place.warning(f"{misfit.what}, so it is taken for a letter", misfit.remedy)
        return tuple(text.split())


def _options(value: str, known: Collection[str], place: Place) -> tuple[dict[str, str], str]:
    """The ``name=value`` words before the plugin's name, and the rest of the line."""
    options: dict[str, str] = {}
    while (match := _OPTION.match(value)) and match[1].lower() in known:
        options[match[1].lower()] = match[2]
        value = value[match.end() :]
        _note(match, place)
    if (user := options.get("runas")) is not None and not _USER.fullmatch(user):
        raise Misfit(f"'{user}' is no user name", "write the name of a user, like runas=nobody")
    return options, value


def _note(match: re.Match[str], place: Place) -> None:
    if match[1].lower() != "exit":
        place.classic(f"takes '{match[1]}={match[2]}' for the name of a program")
    elif len(match[3]) > 1:
        place.classic(
            "does not find an alert behind more than one blank", f"write one blank behind 'exit={match[2]}'"
        )
