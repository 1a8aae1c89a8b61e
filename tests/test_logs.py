"""One line per event, wherever it goes."""

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mon.logs import JsonLine, PlainLine, set_up


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield root
    for output in set(root.handlers) - set(before):
        root.removeHandler(output)
        output.close()
    root.setLevel(level)


def say(message: str, *, level: int = logging.INFO, **extra: object) -> None:
    logging.getLogger("mon").log(level, "%s", message, extra=extra)


def test_an_event_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    say("web/http: ok -> fail", level=logging.WARNING)
    assert capsys.readouterr().err.endswith(" WARNING web/http: ok -> fail\n")


def test_a_line_break_in_a_message_makes_no_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    say("it said\r\nERROR forged")
    assert capsys.readouterr().err.count("\n") == 1


def test_details_are_logged_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    say("held", level=logging.DEBUG)
    assert capsys.readouterr().err == ""
    set_up(debug=True)
    say("held", level=logging.DEBUG)
    assert "held" in capsys.readouterr().err


def test_setting_up_twice_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    set_up()
    say("once")
    assert capsys.readouterr().err.count("once") == 1


def test_json_has_the_event_and_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(json=True)
    say(
        "web/http: ok -> fail", event="transition", fields={"watch": "web", "new": "fail", "path": Path("/x")}
    )
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "transition",
        "message": "web/http: ok -> fail",
        "watch": "web",
        "new": "fail",
        "path": "/x",
    }


def test_a_field_does_not_hide_what_every_line_has() -> None:
    record = logging.LogRecord("mon", logging.INFO, "", 0, "said", None, None)
    record.fields = {"message": "forged", "level": "x"}
    line = json.loads(JsonLine().format(record))
    assert (line["message"], line["level"], line["event"]) == ("said", "info", "mon")


@pytest.mark.parametrize("form", [JsonLine(), PlainLine()])
def test_a_traceback_is_kept(form: logging.Formatter) -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        record = logging.LogRecord("mon", logging.ERROR, "", 0, "oh", None, (type(error), error, None))
    assert "RuntimeError: broken" in form.format(record)


def test_syslog_gets_name_and_facility(tmp_path: Path) -> None:
    device = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(device))
        set_up(facility="local3", device=str(device))
        say("web/http: ok -> fail")
        assert syslog.recv(1000) == b"<158>mon: web/http: ok -> fail"  # 19 * 8 + 6


def test_a_huge_event_is_cut_for_syslog_rather_than_lost(tmp_path: Path) -> None:
    device = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(device))
        set_up(facility="daemon", device=str(device))
        say("x" * 1_000_000)
        assert syslog.recv(100_000).endswith(b"xx ...")


def test_an_unknown_facility_is_said_and_becomes_daemon(tmp_path: Path) -> None:
    device = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(device))
        set_up(facility="nonsense", device=str(device))
        assert syslog.recv(1000) == b"<28>mon: syslog has no facility 'nonsense': logging to daemon"


def test_without_syslog_lines_go_to_stderr_and_say_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    set_up(facility="daemon", device=str(tmp_path / "nothing"))
    say("still here")
    told = capsys.readouterr().err
    assert "no syslog at" in told
    assert "still here" in told
