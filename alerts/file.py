"""Append a line to a file.

The line is the template file.line.j2.  It is one write to a file opened for appending, so lines of several
writers never mix.  A file that was moved away (logrotate) is made anew.
"""

import os
from typing import Annotated

from mon.plugin import Notice, Option, Render, Undeliverable, one_line

LONGEST = 4000
"""Characters of a line."""

disturbs = False
"""It wakes nobody: mon check does not ask for ``alertevery``."""


def send(
    notice: Notice,
    path: Annotated[list[str], Option(positional=True, metavar="FILE", help="what to append to")],
    *,
    directory: Annotated[str, Option("-d", "--directory", help="where a relative FILE lies")] = "",
    template: Annotated[str, Option("--template", help="of the line")] = "file.line.j2",
    render: Render,
) -> None:
    """Append the line."""
    if len(path) != 1:
        raise Undeliverable("exactly one file is needed", permanent=True)
    plain = f"{notice.type} {notice.watch}/{notice.service}: {notice.summary}"
    subject = " ".join(render.text("mail.subject.j2", plain, notice=notice).split())
    text = render.text(template, plain, notice=notice, subject=subject)
    append(os.path.join(directory, path[0]), one_line(" ".join(text.split()), LONGEST))


def append(path: str, line: str) -> None:
    """One line, all of it or an error."""
    data = f"{line}\n".encode("utf-8", "backslashreplace")
    try:
        # Not blocking: a FIFO that nobody reads must not hold the thread.
        descriptor = os.open(
            path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o640
        )
        try:
            written = os.write(descriptor, data)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Undeliverable(f"{path}: {error.strerror}") from None
    if written < len(data):
        raise Undeliverable(f"{path}: only {written} of {len(data)} bytes could be written")
