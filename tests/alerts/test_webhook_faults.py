"""Posts to receivers that are ill, through proxies, signed: nothing hangs, nothing is said that is secret."""

import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from mon.alerts import webhook

from mon.errors import BadOption, Undeliverable
from mon.model.notice import AlertType, Notice
from mon.model.result import OpStatus
from mon.post import call
from mon.probe import Tls
from mon.render import Render

NOTICE = Notice(
    AlertType.FAILURE, "web", "http", "p", 1.0, 1, OpStatus.FAIL, "web1", "web1\nrefused\n", id="id7"
)
SECRET = "s3cr3t-t0ken-s3cr3t"


def send(*url: str, **options: Any) -> str:
    return webhook.send(NOTICE, list(url), render=Render(), **options)


def refusal(*url: str, **options: Any) -> Undeliverable:
    with pytest.raises(Undeliverable) as raised:
        send(*url, **options)
    assert SECRET not in str(raised.value)
    return raised.value


Talk = Callable[[socket.socket, bytes], None]


class Peer:
    """A receiver at ``url``; ``requests`` are what it was sent, ``places`` the first lines."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[bytes] = []

    @property
    def body(self) -> bytes:
        return self.requests[-1].partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str:
        lines = self.requests[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return dict(line.split(": ", 1) for line in lines)[name]


def request(connection: socket.socket) -> bytes:
    """All of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"ength" in line), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def peer(talk: Talk, context: ssl.SSLContext | None = None) -> Iterator[Peer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scheme = "https" if context else "http"
        made = Peer(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/hook/{SECRET}")

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError), connection:
                        connection.settimeout(10)
                        secure = context.wrap_socket(connection, server_side=True) if context else connection
                        with secure:
                            made.requests.append(request(secure))
                            talk(secure, made.requests[-1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(15)


def answer(status: str, body: str = "", *headers: str) -> Talk:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    return lambda connection, _: connection.sendall("\r\n".join(lines).encode())


def hangs(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)


def closes(connection: socket.socket, _: bytes) -> None:
    """It takes the request, and goes."""


def garbage(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"\xff\x00\r\n\r\n" * 50)


def drips(connection: socket.socket, _: bytes) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
        connection.sendall(bytes([letter]))
        time.sleep(0.1)


def drips_its_body(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 500 Oh\r\nContent-Length: 1000\r\n\r\n")
    for _number in range(1000):
        connection.sendall(b"x")
        time.sleep(0.1)


def lies(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 500 Oh\r\nContent-Length: 1000\r\n\r\nshort")


@pytest.mark.parametrize("talk", [hangs, closes, garbage, drips, drips_its_body, lies])
def test_a_receiver_that_is_ill_is_tried_again_within_its_time(talk: Talk, monkeypatch: Any) -> None:
    monkeypatch.setattr(call, "LONGEST", 1.0)
    began = time.monotonic()
    with peer(talk) as receiver:
        error = refusal(receiver.url, timeout=1)
    assert not error.permanent and time.monotonic() - began < 5


def test_what_a_receiver_answers_is_recorded() -> None:
    with peer(answer("202 Accepted", '{"status": "success"}')) as receiver:
        assert send(receiver.url) == '202 Accepted: {"status": "success"}'


def test_an_answer_that_repeats_the_url_is_recorded_without_it() -> None:
    with peer(answer("200 OK", f"posted to /hook/{SECRET}, {SECRET}")) as receiver:
        assert send(receiver.url) == "200 OK: posted to ***, ***"


@pytest.mark.parametrize(
    ("status", "header", "body", "seconds"),
    [
        ("429 Too Many Requests", "Retry-After: 35", "", 35.0),
        ("503 Service Unavailable", "Retry-After: 120", "", 120.0),
        ("429 Too Many Requests", "Retry-After: 0.5", "", 0.5),
        ("429 Too Many Requests", "X-None: 1", '{"ok":false,"parameters":{"retry_after":7}}', 7.0),
        ("429 Too Many Requests", "Retry-After: soon", "", None),
        ("500 Oh", "X-None: 1", "[]", None),
    ],
)
def test_how_long_a_receiver_wants_to_be_left_alone_is_passed_on(
    status: str, header: str, body: str, seconds: float | None
) -> None:
    with peer(answer(status, body, header)) as receiver:
        error = refusal(receiver.url)
    assert (error.permanent, error.retry_after) == (False, seconds)


def test_it_may_say_so_as_a_date() -> None:
    at = format_datetime(datetime.fromtimestamp(time.time() + 100, UTC), usegmt=True)
    with peer(answer("429 Too Many Requests", "", f"Retry-After: {at}")) as receiver:
        seconds = refusal(receiver.url).retry_after
    assert seconds is not None and 90 < seconds < 101


def certified(directory: Path, **options: Any) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", **options).configure_cert(context)
    return context


def test_a_certificate_that_has_expired_is_not_accepted(tmp_path: Path) -> None:
    context = certified(tmp_path, not_after=datetime(2020, 1, 1, tzinfo=UTC))
    with peer(answer("200 OK"), context) as receiver:
        error = refusal(receiver.url, ca=str(tmp_path / "ca.pem"))
    assert "certificate has expired" in str(error) and receiver.requests == []


def test_a_receiver_that_wants_a_certificate_gets_ours(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("mon.example").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "our.pem")
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with peer(answer("200 OK"), context) as receiver:
        send(receiver.url, ca=str(tmp_path / "ca.pem"), cert=str(tmp_path / "our.pem"))
        refusal(receiver.url, ca=str(tmp_path / "ca.pem"))
    assert len(receiver.requests) == 1


def test_one_context_serves_all_calls_and_a_new_authority_makes_a_new_one(tmp_path: Path) -> None:
    context = certified(tmp_path)
    ca = str(tmp_path / "ca.pem")
    made = call._context(Tls(ca=ca))
    with peer(answer("200 OK"), context) as receiver:
        for _ in range(3):
            send(receiver.url, ca=ca)
    assert call._context(Tls(ca=ca)) is made
    time.sleep(0.02)
    with peer(answer("200 OK"), certified(tmp_path)) as receiver:
        send(receiver.url, ca=ca)
    assert call._context(Tls(ca=ca)) is not made


def test_a_receiver_can_check_who_sent_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET + "\n")
    with peer(answer("200 OK")) as receiver:
        send(receiver.url, sign=f"@{tmp_path}/key")
        digest = hmac.new(SECRET.encode(), receiver.body, hashlib.sha256).hexdigest()
        assert receiver.header("X-Mon-Signature") == f"sha256={digest}"
        send(receiver.url, sign=f"@{tmp_path}/key", sign_header="X-Hub-Signature-256")
        assert receiver.header("X-Hub-Signature-256").startswith("sha256=")


def test_a_proxy_is_asked_for_the_url() -> None:
    with peer(answer("200 OK", "by proxy")) as proxy:
        assert send("http://receiver.invalid/hook", proxy=proxy.url) == "200 OK: by proxy"
    assert proxy.requests[0].startswith(b"POST http://receiver.invalid/hook HTTP/1.1")


def test_a_proxy_is_asked_to_connect_for_https_and_what_it_refuses_is_told() -> None:
    with peer(answer("403 Forbidden")) as proxy:
        error = refusal("https://receiver.invalid/hook", proxy=proxy.url.replace("//", f"//user:{SECRET}@"))
    assert proxy.requests[0].startswith(b"CONNECT receiver.invalid:443")
    assert not error.permanent and "403" in str(error)


def test_the_environment_may_name_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(answer("200 OK")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        send("http://receiver.invalid/hook")
        assert len(proxy.requests) == 1


def test_no_password_is_taken_from_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login x password {SECRET}\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with peer(answer("200 OK")) as receiver:
        send(receiver.url)
    assert b"Authorization" not in receiver.requests[0]


def test_a_url_may_name_the_outage() -> None:
    with peer(answer("202 Accepted")) as receiver:
        send(receiver.url + "/{thread}/close", template="opsgenie-close")
    assert receiver.requests[0].startswith(f"POST /hook/{SECRET}/web%2Fhttp%2F1/close ".encode())


def test_a_template_gets_its_values_and_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MON_TEST_ROUTING", SECRET)
    with peer(answer("202 Accepted", SECRET)) as receiver:
        said = send(receiver.url, template="pagerduty", secrets=["routing_key=env:MON_TEST_ROUTING"])
    event = json.loads(receiver.body)
    assert (event["routing_key"], event["event_action"]) == (SECRET, "trigger")
    assert said == "202 Accepted: ***"


def test_a_template_that_lacks_something_is_told_with_the_answer() -> None:
    with peer(answer("400 Bad Request")) as receiver:
        error = refusal(receiver.url, template="telegram")
    assert error.permanent and "has no attribute 'chat_id'" in str(error)


def test_what_can_never_be_sent_is_refused_when_the_configuration_is_read() -> None:
    for options, why in (
        ({"url": ["ftp://x/"]}, "not one of http or https"),
        ({"secrets": [f"token={SECRET}"]}, "token is a secret and stands here"),
        ({"secret_header": [f"X={SECRET}"]}, "X is a secret and stands here"),
        ({"sign": SECRET}, "the key is a secret"),
        ({"value": ["chat_id"]}, "not of the form NAME=VALUE"),
        ({"header": [SECRET]}, "not of the form NAME:VALUE"),
        ({"zone": "Nowhere"}, "there is no time zone Nowhere"),
    ):
        with pytest.raises(BadOption, match=why) as raised:
            webhook.verify(options)
        assert SECRET not in str(raised.value)


def test_secrets_that_others_may_read_are_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("https://x")
    file.chmod(0o644)
    assert "can be read by everybody" in webhook.verify({"url": [f"@{file}"], "secrets": [f"a=@{file}"]})[0]
    assert "what looks like a secret" in webhook.verify(
        {"url": ["https://hooks.slack.example/services/T00000000/XXXXXXXXXXXXXXXXXXXX0000"]}
    )[0]  # fmt: skip
    assert "what looks like a secret" in webhook.verify({"url": ["https://me:word@x.example/"]})[0]
    assert (
        webhook.verify({"url": ["https://api.opsgenie.com/v2/alerts/{thread}/close?identifierType=alias"]})
        == []
    )


def test_the_preview_shows_no_secret() -> None:
    said = webhook.preview(NOTICE, {"template": "pagerduty", "secrets": ["routing_key=@/nowhere"]}, Render())
    assert json.loads(said)["routing_key"] == "***"
