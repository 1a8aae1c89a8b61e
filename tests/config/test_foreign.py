"""Files of other programs given to mon: said what they are, and no mon.cf is taken for one."""

from pathlib import Path

import pytest

from mon.config import load, parse
from mon.config.foreign import KINDS, foreign

TOP = Path(__file__).parents[2]
OURS = sorted((*(TOP / "tests" / "cf" / "good").glob("*.cf"), TOP / "mon.cf"))

SAMPLES = {
    "a keepalived.conf": ("virtual_server 192.0.2.1 80 {", "global_defs {", "vrrp_script chk", "lb_kind DR"),
    "an ldirectord.cf": ("virtual=192.0.2.1:80", "checktimeout = 3", "quiescent=yes"),
    "an haproxy.cfg": ("backend web", "frontend www :80", "defaults", "balance roundrobin"),
    "an nginx.conf": ("upstream web {", "http {", "location / {"),
    "a file of ipvsadm -S": ("-A -t 192.0.2.1:80 -s wlc", "-a -f 7 -r 192.0.2.2:80"),
    "an ha.cf of heartbeat": ("deadtime 10", "auto_failback on", "crm yes"),
    "a file of Nagios": ("define host {", "define service{"),
    "a file of Icinga": ('object Host "web" {', 'apply Service "http" {'),
    "a monitrc": ("check process sshd with pidfile /run/sshd.pid", "set daemon 60"),
    "an auth.cf": ("command section", "trap section"),
    "a file of users": ("joe:$6$salt$hash",),
    "a file of systemd": ("[Unit]", "[Service]"),
    "an INI file": ("[web servers]",),
    "a YAML file": ("---", "- name: web"),
}
"""Kinds, and lines that only their files have."""

WRONG_FILES = {
    "UTF-16": "watch web\n".encode("utf-16"),
    "no text": bytes(40) + bytes(range(1, 200)),
    "gzip": b"\x1f\x8b\x08\x00",
    "a database": b"SQLite format 3\0",
    "a program": b"\x7fELF\x02",
    "a script": b"#!/bin/sh\nexit 0\n",
    "XML": b"<?xml version='1.0'?>\n",
    "JSON": b'{\n  "a": 1\n}\n',
}


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", ["watch web\n", "# Überwacht\nwatch web\n", "# проверка узлов сети\n\nwatch web\n", "#"]
)
def test_wide_letters_are_named_with_and_without_a_mark(codec: str, text: str, tmp_path: Path) -> None:
    for end in (b"", b"\n"):  # an editor of bytes may have put one behind it
        file = tmp_path / "mon.cf"
        file.write_bytes(text.encode(codec) + end)
        (problem,) = load(str(file)).errors
        assert (
            problem.what == f"the file is {codec[:6].upper()}" and problem.remedy == "save it as UTF-8 text"
        )


def test_a_nul_byte_makes_no_wide_text_of_a_file() -> None:
    assert foreign("watch web\n    service http\n        description a\0b\n" * 3) is None


def test_every_kind_has_a_sample() -> None:
    assert set(SAMPLES) == {kind.name for kind in KINDS}


@pytest.mark.parametrize(("name", "line"), [(name, line) for name in SAMPLES for line in SAMPLES[name]])
def test_one_line_shows_whose_file_it_is(name: str, line: str) -> None:
    found = foreign(f"# a comment\n\n  {line}\n")
    assert found is not None
    assert (found[0], found[1].what) == (3, f"this looks like {name}")
    assert found[1].remedy


@pytest.mark.parametrize("name", WRONG_FILES)
def test_a_file_that_is_no_text_of_mon_is_one_error_that_says_what_it_is(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mon.cf"
    file.write_bytes(WRONG_FILES[name])
    (problem,) = load(str(file)).errors
    assert name in problem.what


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_no_mon_cf_is_taken_for_another_programs_file(path: Path) -> None:
    assert foreign(path.read_bytes().decode(errors="surrogateescape")) is None


def test_a_file_with_a_watch_is_ours_whatever_else_it_has() -> None:
    assert foreign("watch web\n    service http\n\nvirtual_server 192.0.2.1 80 {\n") is None


def test_the_classic_command_line_takes_it_as_the_classic_mon_does() -> None:
    result = parse("vrrp_instance x {\n}\n", "mon.cf", read=lambda *_: (), classic=True)
    assert not result.errors
    assert "this looks like a keepalived.conf" in result.warnings[0].what
