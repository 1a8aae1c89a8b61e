"""STATEDIR/disabled, the classic file of what is disabled (PROTOCOL §5)."""

import os
from pathlib import Path

from mon.engine import Book


def write_disabled(statedir: Path, book: Book) -> None:
    """Write it anew, whole or not at all."""
    hosts = [f"disable host {host}" for _, host in sorted(book.disabled_members)]
    watches = [f"disable watch {watch}" for watch in sorted(book.disabled_watches)]
    services = [f"disable service {watch} {name}" for watch, name in sorted(book.disabled_services)]
    file = statedir / "disabled"
    new = file.with_suffix(".new")
    new.write_text("".join(f"{line}\n" for line in (*hosts, *watches, *services)))
    os.replace(new, file)


def read_disabled(statedir: Path, book: Book) -> None:
    """Disable what it says; other lines, unknown names and a missing file are passed over."""
    try:
        lines = (statedir / "disabled").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        match line.split():
            case ["disable", "host", host]:
                book.disable_host(host)
            case ["disable", "watch", watch] if watch in book.config.watches:
                book.disable_watch(watch)
            case ["disable", "service", watch, name] if (watch, name) in book.services:
                book.disabled_services.add((watch, name))
