"""``savestate``, ``loadstate`` and ``-l``: which of the classic state files is meant, and its way to disk."""

import asyncio
import logging
from collections.abc import Collection, Iterable
from pathlib import Path

from mon import private
from mon.control.portions import in_portions
from mon.daemon import events
from mon.daemon.classicfiles import disabled, opstatus
from mon.engine import Book
from mon.model.config import Key
from mon.model.moment import Moment

DISABLED, OPSTATUS, ALL = "disabled", "opstatus", "all"


async def save(statedir: Path, kinds: Collection[str], book: Book, now: Moment) -> None:
    """Write the files of these kinds; unknown kinds are ignored, a file that cannot be written is told."""
    if {DISABLED, ALL} & set(kinds):
        await asyncio.to_thread(_write, statedir / DISABLED, list(disabled.written(book)))
    if {OPSTATUS, ALL} & set(kinds):
        lines = [line async for line in in_portions(opstatus.written(book, now))]
        await asyncio.to_thread(_write, statedir / OPSTATUS, lines)


async def load(statedir: Path, kinds: Collection[str], book: Book, now: Moment) -> list[Key]:
    """Take over what the files of these kinds say; returns the services whose state it was."""
    if {DISABLED, ALL} & set(kinds):
        disabled.read(await asyncio.to_thread(_read, statedir / DISABLED), book)
    if not {OPSTATUS, ALL} & set(kinds):
        return []
    lines = await asyncio.to_thread(_read, statedir / OPSTATUS)
    return [key async for key in in_portions(opstatus.read(lines, book, now))]


def _write(file: Path, lines: Iterable[str]) -> None:
    """Anew, whole or not at all."""
    try:
        private.replace(file, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    except OSError as error:
        events.say(logging.ERROR, "state", f"cannot write the state file {file}: {error.strerror}")


def _read(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        events.say(logging.ERROR, "state", f"cannot read the state file {file}: {error.strerror}")
        return []
