"""Posts to real receivers: what they answer decides whether to try again, and no secret is ever said."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from mon.alerts.webhook import send

from mon.errors import Undeliverable
from mon.model.notice import AlertType, Notice
from mon.model.result import OpStatus
from mon.render import Render

NOTICE = Notice(
    AlertType.FAILURE, "web", "http", "p", 1.0, 1, OpStatus.FAIL, "web1", "web1\nrefused\n", id="id7"
)
SECRET = "s3cr3t-token"


class Receiver(ThreadingHTTPServer):
    """Answers ``status`` (0: never) with ``reply``, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.reply, self.location = 200, b"", ""
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/{SECRET}"


class Answer(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        if not self.server.status:
            self.server.closing.wait(10)
            return
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(self.server.reply)))
        self.end_headers()
        self.wfile.write(self.server.reply)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


def refusal(url: str, **options: Any) -> Undeliverable:
    with pytest.raises(Undeliverable) as raised:
        send(NOTICE, [url], render=Render(), **options)
    assert SECRET not in str(raised.value)
    return raised.value


def test_the_notice_arrives_as_json(receiver: Receiver) -> None:
    send(NOTICE, [receiver.url], render=Render())
    ((path, headers, body),) = receiver.requests
    said = json.loads(body)
    assert path == f"/hook/{SECRET}" and headers["Content-Type"] == "application/json"
    assert (said["type"], said["watch"], said["text"]) == ("failure", "web", "DOWN web/http: web1")


def test_each_attempt_has_the_same_idempotency_key(receiver: Receiver) -> None:
    for _ in range(2):
        send(NOTICE, [receiver.url], render=Render())
    assert [headers["Idempotency-Key"] for _, headers, _ in receiver.requests] == ["id7", "id7"]


def test_headers_are_sent_and_secret_ones_come_from_a_file(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"Bearer {SECRET}\n")
    send(
        NOTICE,
        [receiver.url],
        header=["X-Team: ops"],
        secret_header=[f"Authorization=@{tmp_path / 'key'}"],
        render=Render(),
    )
    _, headers, _ = receiver.requests[0]
    assert (headers["X-Team"], headers["Authorization"]) == ("ops", f"Bearer {SECRET}")


def test_a_url_that_is_a_secret_comes_from_a_file(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(receiver.url + "\n")
    send(NOTICE, [f"@{tmp_path / 'url'}"], render=Render())
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        *((status, True) for status in (400, 401, 404, 410)),
        *((status, False) for status in (408, 425, 429, 500, 502, 503)),
    ],
)
def test_the_answer_says_whether_to_try_again(receiver: Receiver, status: int, permanent: bool) -> None:
    receiver.status, receiver.reply = status, b"because\nof this"
    error = refusal(receiver.url)
    assert error.permanent is permanent
    assert f"answers {status} " in str(error) and str(error).endswith(": because of this")


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 302, "http://127.0.0.1:1/"
    error = refusal(receiver.url)
    assert error.permanent and "redirects are not followed" in str(error)
    assert len(receiver.requests) == 1


def test_a_receiver_that_hangs_is_tried_again(receiver: Receiver) -> None:
    receiver.status = 0
    error = refusal(receiver.url, timeout=0.2)
    assert not error.permanent and str(error).endswith("no answer in time")


def test_a_closed_port_is_tried_again_and_the_url_not_shown() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(f"http://127.0.0.1:{port}/hook/{SECRET}")
    assert not error.permanent and str(error) == f"http://127.0.0.1:{port}: Connection refused"


@pytest.mark.parametrize("url", [f"mailto:{SECRET}", SECRET, f"http:///{SECRET}", f"ftp://x/{SECRET}"])
def test_what_is_no_url_fails_for_good(url: str) -> None:
    assert refusal(url).permanent


def test_a_certificate_that_is_not_trusted_is_not_accepted(receiver: Receiver, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    url = receiver.url.replace("http:", "https:")
    assert "certificate" in str(refusal(url)).lower()
    send(NOTICE, [url], ca=str(tmp_path / "ca.pem"), render=Render())
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("text", ["{{ nobody }}", '{"text": {{ notice.summary }}}'])
def test_a_broken_template_still_sends_json_that_says_so(
    receiver: Receiver, tmp_path: Path, text: str
) -> None:
    (tmp_path / "mine.json.j2").write_text(text)
    send(NOTICE, [receiver.url], template="mine.json.j2", render=Render([tmp_path]))
    said = json.loads(receiver.requests[0][2])
    assert said["text"] == "DOWN web/http: web1" and said["template_error"]


def test_a_body_that_is_not_json_may_have_its_own_template(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "text.j2").write_text("plain {{ subject }}")
    send(
        NOTICE,
        [receiver.url],
        template="text.j2",
        header=["Content-Type: text/plain"],
        render=Render([tmp_path]),
    )
    assert receiver.requests[0][2] == b"plain DOWN web/http: web1"


@pytest.mark.parametrize(
    "options",
    [{"header": ["nothing"]}, {"secret_header": [f"X={SECRET}"]}],
)
def test_options_of_a_wrong_form_fail_for_good(receiver: Receiver, options: dict[str, list[str]]) -> None:
    assert refusal(receiver.url, **options).permanent


def test_a_secret_file_that_is_gone_is_named_and_tried_again(receiver: Receiver, tmp_path: Path) -> None:
    error = refusal(receiver.url, secret_header=[f"X=@{tmp_path / 'gone'}"])
    assert not error.permanent and "gone: No such file" in str(error)


@pytest.mark.parametrize("value", [f"{SECRET}\nX-Evil: 1", f"{SECRET}€"])
def test_a_secret_that_is_no_header_is_not_shown(receiver: Receiver, tmp_path: Path, value: str) -> None:
    (tmp_path / "key").write_text(value)
    error = refusal(receiver.url, secret_header=[f"X-Key=@{tmp_path / 'key'}"])
    assert error.permanent and "no header may have" in str(error) and receiver.requests == []


def test_a_receiver_that_repeats_secrets_is_not_quoted(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"Bearer {SECRET}")
    receiver.status, receiver.reply = 403, f"/hook/{SECRET}: {SECRET} may not".encode()
    error = refusal(receiver.url, secret_header=[f"Authorization=@{tmp_path / 'key'}"])
    assert str(error).endswith("answers 403 Forbidden: ***: *** may not")
