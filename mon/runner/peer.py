"""A process of ours at the other end of a socket pair, and the channel that both ends speak through."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mon.errors import StoreError
from mon.runner.child import abandon
from mon.runner.messages import Frames, frame
from mon.starting import start

log = logging.getLogger("mon.runner")

ENDED = "ended"
"""What is said of a process that was hung up on."""

CHUNK = 1 << 18
REAP_SECONDS = 0.02
REAPS = 100
"""How often a killed process is looked for; after that it is stuck in the kernel."""

Hear = Callable[[bytes], None]
Lost = Callable[[str], None]


class Channel:
    """One end of a socket pair, for whole messages.

    ``hear`` is called with each message and may raise StoreError; ``lost`` once with the reason, when the
    other end is gone or said what is no message.
    """

    def __init__(self, end: socket.socket, hear: Hear, lost: Lost) -> None:
        end.setblocking(False)
        self._end = end
        self._hear = hear
        self._lost = lost
        self._frames = Frames()
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(end, self._on_bytes)
        self.closed = False

    def send(self, message: Any) -> None:
        """Write it, the rest when there is room; to a closed channel: nothing."""
        if self.closed:
            return
        empty = not self._unsent
        self._unsent += frame(message)
        if empty:
            self._write()

    def close(self) -> None:
        """Hang up; what was not written yet is dropped."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._end)
        self._loop.remove_writer(self._end)
        self._end.close()

    def _write(self) -> None:
        try:
            del self._unsent[: self._end.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()
            self._loop.call_soon(self._lose, "died")  # not in the middle of what the sender does
            return
        if self._unsent:
            self._loop.add_writer(self._end, self._write)
        else:
            self._loop.remove_writer(self._end)

    def _on_bytes(self) -> None:
        try:
            data = self._end.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose("died")
            return
        try:
            for message in self._frames.feed(data):
                self._hear(message)
        except StoreError as error:
            self._lose(f"said what is no answer: {error}")

    def _lose(self, why: str) -> None:
        if not self.closed:
            self.close()
            self._lost(why)


class Peer:
    """A process of ours, its stdin one end of a socket pair and the other one here.

    ``hear`` is called with each message, ``lost`` once, with what became of it, unless it was closed by us:
    it is killed then with all of its group, and reaped in the background.  Raises OSError when it cannot be
    started.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], hear: Hear, lost: Lost) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = start(
                words, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._lost = lost
        self._channel = Channel(ours, hear, self.fail)
        self._reaped = asyncio.Event()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Was it given up, or hung up on?"""
        return self._channel.closed

    @property
    def reaped(self) -> bool:
        """Has it ended, and was it waited for?"""
        return self._reaped.is_set()

    def send(self, message: Any) -> None:
        """Send it a message."""
        self._channel.send(message)

    def fail(self, why: str) -> None:
        """Give it up: it died, or does not do what it should."""
        self._channel.close()
        self._kill()
        self._reap(REAPS)
        self._lost(why)

    async def close(self) -> None:
        """Hang up, and wait for its end a second; it is killed then."""
        if not self.gone:
            self._channel.close()
            self._reap(int(1 / REAP_SECONDS))
        await self._reaped.wait()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _reap(self, tries: int) -> None:
        """Wait for its end, a look at a time: the loop is never held up."""
        if self._process.poll() is not None:
            self._reaped.set()
        elif tries:
            asyncio.get_running_loop().call_later(REAP_SECONDS, self._reap, tries - 1)
        else:
            self._kill()
            abandon(self._process)  # killed now, or stuck in the kernel: init or our reaper takes it
            self._reaped.set()
