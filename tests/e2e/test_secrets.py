"""No secret of an alert is to be found anywhere but where it was sent: a receiver that repeats them all."""

import base64
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from real_things import Daemon, Site, until

URL, KEY, TOKEN = "url-s3cr3t-0001", "key-s3cr3t-0002", "token-s3cr3t-0003"
WORD, COMMUNITY, APPRISE = "word-s3cr3t-0004", "comm-s3cr3t-0005", "appr-s3cr3t-0006"
WATCH = """\
hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alert webhook.alert --template pagerduty --secret routing_key=@{d}/token --sign @{d}/key @{d}/url
            alert webhook.alert --secret-header Authorization=@{d}/token @{d}/url
            alert mail.alert --smtp-host 127.0.0.1 --port {smtp} --user mon --password @{d}/word ops@x.test
            alert apprise.alert @{d}/apprise
            alert snmptrap.alert --inform -t 0.3 -c @{d}/community 127.0.0.1:9
            alert trap.alert -U mon -P @{d}/word 127.0.0.1:9
            alertevery 1h
"""


class Echo(BaseHTTPRequestHandler):
    """Refuses, and says all that it heard."""

    heard: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.heard.append(f"{self.path} {self.headers} {body}")
        said = f"{self.path} {self.headers.get('Authorization', '')} {body}".encode()
        self.send_response(403 if len(self.heard) > 1 else 500)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        pass


class Gossip(socketserver.StreamRequestHandler):
    """A mail server that refuses a login, and repeats the password."""

    def handle(self) -> None:
        self.wfile.write(b"220 x ESMTP\r\n")
        for line in self.rfile:
            verb, *more = line.split()
            answer = b"250-x\r\n250 AUTH PLAIN\r\n"
            if verb.upper() == b"AUTH":
                answer = b"535 not " + base64.b64decode(more[-1]).replace(b"\0", b" ") + b"\r\n"
            self.wfile.write(answer)


@pytest.fixture
def gossip() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Gossip) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def echo() -> Iterator[ThreadingHTTPServer]:
    kind = type("Kind", (Echo,), {"heard": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_no_secret_is_in_logs_status_files_or_processes(
    start: Callable[..., Daemon], site: Site, echo: ThreadingHTTPServer, gossip: int, tmp_path: Path
) -> None:
    secrets = {
        "url": f"http://127.0.0.1:{echo.server_port}/hook/{URL}", "key": KEY, "token": TOKEN, "word": WORD,
        "community": COMMUNITY, "apprise": f"json://mon:{APPRISE}@127.0.0.1:{echo.server_port}/{APPRISE}",
    }  # fmt: skip
    for name, text in secrets.items():
        (tmp_path / name).write_text(f"{text}\n")
        (tmp_path / name).chmod(0o600)
    daemon = start(WATCH.format(port=site.port, d=tmp_path, smtp=gossip))
    daemon.wait_for("transition", watch="web", service="http", host="", new="ok")
    site.down()
    heard = echo.RequestHandlerClass.heard  # type: ignore[attr-defined]
    until(lambda: len({e["alert"] for e in daemon.events if e["event"] == "alert"}) == 6, daemon)
    assert URL in heard[0] and any(TOKEN in request for request in heard)
    preview = ["alert", "webhook", "--preview", "web", "http"]
    words = (["status"], ["status", "--json"], ["alerts"], ["alerts", "--json"], ["why", "web", "http"])
    said = [daemon.ask(*each).stdout for each in (*words, ["check"], preview)]
    shown = "\n".join(
        [
            str(daemon.events),
            *daemon.said,
            *said,
            subprocess.run(["ps", "axww", "e"], capture_output=True, text=True).stdout,
        ]
    )
    daemon.stop()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert "answers 403 Forbidden" in shown or "answers 500" in shown
    assert "does not accept the login (535)" in shown and "1 of 1 could not be told" in shown
    for secret in (URL, KEY, TOKEN, WORD, COMMUNITY, APPRISE):
        assert secret not in shown and secret.encode() not in kept


def test_every_secret_that_others_may_read_is_warned_of(start: Callable[..., Daemon], tmp_path: Path) -> None:
    names = ("url", "key", "token", "word", "community", "apprise")
    for name in names:
        (tmp_path / name).write_text("https://x.example/")
        (tmp_path / name).chmod(0o644)
    daemon = start(WATCH.format(port=1, d=tmp_path, smtp=1))
    said = daemon.ask("check").stdout
    for name in names:
        assert f"the secret in {tmp_path}/{name} can be read by everybody: chmod o-r" in said
