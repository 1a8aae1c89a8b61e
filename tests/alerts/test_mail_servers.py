"""Mail by a real server, OpenSMTPD, into a real mailbox; and past servers that refuse, hang, drip and lie."""

import email
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from mon.alerts import mail, sendmail

from mon.errors import Undeliverable
from mon.model.notice import AlertType, HostReport, Notice
from mon.model.result import OpStatus
from mon.render import Render
from mon.structs import replace

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
    (HostReport("web1", "down", "refused <b>"), HostReport("web2", "ok")),
    description="Größe",
    first_failure=1_699_999_990.0,
    id="id7",
)
RENDER = Render()
UP = replace(NOTICE, type=AlertType.UP, at=NOTICE.at + 60, reports=(), id="id8")
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
CONFIG = """
table v {{ "@" = "nobody" }}
listen on 127.0.0.1 port {port} hostname mail.test
action "md" maildir "{box}" virtual <v>
match from any for any action "md"
"""


class Mailbox:
    """A maildir of OpenSMTPD, which listens on ``port``."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory, self.port = directory, port

    def wait_for(self, count: int) -> list[EmailMessage]:
        """The mails, by Message-ID, when there are so many."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            found = subprocess.run([*AS_ROOT, "find", str(self.directory), "-type", "f", "-path", "*/new/*"],
                                   capture_output=True, text=True, check=True).stdout.split()  # fmt: skip
            if len(found) >= count:
                texts = [subprocess.run([*AS_ROOT, "cat", name], capture_output=True, check=True).stdout
                         for name in found]  # fmt: skip
                mails = [email.message_from_bytes(text, policy=policy.default) for text in texts]
                return sorted(
                    (m for m in mails if isinstance(m, EmailMessage)), key=lambda m: m["Message-ID"]
                )
            time.sleep(0.05)
        raise AssertionError(f"{count} mails did not come")


@pytest.fixture
def mailbox(tmp_path: Path, free_port: int) -> Iterator[Mailbox]:
    smtpd = shutil.which("smtpd", path="/usr/sbin:/usr/bin:/sbin")
    if smtpd is None:
        pytest.skip("OpenSMTPD is not installed")
    box = Path("/var/tmp") / f"mon-test-{os.getpid()}-{free_port}"  # "nobody" must be able to get there
    box.mkdir()
    box.chmod(0o777)
    config = tmp_path / "smtpd.conf"
    config.write_text(CONFIG.format(port=free_port, box=box))
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(
            [*AS_ROOT, *alone(), smtpd, "-d", "-f", str(config)], stdout=log, stderr=log
        )
    try:
        _wait_for(free_port, server, tmp_path / "log")
        yield Mailbox(box, free_port)
    finally:
        subprocess.run([*AS_ROOT, "kill", str(server.pid)], check=False)
        server.wait(10)
        subprocess.run([*AS_ROOT, "rm", "-rf", str(box)], check=True)


def alone() -> list[str]:
    """What gives a program /run and a spool of its own, where that is allowed: smtpd has one of each."""
    mounts = "mount -t tmpfs none /run && mount -t tmpfs -o mode=711 none /var/spool/smtpd && exec"
    words = ["unshare", "-m", "sh", "-c", f'{mounts} "$@"', "sh"]
    allowed = subprocess.run([*AS_ROOT, *words, "true"], capture_output=True, check=False).returncode == 0
    return words if allowed else []


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 15
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def post(
    *hosts: str, notice: Notice = NOTICE, to: tuple[str, ...] = ("ops@x.example",), timeout: float = 30
) -> str:
    words = list(hosts)
    return mail.send(
        notice, list(to), smtp_host=words, sender="mon@host.example", timeout=timeout, render=RENDER
    )


def test_a_mail_goes_through_a_real_server_whole(mailbox: Mailbox) -> None:
    said = post(f"127.0.0.1:{mailbox.port}", to=("a@x.example", "ops@b.example"))
    assert said == f"taken by 127.0.0.1 port {mailbox.port}"
    first, _ = mailbox.wait_for(2)
    assert first["Subject"] == "DOWN web/http: web1 (1 of 2)"
    assert first["Message-ID"] == "<id7@host.example>"
    text, page = first.get_body(("plain",)), first.get_body(("html",))
    assert text is not None and "Größe" in text.get_content() and "refused <b>" in text.get_content()
    assert page is not None and "refused &lt;b&gt;" in page.get_content()


def test_the_recovery_is_in_the_thread_of_its_failure(mailbox: Mailbox) -> None:
    for notice in (NOTICE, UP):
        post(f"127.0.0.1:{mailbox.port}", notice=notice)
    down, up = mailbox.wait_for(2)
    assert (down["Subject"], up["Subject"]) == (
        "DOWN web/http: web1 (1 of 2)",
        "UP web/http after 1 min 10 s",
    )
    assert down["References"] == up["References"] and down["Message-ID"] != up["Message-ID"]


def test_an_address_in_another_script_arrives_where_smtputf8_is_spoken_else_is_told(mailbox: Mailbox) -> None:
    # OpenSMTPD 6.8 does not offer SMTPUTF8; aiosmtpd does (test_mail.py).
    with pytest.raises(Undeliverable, match="SMTPUTF8"):
        post(f"127.0.0.1:{mailbox.port}", to=("größe@x.example",))


def test_sendmail_hands_it_to_a_real_mta(mailbox: Mailbox, tmp_path: Path) -> None:
    # A relay of three lines that speaks sendmail's command line and hands in to the real server.
    program = tmp_path / "sendmail"
    program.write_text(
        "#!/usr/bin/python3\nimport smtplib, sys\n"
        f"s = smtplib.SMTP('127.0.0.1', {mailbox.port})\n"
        "s.sendmail(sys.argv[3], sys.argv[5:], sys.stdin.buffer.read())\n"
    )
    program.chmod(0o755)
    sendmail.send(NOTICE, ["ops@x.example"], program=str(program), sender="mon@host.example", render=Render())
    (got,) = mailbox.wait_for(1)
    assert got["Subject"] == "DOWN web/http: web1 (1 of 2)"


# -- servers that are ill -------------------------------------------------------------------------


@contextmanager
def ill(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server whose every conversation is ``talk``; ``HOST:PORT``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.settimeout(20)
                        talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(25)


def hangs(connection: socket.socket) -> None:
    connection.recv(1)


def closes(connection: socket.socket) -> None:
    """It says nothing, and goes."""


def drips(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"2")
        time.sleep(0.1)


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"\xff\x00SSH-2.0\r\n" * 100)


def busy(connection: socket.socket) -> None:
    connection.sendall(b"421 4.3.2 come back later\r\n")


def script(*answers: bytes) -> Callable[[socket.socket], None]:
    """Answers the commands in turn, then closes."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 ready\r\n")
        for answer in answers:
            connection.recv(65536)
            connection.sendall(answer)
        connection.recv(65536)

    return talk


OK = b"250 ok\r\n"
drops_after_data = script(OK, OK, OK, b"354 go on\r\n")
greylists = script(OK, OK, b"451 4.7.1 greylisted\r\n", OK, b"221 bye\r\n")


@pytest.mark.parametrize("talk", [hangs, closes, drips, garbage, busy, drops_after_data, greylists])
def test_a_server_that_is_ill_is_tried_again_within_its_time(talk: Callable[[socket.socket], None]) -> None:
    began = time.monotonic()
    with ill(talk) as host, pytest.raises(Undeliverable) as raised:
        post(host, timeout=1)
    assert not raised.value.permanent and host.partition(":")[2] in str(raised.value)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("talk", [hangs, closes, drips, garbage, busy, drops_after_data, greylists])
def test_past_a_server_that_is_ill_the_next_one_takes_it(
    mailbox: Mailbox, talk: Callable[[socket.socket], None]
) -> None:
    with ill(talk) as host:
        said = post(host, f"127.0.0.1:{mailbox.port}", timeout=1)
    assert said.startswith(f"taken by 127.0.0.1 port {mailbox.port} (127.0.0.1 port ")
    assert [mail["Message-ID"] for mail in mailbox.wait_for(1)] == ["<id7@host.example>"]


def test_what_one_server_refuses_for_good_is_not_offered_to_the_next() -> None:
    refuses = script(OK, OK, b"550 5.1.1 no such user\r\n", OK, b"221 bye\r\n")
    with ill(refuses) as first, ill(hangs) as second, pytest.raises(Undeliverable) as raised:
        post(first, second, timeout=1)
    assert raised.value.permanent and str(raised.value) == "refused for ops@x.example: 550 5.1.1 no such user"


# -- who has it -------------------------------------------------------------------------------------

EVERYBODY = ("a@x.example", "b@x.example", "c@x.example")
STEPS = ("MAIL", "RCPT TO:<a", "RCPT TO:<b", "RCPT TO:<c", "DATA", ".", "QUIT")
REPLIES = (
    *(b"421 4.3.2 closing\r\n", b"421-4.3.2\r\n421\r\n", b"451 later\r\n", b"550 no\r\n", b"552 many\r\n"),
    *(b"250\r\n", b"2??\r\n", b"221 bye\r\n", b""),
    *(b"250 brok", b"250-ok\r\n250"),  # broken off, and hung up
)


class Odd:
    """A server that answers one step oddly, hangs up after 421 or half a line; ``taken`` is what it took."""

    def __init__(self, step: str, reply: bytes) -> None:
        self.step, self.reply = step, reply
        self.taken: list[str] = []

    def __call__(self, connection: socket.socket) -> None:
        named: list[str] = []
        with connection.makefile("rwb", buffering=0) as line:
            line.write(b"220 ready\r\n")
            while said := line.readline().decode():
                said = said[:4].upper() + said[4:]
                usual = b"354 go on\r\n" if said.startswith("DATA") else b"250 ok\r\n"
                answer = self._answer(said, usual)
                if not answer or not line.write(answer) or hangs_up(answer):
                    return
                if said.startswith("RCPT") and answer.startswith(b"25"):
                    named += [said.partition("<")[2].partition(">")[0]]
                elif answer.startswith(b"354"):
                    while line.readline() != b".\r\n":
                        pass
                    final = self._answer(".", b"250 taken\r\n")
                    self.taken += named if final.startswith(b"250") and not hangs_up(final) else []
                    if not final or not line.write(final) or hangs_up(final):
                        return

    def _answer(self, said: str, usual: bytes) -> bytes:
        return self.reply if said.startswith(self.step) else usual


def hangs_up(answer: bytes) -> bool:
    return answer.startswith(b"421") or not answer.endswith(b"\n")


def test_why_nobody_was_asked_is_said() -> None:
    with ill(Odd("RCPT TO:<a", b"")) as host, pytest.raises(Undeliverable, match="closed"):
        post(host, to=EVERYBODY, timeout=5)


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("step", STEPS)
def test_exactly_those_have_it_for_whom_the_whole_mail_was_taken(step: str, reply: bytes) -> None:
    server = Odd(step, reply)
    not_yet: set[str] = set()
    with ill(server) as host:
        try:
            post(host, to=EVERYBODY, timeout=5)
        except Undeliverable as error:
            not_yet = {*error.left, *error.refused} or set(EVERYBODY)
    assert sorted(set(EVERYBODY) - not_yet) == sorted(server.taken)


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("step", STEPS[:5])
def test_past_a_server_that_breaks_off_the_next_gets_all_who_have_it_not(step: str, reply: bytes) -> None:
    first, second = Odd(step, reply), Odd("nothing", b"")
    refused: tuple[str, ...] = ()
    with ill(first) as one, ill(second) as two:
        try:
            post(one, two, to=EVERYBODY, timeout=5)
        except Undeliverable as error:
            assert error.permanent
            refused = (*error.refused, *error.left)
    assert sorted([*first.taken, *second.taken, *refused]) == sorted(EVERYBODY)


def test_a_server_that_wants_nobody_is_no_reason_to_give_the_mail_up(mailbox: Mailbox) -> None:
    with ill(lambda connection: connection.sendall(b"554 5.7.1 no service here\r\n")) as host:
        assert "no service here" in post(host, f"127.0.0.1:{mailbox.port}")
