"""Programs that stand for /usr/sbin/sendmail: what they are called with, and what their ends mean.

A real one is in test_mail_servers.py.
"""

import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from mon.alerts.sendmail import preview, send, verify

from mon.errors import BadOption, Undeliverable
from mon.model.notice import AlertType, Notice
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
    "web1\n.\nrefused\n",
    id="id7",
)


def program(directory: Path, text: str) -> str:
    path = directory / "sendmail"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def refusal(path: str, **options: float) -> Undeliverable:
    with pytest.raises(Undeliverable) as raised:
        send(NOTICE, ["ops@x.example"], program=path, render=Render(), **options)
    return raised.value


def test_it_gets_the_mail_and_plain_addresses(tmp_path: Path) -> None:
    path = program(tmp_path, f'printf "%s\\n" "$@" >{tmp_path}/words; cat >{tmp_path}/mail; echo queued as 7')
    said = send(
        NOTICE, ["-oQ/tmp", "b@x.example"], program=path, sender="Mon <mon@h.example>", render=Render()
    )
    assert said == f"queued by {path}: queued as 7"
    assert (tmp_path / "words").read_text().split("\n")[:-1] == [
        *("-i", "-f", "mon@h.example", "--", "-oQ/tmp", "b@x.example")
    ]
    mail = message_from_bytes((tmp_path / "mail").read_bytes(), policy=policy.default)
    assert (mail["Subject"], mail["Message-ID"]) == ("DOWN web/http: web1", "<id7@h.example>")


@pytest.mark.parametrize(
    ("status", "permanent"), [(75, False), (69, False), (1, False), (67, True), (65, True)]
)
def test_its_exit_status_says_whether_to_try_again(tmp_path: Path, status: int, permanent: bool) -> None:
    error = refusal(program(tmp_path, f"cat >/dev/null; echo no, sorry; exit {status}"))
    assert error.permanent is permanent
    assert f"exit status {status}" in str(error) and str(error).endswith(": no, sorry")


def test_one_that_hangs_is_ended_and_tried_again(tmp_path: Path) -> None:
    began = time.monotonic()
    error = refusal(program(tmp_path, "exec sleep 30"), timeout=0.5)
    assert not error.permanent and "did not end within 0.5 s" in str(error)
    assert time.monotonic() - began < 10


def test_one_that_takes_nothing_or_is_not_there_is_told(tmp_path: Path) -> None:
    assert not refusal(program(tmp_path, "exit 75")).permanent
    assert "No such file" in str(refusal(str(tmp_path / "gone")))


def test_what_is_wrong_is_told_when_the_configuration_is_read(tmp_path: Path) -> None:
    assert verify({"program": program(tmp_path, "")}) == []
    assert "install a mail server" in verify({"program": str(tmp_path / "gone")})[0]
    with pytest.raises(BadOption, match="there is no time zone"):
        verify({"zone": "Nowhere", "program": "/bin/true"})


def test_the_preview_is_the_mail() -> None:
    assert preview(NOTICE, {}, Render()).startswith("Subject: DOWN web/http: web1\n\n")


def test_one_bad_address_costs_nobody_else_the_mail(tmp_path: Path) -> None:
    path = program(
        tmp_path,
        f'for last; do [ "$last" = b ] && exit 67; done; cat >/dev/null; echo "$last" >>{tmp_path}/got',
    )
    with pytest.raises(Undeliverable, match="no such user") as raised:
        send(NOTICE, ["a", "b", "c"], program=path, render=Render())
    assert raised.value.permanent and list(raised.value.refused) == ["b"] and not raised.value.left
    assert (tmp_path / "got").read_text().split() == ["a", "c"]


def test_the_next_attempt_is_for_those_who_have_not_got_it(tmp_path: Path) -> None:
    path = program(tmp_path, f'cat >/dev/null; echo "$@" >{tmp_path}/words')
    send(replace(NOTICE, left=("c",)), ["a", "b", "c"], program=path, render=Render())
    assert (tmp_path / "words").read_text().endswith("-- c\n")
