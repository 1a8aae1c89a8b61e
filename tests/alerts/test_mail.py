"""Mail to a real SMTP server on loopback: what arrives, encrypted or not, and what refusals mean."""

# ruff: noqa: N802 - aiosmtpd names its hooks after the commands of SMTP

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from mon.alerts.mail import preview, send, verify
from serving import MailServer

from mon.errors import BadOption, Undeliverable
from mon.model.notice import AlertType, HostReport, Notice
from mon.model.result import OpStatus
from mon.render import Render
from mon.structs import replace

PASSWORD = "s3cr3t-word"
NOTICE = Notice(
    AlertType.FAILURE,
    "web",
    "http",
    "p",
    1_700_000_000.0,
    1,
    OpStatus.FAIL,
    "web1",
    "web1\nrefused\n",
    ("web1", "web2"),
    (HostReport("web1", "down", "refused"),),
    id="id7",
)


class Sink:
    """Keeps what arrives; ``answers`` are its replies by command, or by recipient."""

    def __init__(self) -> None:
        self.mails: list[tuple[EmailMessage, list[str]]] = []
        self.answers: dict[str, str] = {}
        self.encrypted: list[bool] = []
        self.greeted: list[str] = []
        self.drop = ""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self._maybe_drop(server, "MAIL")
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self._maybe_drop(server, "RCPT")
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._maybe_drop(server, "DATA")
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append((message, list(envelope.rcpt_tos)))
        self.encrypted.append(session.ssl is not None)
        return "250 queued"

    def _maybe_drop(self, server: SMTP, verb: str) -> None:
        if self.drop == verb:
            server.transport.abort()
            self.answers["DATA"] = "451 gone"


@contextmanager
def serving(sink: Sink, **options: Any) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = MailServer(sink, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


class Post:
    """Calls ``send`` with the port of a running server."""

    def __init__(self, sink: Sink, port: int) -> None:
        self.sink = sink
        self.options: dict[str, Any] = {
            "smtp_host": ["127.0.0.1"],
            "port": port,
            "sender": "mon@host.example",
        }
        self.render = Render()

    def __call__(
        self, notice: Notice = NOTICE, to: tuple[str, ...] = ("ops@x.example",), **options: Any
    ) -> None:
        send(notice, list(to), render=self.render, **{**self.options, **options})

    def refused(self, *to: str, **options: Any) -> Undeliverable:
        with pytest.raises(Undeliverable) as raised:
            self(to=to or ("ops@x.example",), **options)
        assert PASSWORD not in str(raised.value)
        return raised.value

    @property
    def mail(self) -> EmailMessage:
        return self.sink.mails[-1][0]

    @property
    def text(self) -> str:
        return part(self.mail, "plain")


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture
def post() -> Iterator[Post]:
    sink = Sink()
    with serving(sink) as port:
        yield Post(sink, port)


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return made


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(made)
    return made


def test_the_mail_has_the_fact_as_its_subject_and_the_story_as_its_body(post: Post) -> None:
    post(to=("a@x.example", "b@x.example"))
    ((mail, to),) = post.sink.mails
    assert to == ["a@x.example", "b@x.example"]
    assert (mail["Subject"], mail["From"]) == ("DOWN web/http: web1 (1 of 2)", "mon@host.example")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.timestamp() == 1_700_000_000
    assert "DOWN web1: refused" in part(mail, "plain")


def test_each_attempt_has_the_same_message_id(post: Post) -> None:
    post()
    post()
    assert [mail["Message-ID"] for mail, _ in post.sink.mails] == ["<id7@host.example>"] * 2


def test_a_subject_may_be_given_as_in_the_classic_alert(post: Post) -> None:
    post(subject="web server is back up")
    assert post.mail["Subject"] == "web server is back up"


def test_a_summary_cannot_begin_another_header(post: Post) -> None:
    post(replace(NOTICE, reports=(), summary="x\r\nBcc: evil@x.example\r\n\r\nbody"))
    assert post.mail["Bcc"] is None
    assert post.mail["Subject"] == "DOWN web/http: x Bcc: evil@x.example body"


def test_a_long_subject_is_cut(post: Post) -> None:
    post(subject="x" * 500)
    assert post.mail["Subject"] == "x" * 77 + "…"


def test_other_scripts_arrive_whole(post: Post) -> None:
    post(replace(NOTICE, reports=(), summary="Störung: 停電", output="Störung: 停電\n" + "é" * 3000))
    assert post.mail["Subject"] == "DOWN web/http: Störung: 停電"
    assert "é" * 3000 in post.text


def test_a_broken_template_costs_no_mail(post: Post, tmp_path: Path) -> None:
    (tmp_path / "mail.subject.j2").write_text("{{ nobody }}")
    (tmp_path / "mail.txt.j2").write_text("{% if %}")
    post.render = Render([tmp_path])
    post()
    assert post.mail["Subject"].startswith("failure web/http: web1 (template mail.subject.j2 line 1")
    assert "refused" in post.text and "template mail.txt.j2" in post.text


def test_without_an_address_there_is_nobody_to_send_to(post: Post) -> None:
    with pytest.raises(Undeliverable, match="no address") as raised:
        post(to=())
    assert raised.value.permanent


def test_starttls_encrypts_and_checks_the_certificate(context: ssl.SSLContext, tmp_path: Path) -> None:
    sink = Sink()
    with serving(sink, tls_context=context, require_starttls=True) as port:
        post = Post(sink, port)
        assert "certificate" in str(post.refused(starttls=True)).lower()
        post(starttls=True, ca=str(tmp_path / "ca.pem"))
    assert sink.encrypted == [True]


def test_tls_encrypts_from_the_first_byte_on(context: ssl.SSLContext, tmp_path: Path) -> None:
    sink = Sink()
    with serving(sink, ssl_context=context) as port:
        Post(sink, port)(tls=True, ca=str(tmp_path / "ca.pem"))
    assert len(sink.mails) == 1


def expired(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC)).configure_cert(made)
    return made


