"""Traps that we send are those that we take, and that the classic mon took."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mon.alerts.trap import datagram, deliver, send, verify

from mon.control.datagrams import parse
from mon.errors import BadOption, Undeliverable
from mon.model.notice import AlertType, Notice
from mon.model.result import OpStatus
from mon.structs import replace


def notice(summary: str = "web1 down", detail: str = "it's\nso\n", **more: object) -> Notice:
    words: dict[str, object] = {"status": 3, "opstatus": OpStatus.FAIL, **more}
    return Notice(
        AlertType.FAILURE, "web", "http", "p", 1.0, summary=summary, output=f"{summary}\n{detail}", **words
    )  # type: ignore[arg-type]


@pytest.fixture
def line() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(5)
        yield line


def address(line: socket.socket) -> str:
    return f"127.0.0.1:{line.getsockname()[1]}"


def test_a_failure_arrives_as_it_was(line: socket.socket) -> None:
    send(notice(), [address(line)], user="joe", password="geheim")
    trap = parse(line.recv(70_000))
    assert (trap.group, trap.service, trap.status) == ("web", "http", 3)
    assert (trap.summary, trap.detail, trap.user, trap.password) == ("web1 down", "it's\nso", "joe", "geheim")


def test_the_variables_of_the_service_say_who_sends(line: socket.socket) -> None:
    both = notice(environment={"MON_TRAP_USER": "ann", "MON_TRAP_PASS": "x y"})
    send(both, [address(line)], user="joe", password="geheim")
    trap = parse(line.recv(70_000))
    assert (trap.user, trap.password) == ("ann", "x y")


@given(st.text(max_size=100), st.text(max_size=100))
def test_any_text_without_backslashes_survives(summary: str, detail: str) -> None:
    summary, detail = (
        text.replace("\\", "/").encode("utf-8", "replace").decode() for text in (summary, detail)
    )
    summary = summary.replace("\n", " ")
    trap = parse(datagram(notice(summary, detail), "", ""))
    assert (trap.summary, trap.detail) == (summary, detail.removesuffix("\n"))


def test_a_detail_that_is_too_long_is_cut_between_two_characters(line: socket.socket) -> None:
    send(notice(detail="ü " * 100_000), [address(line)])
    data = line.recv(70_000)
    assert len(data) < 65_000
    assert parse(data).detail.startswith("ü ü ü ")


def test_who_does_not_listen_is_named_and_tried_again(line: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        nobody = address(gone)
    with pytest.raises(Undeliverable, match=f"^nobody listens for traps at {nobody}$") as raised:
        send(notice(), [address(line), nobody])
    assert not raised.value.permanent and raised.value.left == (nobody,)
    assert parse(line.recv(70_000)).summary == "web1 down"
    send(replace(notice(), left=(address(line),)), [address(line), nobody])
    assert parse(line.recv(70_000)).summary == "web1 down"


def test_a_name_that_is_none_is_told() -> None:
    assert deliver(b"x", "no.such.name.invalid").startswith("no.such.name.invalid: ")


def test_what_cannot_work_is_said_when_the_file_is_read() -> None:
    with pytest.raises(BadOption, match="no host is named"):
        verify({"hosts": []})
    assert verify({"hosts": ["a"], "password": "@/nonexistent"})
    assert "a password stands in the file" in verify({"hosts": ["a"], "password": "x"})[0]
    assert verify({"hosts": ["a"], "password": ""}) == []
