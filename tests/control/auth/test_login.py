"""Logins: who says they are whom, and which authtype believes it."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mon.config.lint import LOGINS
from mon.control.auth import login, pam, shadow
from mon.control.auth.login import Claim, Logins
from mon.errors import ControlError


@pytest.fixture
async def logins() -> AsyncIterator[Logins]:
    logins = Logins()
    yield logins
    logins.close()


@pytest.fixture
def userfile(tmp_path: Path) -> Path:
    file = tmp_path / "monusers.cf"
    file.write_text("# ours\njoe : abiQ6Ep3EYTHc\n")
    return file


@pytest.mark.parametrize(
    ("authtypes", "user", "password", "address", "accepted"),
    [
        (("trustlocal",), "ann", "", "127.0.0.1", True),
        (("trustlocal",), "", "", "127.0.0.1", False),
        (("trustlocal",), "ann", "", "10.0.0.1", False),
        (("userfile",), "joe", "x", "10.0.0.1", True),
        (("userfile",), "joe", "y", "10.0.0.1", False),
        (("userfile",), "joe", "", "10.0.0.1", False),
        (("userfile",), "ann", "x", "10.0.0.1", False),
        (("nosuch", "userfile"), "joe", "x", "10.0.0.1", True),
        (("userfile", "trustlocal"), "joe", "wrong", "127.0.0.1", True),
        ((), "no-such-user-here", "x", "127.0.0.1", False),
    ],
)
async def test_each_authtype_is_tried_in_turn(
    logins: Logins,
    userfile: Path,
    authtypes: tuple[str, ...],
    user: str,
    password: str,
    address: str,
    accepted: bool,
) -> None:
    assert await logins.accepts(Claim(user, password, address, userfile), authtypes) is accepted


async def test_a_userfile_that_is_missing_refuses_and_says_why(
    logins: Logins, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert not await logins.accepts(Claim("joe", "x", "10.0.0.1", tmp_path / "gone"), ("userfile",))
    assert f"cannot read the userfile {tmp_path}/gone: No such file or directory" in caplog.text


async def test_a_slow_hash_does_not_hold_up_the_loop(logins: Logins, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(claim: Claim) -> bool:
        time.sleep(0.5)
        return True

    monkeypatch.setitem(login.METHODS, "pam", slowly)  # type: ignore[arg-type]
    waiting = asyncio.ensure_future(logins.accepts(Claim("joe", "x", "10.0.0.1"), ("pam",)))
    turns = 0
    while not waiting.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert waiting.result() and turns > 10


async def test_a_trap_password_is_hashed_once_and_remembered(
    logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(login.passwords, "matches", lambda *words: asked.append(words) or words[0] == "x")
    said = [await logins.matches(word, "hash", "192.0.2.1") for word in ("x", "y", "x", "y", "x")]
    assert said == [True, False, True, False, True]
    assert asked == [("x", "hash"), ("y", "hash")]


async def test_what_is_remembered_has_an_end(logins: Logins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "REMEMBERED", 10)
    monkeypatch.setattr(login.passwords, "matches", lambda *words: False)
    for number in range(50):
        await logins.matches(str(number), "hash", f"192.0.2.{number}")
    assert len(logins._wrong) == 10


async def test_guesses_make_nobody_s_right_password_forgotten(
    logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "REMEMBERED", 10)
    monkeypatch.setattr(login.passwords, "matches", lambda word, _: word == "right")
    assert await logins.matches("right", "hash", "192.0.2.1")
    for number in range(50):
        await logins.matches(str(number), "hash", f"192.0.2.{number}")
    monkeypatch.setattr(login.passwords, "matches", lambda word, _: False)
    assert await logins.matches("right", "hash", "192.0.2.1")


async def test_a_thousand_wrong_passwords_cost_a_few_hashes(
    logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    monkeypatch.setattr(login.passwords, "matches", lambda word, _: hashed.append(word) or word == "right")
    for number in range(1000):
        with contextlib.suppress(ControlError):
            assert not await logins.matches(str(number), "hash", "192.0.2.1")
    assert len(hashed) < 100
    assert await logins.matches("right", "hash", "192.0.2.2")
    with pytest.raises(ControlError, match="too many wrong passwords"):
        await logins.matches("another", "hash", "192.0.2.1")


def test_a_check_knows_each_way_to_log_in() -> None:
    assert {*login.METHODS, "trustlocal"} == set(LOGINS)


def test_the_system_knows_no_stranger() -> None:
    assert shadow.passwd_hash("no-such-user-here") == shadow.shadow_hash("no-such-user-here") == ""
    assert shadow.passwd_hash("a\0b") == shadow.shadow_hash("a\0b") == ""


def test_shadow_says_what_the_file_says() -> None:
    if not os.access("/etc/shadow", os.R_OK):
        assert shadow.shadow_hash("root") == ""
        return
    entries = dict(line.split(":")[:2] for line in Path("/etc/shadow").read_text().splitlines())
    assert {user: shadow.shadow_hash(user) for user in entries} == entries
    assert shadow.passwd_hash("root") == entries["root"]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """PAM policies of our own: one asks a program that knows the password."""
    judge = tmp_path / "judge"
    judge.write_text('#!/bin/sh\n[ "$(tr -d "\\000")" = secret ] && [ "$PAM_USER" = joe ]\n')
    judge.chmod(0o755)
    for name, control in (("ask", f"pam_exec.so expose_authtok quiet {judge}"), ("never", "pam_deny.so")):
        (tmp_path / name).write_text(f"auth required {control}\naccount required pam_permit.so\n")
    return tmp_path


@pytest.mark.parametrize(
    ("service", "user", "password", "admitted"),
    [
        ("ask", "joe", "secret", True),
        ("ask", "joe", "wrong", False),
        ("ask", "ann", "secret", False),
        ("ask", "joe", "secret\0", False),
        ("never", "joe", "secret", False),
    ],
)
def test_pam_decides_by_its_policy(
    policies: Path, service: str, user: str, password: str, admitted: bool
) -> None:
    assert pam.admits(user, password, service, folder=policies) is admitted


def test_a_pam_policy_that_is_missing_admits_nobody(policies: Path) -> None:
    try:
        assert not pam.admits("joe", "secret", "nosuch", folder=policies)
    except ControlError as error:
        assert "PAM cannot begin with the service nosuch" in str(error)
