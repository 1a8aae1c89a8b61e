"""No secret of an alert is to be found anywhere but where it was sent: a receiver that repeats them all."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from real_things import Daemon, Site, until

URL, KEY, TOKEN = "url-s3cr3t-0001", "key-s3cr3t-0002", "token-s3cr3t-0003"
WATCH = """\
hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 1
        period
            alert webhook.alert --template pagerduty --secret routing_key=@{d}/token --sign @{d}/key @{d}/url
            alert webhook.alert --secret-header Authorization=@{d}/token @{d}/url
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
    start: Callable[..., Daemon], site: Site, echo: ThreadingHTTPServer, tmp_path: Path
) -> None:
    secrets = {"url": f"http://127.0.0.1:{echo.server_port}/hook/{URL}", "key": KEY, "token": TOKEN}
    for name, text in secrets.items():
        (tmp_path / name).write_text(f"{text}\n")
        (tmp_path / name).chmod(0o600)
    daemon = start(WATCH.format(port=site.port, d=tmp_path))
    daemon.wait_for("transition", watch="web", service="http", host="", new="ok")
    site.down()
    heard = echo.RequestHandlerClass.heard  # type: ignore[attr-defined]
    until(lambda: len([e for e in daemon.events if e["event"] == "alert"]) >= 2, daemon)
    assert URL in heard[0] and any(TOKEN in request for request in heard)
    words = (["status"], ["status", "--json"], ["alerts"], ["alerts", "--json"], ["why", "web", "http"])
    said = [daemon.ask(*each).stdout for each in words]
    shown = "\n".join(
        [
            str(daemon.events),
            *said,
            subprocess.run(["ps", "axww", "e"], capture_output=True, text=True).stdout,
        ]
    )
    daemon.stop()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert "answers 403 Forbidden" in shown or "answers 500" in shown
    for secret in (URL, KEY, TOKEN):
        assert secret not in shown and secret.encode() not in kept
