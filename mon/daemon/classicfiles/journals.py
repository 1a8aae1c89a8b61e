"""The downtime log (``dtlogging``) and the alert history (``historicfile``): files that grow by a line.

Lines are written in a thread, in their order, before the step that they tell of is over.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mon import private
from mon.control.classic import lines
from mon.daemon import events
from mon.engine import HISTORY_WORD, AlertEntry, Downtime, Step
from mon.model.config import CommandLine, Settings
from mon.model.moment import Moment
from mon.outside import one_line

BEGINNING = """\
#
# downtime log start {}
# time back up, group, service, first failure, downtime, interval, summary
#"""

_ENTRY = re.compile(r"(\w+) (\S+) (\S+) (\d{1,12}) (\S+) \((.*?)\) (.*)")
_TYPES = {word: type_ for type_, word in HISTORY_WORD.items()}


class Journal:
    """One growing file, None while it is not wanted.  Trouble with it is told once until it is over."""

    def __init__(self) -> None:
        self.file: Path | None = None
        self._turn = asyncio.Lock()
        self._trouble = ""

    async def append(self, *entries: str) -> None:
        """Write these lines at the end."""
        if self.file is None or not entries:
            return
        async with self._turn:
            trouble = await asyncio.to_thread(_append, self.file, entries)
        if trouble and trouble != self._trouble:
            events.say(logging.ERROR, "journal", f"cannot write {self.file}: {trouble}")
        self._trouble = trouble


class Journals:
    """Both files under the settings in force; ``path`` says where an alert line's program was found."""

    def __init__(self, path: Callable[[CommandLine], str], started: Moment) -> None:
        self.downtimes = Journal()
        self.alerts = Journal()
        self._path = path
        self._started = started

    def adopt(self, settings: Settings, logdir: Path) -> None:
        """Let each file be where the settings want it, relative names in ``logdir``."""
        self.downtimes.file = logdir / (settings.dtlogfile or "downtime.log") if settings.dtlogging else None
        self.alerts.file = logdir / settings.historicfile if settings.historicfile else None

    async def begin(self, settings: Settings, now: Moment) -> list[AlertEntry] | None:
        """A start or a reset: head the downtime log, and read the alert history back.

        Returns the entries of the last ``historictime`` seconds (0: all), None where no such file is kept.
        """
        await self.downtimes.append(BEGINNING.format(int(now.wall)))
        if self.alerts.file is None:
            return None
        since = now.wall - settings.historictime if settings.historictime else 0.0
        return await asyncio.to_thread(_history, self.alerts.file, since, settings.histlength)

    async def take(self, step: Step) -> None:
        """Write down what a step has of outages that are over and of alerts that are called."""
        await self.downtimes.append(*(one_line(self._downtime(each)) for each in step.downtimes))
        if self.alerts.file is not None:
            called = (lines.alert_entry(each, self._path(each.command)) for each in step.called)
            await self.alerts.append(*map(one_line, called))

    def _downtime(self, ended: Downtime) -> str:
        """``T G S FIRSTFAILURE SECONDS INTERVAL SUMMARY``; a status that was only set began with us."""
        first = int(ended.first_failure or self._started.wall)
        up = int(ended.up)
        interval = lines.seconds(ended.interval)
        return f"{up} {ended.key[0]} {ended.key[1]} {first} {up - first} {interval} {ended.summary}"


def _append(file: Path, entries: Sequence[str]) -> str:
    """Returns why it could not be done, "" if it was."""
    try:
        private.append(file, "".join(f"{entry}\n" for entry in entries).encode("utf-8", "surrogateescape"))
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _history(file: Path, since: float, most: int) -> list[AlertEntry]:
    """The last ``most`` entries of the file that are no older than ``since``."""
    try:
        text = file.read_text("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        events.say(logging.ERROR, "journal", f"cannot read the alert history {file}: {error.strerror}")
        return []
    entries = [entry for entry in _entries(text) if entry.at >= since]
    return entries[len(entries) - most :] if len(entries) > most else entries


def _entries(text: str) -> Iterator[AlertEntry]:
    """Empty lines, comments, and what is of another shape are skipped."""
    for line in text.split("\n"):
        found = _ENTRY.match(line)
        if found is None or found[1] not in _TYPES:
            continue
        kind, watch, service, at, path, arguments, summary = found.groups()
        command = CommandLine(f"{path} {arguments}", (path, *arguments.split()))
        yield AlertEntry(_TYPES[kind], watch, service, float(at), command, summary)
