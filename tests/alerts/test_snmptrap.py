"""SNMP notifications to Net-SNMP's own receiver (Debian: snmptrapd), and to nobody."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mon.alerts import snmptrap
from mon.alerts.snmptrap import PLAYPEN, preview, send, verify

from mon.errors import BadOption, Undeliverable
from mon.model.notice import AlertType, HostReport, Notice
from mon.model.result import OpStatus
from mon.render import Render
from mon.structs import replace

pytest.importorskip("pysnmp")
SNMPTRAPD = shutil.which("snmptrapd", path=f"{os.environ['PATH']}:/usr/sbin")
SECRET = "s3cr3t-passphrase"
NOTICE = Notice(
    AlertType.FAILURE, "web", "http", "p", 1_700_000_000.0, 1, OpStatus.FAIL, "web1", "web1\nrefused\n",
    ("web1", "web2"), (HostReport("web1", "down", "refused"),), first_failure=1_699_999_000.0,
)  # fmt: skip
PLAIN: dict[str, Any] = {
    "community": "public", "oid": PLAYPEN, "user": "", "auth": "sha1", "password": "", "priv": "aes",
    "key": "", "zone": "",
}  # fmt: skip


class Nms:
    """A running snmptrapd and what it wrote down."""

    def __init__(self, log: Path, port: int) -> None:
        self.log = log
        self.place = f"127.0.0.1:{port}"

    def line(self) -> str:
        """The notification that arrived."""
        end = time.monotonic() + 10
        while "8072.9999" not in (said := self.log.read_text()):
            assert time.monotonic() < end, said
            time.sleep(0.05)
        return said


def is_up(nms: Nms, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, nms.log.read_text()
    return "NET-SNMP version" in nms.log.read_text()


@pytest.fixture
def nms(tmp_path: Path, udp_port: int) -> Iterator[Nms]:
    if SNMPTRAPD is None:
        pytest.skip("needs snmptrapd")
    (tmp_path / "snmptrapd.conf").write_text(
        "authCommunity log s3cr3t-community\nauthUser log mon\n"
        f'createUser mon SHA "{SECRET}" AES "{SECRET}-key"\n'
    )
    made = Nms(tmp_path / "log", udp_port)
    command = [SNMPTRAPD, "-f", "-Lo", "-On", "-C", "-c", str(tmp_path / "snmptrapd.conf"), "-m", ""]
    with made.log.open("wb") as log:
        process = subprocess.Popen(
            [*command, f"udp:{made.place}"],
            stdout=log,
            stderr=log,
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path / "kept")},
        )
    try:
        while not is_up(made, process):
            time.sleep(0.05)
        yield made
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def word(tmp_path: Path) -> Callable[[str], str]:
    def written(text: str) -> str:
        file = tmp_path / f"word{len(text)}"
        file.write_text(f"{text}\n")
        file.chmod(0o600)
        return f"@{file}"

    return written


def test_a_trap_has_its_number_and_values(nms: Nms, word: Callable[[str], str]) -> None:
    assert send(NOTICE, [nms.place], community=word("s3cr3t-community"), render=Render()) == "told 1"
    said = nms.line()
    assert f".1.3.6.1.6.3.1.1.4.1.0 = OID: .{PLAYPEN}.0.1\t" in said
    fact, at, seen = "DOWN web/http: web1 (1 of 2)", "2023-11-14T22:13:20Z", "web1 is down: refused"
    values = ("web", "http", fact, "web1", "fail", at, seen, "web/http/1699999000")
    for number, value in enumerate(values, 1):
        assert f'.{PLAYPEN}.1.{number}.0 = STRING: "{value}' in said


def test_an_inform_by_version_3_is_encrypted_and_confirmed(nms: Nms, word: Callable[[str], str]) -> None:
    keys = {"user": "mon", "password": word(SECRET), "key": word(f"{SECRET}-key")}
    send(replace(NOTICE, type=AlertType.UP), [nms.place], **keys, render=Render())
    assert f"OID: .{PLAYPEN}.0.2\t" in nms.line()


def test_a_wrong_password_is_tried_again_and_not_shown(nms: Nms, word: Callable[[str], str]) -> None:
    wrong = {"user": "mon", "password": word(SECRET + "x"), "key": word(f"{SECRET}-key")}
    with pytest.raises(Undeliverable, match="Wrong SNMP PDU digest") as raised:
        send(NOTICE, [nms.place], **wrong, render=Render())
    assert not raised.value.permanent and SECRET not in str(raised.value)


def test_who_does_not_confirm_is_tried_again_and_nobody_else(
    nms: Nms, word: Callable[[str], str], silent_port: int
) -> None:
    silent = f"127.0.0.1:{silent_port}"
    options = {"community": word("s3cr3t-community"), "inform": True, "timeout": 0.3, "render": Render()}
    with pytest.raises(Undeliverable, match=f"{silent}: No SNMP response received") as raised:
        send(NOTICE, [nms.place, silent], **options)
    assert not raised.value.permanent and raised.value.left == (silent,)
    assert send(replace(NOTICE, left=(nms.place,)), [silent, nms.place], **options) == "told 1"
    assert nms.line().count("8072.9999.9999.0.1\t") == 2


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(Undeliverable, match=r"nobody\.invalid: ") as raised:
        send(NOTICE, ["nobody.invalid"], render=Render())
    assert not raised.value.permanent


def test_values_fit_into_one_datagram() -> None:
    flood = replace(NOTICE, watch="w" * 9000, summary="é" * 9000, output="s\n" + "é" * 90_000)
    shown = preview(flood, PLAIN, Render())
    assert len(shown.encode()) < 1472 and "�" not in shown


def test_the_preview_is_what_is_sent() -> None:
    lines = preview(NOTICE, PLAIN, Render()).splitlines()
    assert lines[0] == f"{PLAYPEN}.0.1"
    assert lines[3] == f"{PLAYPEN}.1.3.0 = DOWN web/http: web1 (1 of 2)"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"oid": "enterprises.9"}, "write it in numbers"),
        ({"auth": "rot13"}, "it takes md5, sha1"),
        ({"user": "mon", "password": SECRET}, "many read it"),
        ({"password": "@/x"}, "add --user NAME"),
        ({"zone": "Berlin"}, "there is no time zone Berlin"),
    ],
)
def test_what_cannot_work_is_said_when_the_file_is_read(options: dict[str, str], why: str) -> None:
    with pytest.raises(BadOption, match=why) as raised:
        verify({**PLAIN, **options})
    assert SECRET not in str(raised.value)


def test_a_secret_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "word").write_text(SECRET)
    (tmp_path / "word").chmod(0o644)
    assert "can be read by everybody" in verify({**PLAIN, "community": f"@{tmp_path}/word"})[0]


def test_every_type_has_a_number_of_its_own() -> None:
    assert sorted(snmptrap.NUMBERS.values()) == list(range(1, len(AlertType) + 1))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysnmp.hlapi.v3arch.asyncio", None)
    with pytest.raises(Undeliverable, match=r"pip install mon\[snmptrap\]") as raised:
        send(NOTICE, ["127.0.0.1"], render=Render())
    assert not raised.value.permanent
