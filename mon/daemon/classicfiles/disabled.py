"""STATEDIR/disabled: what is disabled, a line each."""

from collections.abc import Iterable, Iterator

from mon.engine import Book


def written(book: Book) -> Iterator[str]:
    """Its lines.  A host appears once for each group in which it is disabled."""
    yield from (f"disable host {host}" for _, host in sorted(book.disabled_members))
    yield from (f"disable watch {watch}" for watch in sorted(book.disabled_watches))
    yield from (f"disable service {watch} {name}" for watch, name in sorted(book.disabled_services))


def read(lines: Iterable[str], book: Book) -> None:
    """Disable what they say; other lines and unknown names are passed over, nothing is enabled."""
    for line in lines:
        match line.split():
            case ["disable", "host", host]:
                for group in book.groups_of(host):
                    book.disabled_members.add((group, host))
            case ["disable", "watch", watch] if watch in book.config.watches:
                book.disable_watch(watch)
            case ["disable", "service", watch, name] if (watch, name) in book.services:
                book.disabled_services.add((watch, name))