def test_a_certificate_that_has_expired_is_not_accepted(authority: trustme.CA, tmp_path: Path) -> None:
    sink = Sink()
    with serving(sink, tls_context=expired(authority), require_starttls=True) as port:
        error = Post(sink, port).refused(starttls=True, ca=str(tmp_path / "ca.pem"))
    assert "certificate has expired" in str(error) and not error.permanent and sink.mails == []


def test_tls_to_a_server_that_speaks_none_is_tried_again(post: Post) -> None:
    error = post.refused(tls=True, timeout=5)
    assert not error.permanent and post.sink.mails == []


def test_all_mails_about_one_outage_are_one_thread(post: Post) -> None:
    failure = replace(NOTICE, first_failure=1_699_999_990.0)
    up = replace(failure, type=AlertType.UP, at=failure.at + 60, id="id8")
    other = replace(failure, first_failure=1_700_009_990.0, id="id9")
    for notice in (failure, up, other):
        post(notice)
    threads = [mail["References"] for mail, _ in post.sink.mails]
    assert threads[0] == threads[1] != threads[2]
    assert [mail["In-Reply-To"] for mail, _ in post.sink.mails] == threads
    assert [mail["Importance"] for mail, _ in post.sink.mails] == ["high", None, "high"]


def test_the_html_part_says_the_same_and_escapes_what_a_monitor_said(post: Post) -> None:
    post(replace(NOTICE, reports=(HostReport("web1", "down", "<script>x</script>"),)))
    page = part(post.mail, "html")
    assert "&lt;script&gt;x&lt;/script&gt;" in page and "<script" not in page
    post(html=False)
    assert post.mail.get_content_type() == "text/plain"


def test_times_are_those_of_the_reader(post: Post) -> None:
    post(zone="Asia/Tokyo")
    assert "2023-11-15 07:13:20 JST" in post.text and "2023-11-15 07:13:20 JST" in part(post.mail, "html")


def test_an_address_in_another_script_is_sent_by_smtputf8() -> None:
    sink = Sink()
    with serving(sink, enable_SMTPUTF8=True) as port:
        Post(sink, port)(to=("größe@x.example",))
    assert [to for _, to in sink.mails] == [["größe@x.example"]]


