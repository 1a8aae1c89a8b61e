"""The daemon as a process, and what it watches and tells: a web server that fails at will, a mail server."""

import asyncio
import http.server
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from serving import MailServer

PATIENCE = 60.0
"""Seconds for something that must happen: a net only, for a busy machine is slow."""

WATCH = """\
hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alert   mail.alert --smtp-host 127.0.0.1 --port {smtp} --from mon@test.invalid ops@test.invalid
            upalert mail.alert --smtp-host 127.0.0.1 --port {smtp} --from mon@test.invalid ops@test.invalid
            alertevery 1h
"""
"""A web server, told of by mail."""

Event = dict[str, Any]


def until(true: Callable[[], Any], what: object, seconds: float = PATIENCE) -> Any:
    """Wait until it is true; what it returned.  ``what`` is shown if it never is."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return value


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


LOOPS = {
    "uvloop": ("-m", "mon"),
    "asyncio": ("-c", "import sys; sys.modules['uvloop'] = None; from mon.cli import main; sys.exit(main())"),
}
"""How Python starts mon: as it is, and as where uvloop is not installed."""


class Daemon:
    """``mon run`` on a configuration; ``events`` are the objects it has logged.

    ``before`` are words that start it in surroundings of its own.
    """

    def __init__(self, config: Path, loop: str = "uvloop", before: Sequence[str] = ()) -> None:
        self.config = config
        self.events: list[Event] = []
        self.said: list[str] = []  # lines that are no JSON
        words = [*before, sys.executable, *LOOPS[loop], "run", "-c", str(config), "--log-json"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, event: str, *, since: int = 0, seconds: float = PATIENCE, **fields: object) -> Event:
        """The first event of this kind with these fields, from number ``since`` on."""
        return until(lambda: self.seen(event, since=since, **fields), self, seconds)

    def seen(self, event: str, *, since: int = 0, **fields: object) -> Event | None:
        wanted = {"event": event, **fields}
        return next((e for e in self.events[since:] if wanted.items() <= e.items()), None)

    def kill(self) -> None:
        """As the power cut does."""
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def stop(self) -> None:
        """SIGTERM, and it ends with status 0."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self._reader.join()
        assert status == 0, str(self)

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``mon WORDS -c config`` beside it, again where it says so: a monitor is not run twice at once."""
        command = [sys.executable, "-m", "mon", words[0], "-c", str(self.config), *words[1:]]
        for _ in range(50):
            asked = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE)
            if not asked.stdout.endswith("it is running at this moment: try again\n"):
                break
        return asked

    def status(self) -> Any:
        """What ``mon status --json`` prints, None while nobody answers."""
        said = self.ask("status", "--json").stdout
        return json.loads(said) if said else None

    def __str__(self) -> str:
        return "\n".join([*self.said, *(f"{e['event']}: {e['message']}" for e in self.events)])

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                try:
                    self.events.append(json.loads(line))
                except ValueError:
                    self.said.append(line.rstrip())


class Site:
    """A real HTTP server on one port of 127.0.0.1: it answers ``status``, hangs, or is down."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port or free_port()
        self.status, self.hang = 200, threading.Event()
        self.posts: list[str] = []
        self._server: http.server.ThreadingHTTPServer | None = None
        self.up()

    def up(self) -> None:
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if site.hang.is_set():
                    self.connection.recv(1)
                    return
                self.send_response(site.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                site.posts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.do_GET()

            def log_message(self, format: str, *arguments: object) -> None:
                """Silent."""

        self._server = http.server.ThreadingHTTPServer((self.host, self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Postbox:
    """A real SMTP server; ``mails`` are (subject, text) of what came."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[tuple[str, str]] = []
        self._controller: MailServer | None = None
        self._held = False

    def hold(self) -> None:
        """Take no mail, but keep those who bring it waiting, until ``let_go``."""
        self._held = True

    def let_go(self) -> None:
        """Take mail again."""
        self._held = False

    def open(self) -> None:
        self._controller = MailServer(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        while self._held:  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.1)
        message = message_from_bytes(envelope.original_content, policy=policy.default)
        text = message.get_body(("plain",))
        assert text is not None
        self.mails.append((str(message["Subject"]), text.get_content()))
        return "250 OK"

    def mail(self, word: str) -> tuple[str, str]:
        """The first whose subject has the word in it, once it is there."""
        return until(
            lambda: next((m for m in self.mails if word in m[0]), None), f"mail {word!r}: {self.mails}"
        )
