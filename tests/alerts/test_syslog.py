"""Lines arrive in a real socket, in the form that syslog has."""

import re
import socket
from pathlib import Path

import pytest
from mon.alerts.syslog import send, verify

from mon.errors import BadOption, Undeliverable
from mon.model.notice import AlertType, Notice
from mon.model.result import OpStatus
from mon.render import Render
from mon.structs import replace

NOTICE = Notice(
    AlertType.FAILURE, "web", "http", "p", 1_700_000_000.0, 1, OpStatus.FAIL, "web1", "web1\nrefused\nby it\n"
)


def test_a_line_goes_to_the_local_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        send(NOTICE, socket_path=str(tmp_path / "log"), facility="local0", render=Render())
        send(replace(NOTICE, type=AlertType.UP), socket_path=str(tmp_path / "log"), render=Render())
        assert re.fullmatch(rb"<131>mon\[\d+\]: DOWN web/http: web1 refused by it", log.recv(4096))
        assert log.recv(4096).startswith(b"<29>mon[")  # daemon.notice


def test_another_machine_gets_rfc_5424() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(("127.0.0.1", 0))
        send(NOTICE, host="127.0.0.1", port=log.getsockname()[1], render=Render())
        line = log.recv(4096).decode()
    assert re.fullmatch(
        r"<27>1 2023-11-14T22:13:20\.000Z \S+ mon \d+ failure - \ufeffDOWN web/http: web1 refused by it", line
    )


def test_by_tcp_lines_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as log:
        send(NOTICE, host="127.0.0.1", port=log.getsockname()[1], tcp=True, render=Render())
        with log.accept()[0] as stream:
            data = stream.makefile("rb").read()
    length, _, line = data.partition(b" ")
    assert len(line) == int(length) and line.startswith(b"<27>1 ")


def test_a_flood_becomes_one_line_that_every_receiver_takes(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        send(
            replace(NOTICE, output="x\n" + "é\n" * 100_000),
            socket_path=str(tmp_path / "log"),
            render=Render(),
        )
        line = log.recv(1 << 20)
    assert len(line) <= 2000 and b"\n" not in line
    assert line.decode()


def test_a_syslog_that_is_away_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Undeliverable, match="No such file") as raised:
        send(NOTICE, socket_path=str(tmp_path / "log"), render=Render())
    assert not raised.value.permanent


def test_a_facility_that_is_none_is_refused() -> None:
    with pytest.raises(BadOption, match="there is no facility local9: write one of kern"):
        verify({"facility": "local9"})
    verify({"facility": "local7"})
