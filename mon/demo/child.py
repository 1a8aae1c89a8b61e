"""The ordinary daemon as a child process; its JSON log is what the demo knows of it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Happened = Callable[[Mapping[str, object]], None]

GRACE = 5.0  # seconds from SIGTERM to SIGKILL


class Child:
    """``mon run -c config --statedir statedir --log-json``; each line it logs is given to ``happened``.

    A line that is no JSON (a warning before logging is set up) comes as "line"; an end unasked for as "end".
    """

    def __init__(self, config: Path, statedir: Path, happened: Happened) -> None:
        self._words = ["-m", "mon", "run", "-c", str(config), "--statedir", str(statedir), "--log-json"]
        self._happened = happened
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C is ours to pass on."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=1 << 22,
        )
        self._reader = asyncio.create_task(self._read(), name="daemon's log")

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL when that does not help."""
        if self._process is None:
            return
        self._stopping = True
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE):
                await self._process.wait()
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._log_read()

    async def _log_read(self) -> None:
        if self._reader is not None:
            await asyncio.wait([self._reader], timeout=1)
            self._reader.cancel()

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._happened(_event(line.decode(errors="replace").rstrip()))
        if not self._stopping:
            self._happened({"event": "end", "message": "the daemon has ended by itself"})


def _event(line: str) -> Mapping[str, object]:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"event": "line", "message": line}