def test_the_next_server_gets_only_those_that_the_first_had_no_room_for(post: Post) -> None:
    post.sink.answers["b@x.example"] = "452 4.2.2 full"
    second = Sink()
    with serving(second) as port:
        post(to=("a@x.example", "b@x.example"), smtp_host=[*post.options["smtp_host"], f"127.0.0.1:{port}"])
    assert [to for _, to in post.sink.mails] == [["a@x.example"]]
    assert [to for _, to in second.mails] == [["b@x.example"]]


def test_a_password_in_the_configuration_is_refused_and_an_open_file_warned_of(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="many read it") as raised:
        verify({"password": PASSWORD})
    assert PASSWORD not in str(raised.value)
    (tmp_path / "word").write_text(PASSWORD)
    (tmp_path / "word").chmod(0o604)
    assert "can be read by everybody" in verify({"password": f"@{tmp_path}/word"})[0]
    with pytest.raises(BadOption, match="there is no time zone Berlin: write one as"):
        verify({"zone": "Berlin"})
    with pytest.raises(BadOption, match="exclude each other"):
        verify({"tls": True, "starttls": True})


def test_the_preview_is_the_mail() -> None:
    said = preview(NOTICE, {"zone": "Europe/Berlin", "html": True}, Render())
    assert said.startswith("Subject: DOWN web/http: web1 (1 of 2)\n\n") and " CET" in said


def test_a_server_without_starttls_gets_nothing_in_the_clear(post: Post) -> None:
    error = post.refused(starttls=True)
    assert "STARTTLS" in str(error) and post.sink.mails == []


def checks(password: str) -> Callable[..., AuthResult]:
    def check(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"mon", password.encode()), handled=False)

    return check


def test_a_login_takes_its_password_from_a_file(context: ssl.SSLContext, tmp_path: Path) -> None:
    sink = Sink()
    (tmp_path / "password").write_text(PASSWORD + "\n")
    login = {"user": "mon", "password": f"@{tmp_path}/password"}
    with serving(sink, tls_context=context, authenticator=checks(PASSWORD), auth_required=True) as port:
        Post(sink, port)(starttls=True, ca=str(tmp_path / "ca.pem"), **login)
    assert len(sink.mails) == 1


def test_a_wrong_password_is_said_without_the_password_and_tried_again(
    context: ssl.SSLContext, tmp_path: Path
) -> None:
    sink = Sink()
    (tmp_path / "password").write_text(PASSWORD)
    login = {"user": "mon", "password": f"@{tmp_path}/password"}
    with serving(sink, tls_context=context, authenticator=checks("other")) as port:
        error = Post(sink, port).refused(starttls=True, ca=str(tmp_path / "ca.pem"), **login)
    assert not error.permanent and "does not accept the login (535)" in str(error)


def test_a_password_is_never_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(Undeliverable, match="in the clear"):
        send(NOTICE, ["a@x"], smtp_host=["mail.example"], user="mon", render=Render())


def test_a_password_file_that_is_gone_is_named(post: Post, tmp_path: Path) -> None:
    error = post.refused(user="mon", password=f"@{tmp_path}/gone")
    assert not error.permanent and "gone: No such file" in str(error)


@pytest.mark.parametrize("step", ["MAIL", "ops@x.example", "DATA"])
@pytest.mark.parametrize(
    ("reply", "permanent"), [("451 4.3.0 later", False), ("550 5.1.1 no such user", True)]
)
def test_a_refusal_for_good_is_not_tried_again(post: Post, step: str, reply: str, permanent: bool) -> None:
    post.sink.answers[step] = reply
    error = post.refused()
    assert error.permanent is permanent and reply[4:] in str(error)


def test_who_was_refused_among_several_is_said_and_the_others_have_it(post: Post) -> None:
    post.sink.answers["b@x.example"] = "550 5.1.1 no such user"
    error = post.refused("a@x.example", "b@x.example")
    assert str(error) == "refused for b@x.example: 550 5.1.1 no such user" and error.permanent
    assert (error.left, error.refused) == ((), {"b@x.example": "550 5.1.1 no such user"})
    assert post.sink.mails[0][1] == ["a@x.example"]


