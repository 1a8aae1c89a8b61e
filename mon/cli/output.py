"""The one place from which commands write to a terminal.

What they show was said by monitors, servers and other people, so it is made fit first (``mon.outside``); a
terminal that cannot show a letter gets it spelt out, and a reader who went away ends the command quietly.
"""

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator

from mon.errors import MonError
from mon.outside import one_line, printable

READER_GONE = 141
"""The exit status when the reader went away: as a shell tells SIGPIPE (128 + 13)."""

LONGEST = 4000
"""Characters of a line of a table: nobody reads more of a summary there."""

_PLAINER = {ord("→"): "->", ord("…"): "...", ord("\N{EN DASH}"): "-", ord("✓"): "ok"}
_COLOUR = re.compile(r"(\x1b\[\d{1,3}m)")


class OutputError(MonError):
    """What a command says cannot be written: the disk behind it is full, or it is closed."""


def say(line: str = "", *, error: bool = False) -> None:
    """One line, whatever is in it."""
    _write(f"{one_line(line, LONGEST)}\n", error=error)


def say_now(line: str) -> None:
    """One line, at once: more will follow only later."""
    say(line)
    flush()


def say_all(lines: Iterable[str], *, error: bool = False) -> None:
    """Each of them as one line."""
    for line in lines:
        say(line, error=error)


def say_text(text: str, *, error: bool = False) -> None:
    """Several lines, whole; they end with a line break."""
    fit = printable(text)
    _write(fit if fit.endswith("\n") else f"{fit}\n", error=error)


def say_painted(line: str) -> None:
    """One line with colours (SGR): what it shows of others was made fit before it was painted."""
    parts = _COLOUR.split(line)
    _write(
        "".join(part if number % 2 else one_line(part) for number, part in enumerate(parts)) + "\n",
        error=False,
    )


def say_bytes(data: bytes) -> None:
    """What another program sent: to a terminal made fit, else byte by byte, for scripts read it; at once."""
    out = getattr(sys.stdout, "buffer", None)
    if out is None or sys.stdout.isatty():
        say_text(data.decode("utf-8", "backslashreplace"))
    else:
        flush()
        with _told():
            out.write(data)
    flush()


def say_json(value: object) -> None:
    """For programs: all there is, in ASCII."""
    _write(json.dumps(value, indent=1) + "\n", error=False)


def in_colour() -> bool:
    """Is it a terminal, and are colours wanted (no-color.org)?"""
    return sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def guarded(run: Callable[[], int]) -> int:
    """Run a program; its exit status.  Standard output is flushed here, where trouble with it can be told."""
    _open_what_is_closed()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # argparse writes what the user typed, others read any bytes
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            return run()
        finally:
            flush()
    except BrokenPipeError:
        _forget_output()
        return READER_GONE
    except OutputError as error:
        _forget_output()
        say(f"mon: {error}", error=True)
        return 1


def _open_what_is_closed() -> None:
    """Let the standard streams be there: else the next file to be opened, a database, is "standard error"."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # as Python has it when the descriptor is closed
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _write(text: str, *, error: bool) -> None:
    """Raises BrokenPipeError when nobody reads it, OutputError when it cannot be written."""
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # it was closed before we began
        return
    fit = _shown(text, stream.encoding or "ascii")
    if error:
        with contextlib.suppress(OSError, ValueError):  # there is nobody to tell
            stream.write(fit)
            stream.flush()
        return
    with _told():
        stream.write(fit)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as trouble:
        raise OutputError(f"the output cannot be written: {trouble}") from trouble


def _shown(text: str, encoding: str) -> str:
    """The text in letters that the terminal has."""
    try:
        text.encode(encoding)
    except UnicodeError:
        return text.translate(_PLAINER).encode(encoding, "backslashreplace").decode(encoding)
    return text


def flush() -> None:
    """Let what was said be seen now.  Raises as ``say`` does."""
    if sys.stdout is not None:
        with _told():
            sys.stdout.flush()


def _forget_output() -> None:
    """Let the interpreter's own flush at its end go nowhere, as Python's signal documentation advises."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
