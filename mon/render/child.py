"""The process that renders templates of operators: ``python -m mon.render.child DIRECTORY ...``.

A template is a program that somebody wrote in a hurry.  In a thread nothing can end it: a loop in C
(``'x' * 10**10``, ``|center(10**9)``) asks nobody, and a thread cannot be killed.  A process has limits that
the kernel keeps: time of the processor, and memory.  It ends with the one that asks:
by the end of its socket, or, in the midst of a template, by the first of these limits.
"""

import json
import os
import pickle
import resource
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mon.errors import RenderError
from mon.render.templates import Templates

COMPUTING = 1
"""Seconds of the processor that one text may take, at least; ours take some milliseconds."""

MEMORY = 512 << 20
"""Bytes of address space; of these the interpreter has about a tenth."""

LONGEST = 4 << 20
"""Characters that a text may have: more than anybody can send, or reads."""

SIZE = struct.Struct("!I")


class Stream(Protocol):
    """What is read from and written to."""

    def read(self, size: int, /) -> bytes: ...
    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


def answered(templates: Templates, request: bytes) -> bytes:
    """The text or the error, as JSON, for a pickled (name, values)."""
    try:
        name, values = pickle.loads(request)
    except Exception as error:  # noqa: BLE001 - a class that only the plugin's own process knows
        return json.dumps({"error": f"a value cannot be taken up: {error}"}).encode()
    try:
        answer: Mapping[str, str] = {"text": templates.render(name, values)}
    except RenderError as error:
        answer = {"error": str(error)}
        if isinstance(error.__cause__, MemoryError):
            answer = {"error": f"template {name} takes more than {MEMORY >> 20} MiB of memory"}
    return json.dumps(answer).encode()


def limit() -> None:
    """Nothing here starts programs or writes files; memory has its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks
    for what in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(what, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def grant(seconds: int) -> None:
    """From now on so much of the processor, then SIGXCPU ends us."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def serve(stream: Stream, directories: list[Path]) -> None:
    """Answer until nobody asks any more."""
    templates = Templates(
        directories, keep=False, most=LONGEST
    )  # a file that is put there later counts at once
    while len(head := stream.read(SIZE.size)) == SIZE.size:
        request = stream.read(SIZE.unpack(head)[0])
        grant(COMPUTING)
        answer = answered(templates, request)
        stream.write(SIZE.pack(len(answer)) + answer)
        stream.flush()


def main() -> None:
    """Serve the socket that is our standard input."""
    limit()
    with socket.socket(fileno=os.dup(0)) as end, end.makefile("rwb") as stream:
        serve(stream, [Path(word) for word in sys.argv[1:]])


if __name__ == "__main__":
    main()