def test_if_one_of_several_is_to_come_later_it_is_tried_again(post: Post) -> None:
    post.sink.answers |= {"a@x.example": "550 no", "b@x.example": "450 greylisted"}
    error = post.refused("a@x.example", "b@x.example", "c@x.example")
    assert not error.permanent and "greylisted" in str(error)
    assert (error.left, error.refused) == (("b@x.example",), {"a@x.example": "550 no"})


def test_the_next_attempt_is_for_those_who_have_not_got_it(post: Post) -> None:
    post(replace(NOTICE, left=("b@x.example",)), to=("a@x.example", "b@x.example"))
    ((mail, to),) = post.sink.mails
    assert to == ["b@x.example"] and mail["To"] == "a@x.example, b@x.example"


def test_what_the_next_server_refuses_whole_is_lost_for_the_rest_only(post: Post) -> None:
    post.sink.answers["b@x.example"] = "452 4.2.2 full"
    second = Sink()
    second.answers["DATA"] = "554 5.6.0 no"
    with serving(second) as port:
        hosts = [*post.options["smtp_host"], f"127.0.0.1:{port}"]
        error = post.refused("a@x.example", "b@x.example", smtp_host=hosts)
    assert error.permanent and error.left == ("b@x.example",)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_connection_that_is_dropped_is_tried_again(post: Post, step: str) -> None:
    post.sink.drop = step
    assert not post.refused().permanent
    assert post.sink.mails == []


def test_a_server_that_is_away_is_tried_again() -> None:
    with serving(Sink()) as port:
        pass
    error = Post(Sink(), port).refused()
    assert not error.permanent and f"127.0.0.1 port {port}" in str(error) and "refused" in str(error)


@pytest.mark.parametrize(
    ("helo", "own", "greeted"),
    [("", "mon.example.org", "mon.example.org"), ("", "", "[127.0.0.1]"), ("mx.example", "", "mx.example")],
)
def test_we_greet_by_a_full_name_or_an_address(
    post: Post, monkeypatch: pytest.MonkeyPatch, helo: str, own: str, greeted: str
) -> None:
    monkeypatch.setattr("mon.post.smtp.own_name", lambda: own)
    post(helo=helo)
    assert post.sink.greeted == [greeted]


def test_the_sender_is_at_this_machine_by_its_full_name_or_address(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for domain in ("mon.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]"):
        monkeypatch.setattr("mon.letter.own_domain", lambda domain=domain: domain)
        post(sender="")
        assert post.mail["From"] == f"mon@{domain}"
        assert post.mail["Message-ID"] == f"<id7@{domain}>"


def test_a_domain_in_another_script_needs_no_smtputf8(post: Post) -> None:
    post(to=("Ops <ops@größe.example>", "b@x.example"))
    assert post.sink.mails[0][1] == ["ops@xn--gre-6ka8i.example", "b@x.example"]


def test_an_address_that_needs_smtputf8_costs_nobody_else_the_mail() -> None:
    sink = Sink()
    with serving(sink, enable_SMTPUTF8=False) as port:
        error = Post(sink, port).refused("größe@x.example", "b@x.example")
    assert not error.permanent and error.left == ("größe@x.example",) and "SMTPUTF8" in str(error)
    assert [to for _, to in sink.mails] == [["b@x.example"]]


def test_a_server_that_wants_a_certificate_gets_ours(
    authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path
) -> None:
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.issue_cert("mon.example").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "our.pem")
    )
    sink, trust = Sink(), {"starttls": True, "ca": str(tmp_path / "ca.pem")}
    with serving(sink, tls_context=context, require_starttls=True) as port:
        Post(sink, port)(cert=str(tmp_path / "our.pem"), **trust)
        assert not Post(sink, port).refused(**trust).permanent
    assert len(sink.mails) == 1


def test_an_older_tls_than_the_oldest_is_not_spoken(
    authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path
) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    sink, trust = Sink(), {"starttls": True, "ca": str(tmp_path / "ca.pem")}
    with serving(sink, tls_context=context, require_starttls=True) as port:
        assert not Post(sink, port).refused(tls_min="1.3", **trust).permanent
        Post(sink, port)(tls_min="1.2", **trust)
    assert len(sink.mails) == 1
