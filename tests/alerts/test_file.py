"""One line, one write; what cannot be written is said and tried again."""

import os
import threading
from pathlib import Path

import pytest
from mon.alerts.file import append, send

from mon.errors import Undeliverable
from mon.model.notice import AlertType, Notice
from mon.model.result import OpStatus
from mon.render import Render

NOTICE = Notice(AlertType.FAILURE, "web", "http", "p", 1.0, 1, OpStatus.FAIL, "web1", "web1\nrefused\n")


def test_a_line_is_appended(tmp_path: Path) -> None:
    log = tmp_path / "alerts.log"
    log.write_text("before\n")
    send(NOTICE, [str(log)], render=Render())
    before, line = log.read_text().splitlines()
    assert before == "before" and line.endswith("DOWN web/http: web1 | refused")


def test_a_relative_file_lies_in_the_directory(tmp_path: Path) -> None:
    send(NOTICE, ["a.log"], directory=str(tmp_path), render=Render())
    assert (tmp_path / "a.log").exists()


def test_a_template_of_ones_own_is_used_and_kept_to_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.j2").write_text("{{ notice.watch }}\n{{ notice.summary }}\n")
    send(NOTICE, [str(tmp_path / "a.log")], template="mine.j2", render=Render([tmp_path]))
    assert (tmp_path / "a.log").read_text() == "web web1\n"


def test_a_broken_template_costs_no_line(tmp_path: Path) -> None:
    (tmp_path / "mine.j2").write_text("{{ nobody }}")
    send(NOTICE, [str(tmp_path / "a.log")], template="mine.j2", render=Render([tmp_path]))
    assert "web/http: web1 (template mine.j2" in (tmp_path / "a.log").read_text()


def test_lines_of_several_writers_never_mix(tmp_path: Path) -> None:
    path = str(tmp_path / "a.log")
    writers = [
        threading.Thread(target=lambda c=c: [append(path, c * 3000) for _ in range(50)]) for c in "abcd"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = Path(path).read_text().splitlines()
    assert len(lines) == 200 and all(len(line) == 3000 and len(set(line)) == 1 for line in lines)


def test_a_directory_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Undeliverable, match="No such file") as raised:
        append(str(tmp_path / "gone" / "a.log"), "x")
    assert not raised.value.permanent


def test_a_full_disk_is_tried_again() -> None:
    with pytest.raises(Undeliverable, match="No space left"):
        append("/dev/full", "x")


def test_a_fifo_that_nobody_reads_does_not_hold_the_thread(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Undeliverable, match="No such device"):
        append(str(tmp_path / "fifo"), "x")


@pytest.mark.parametrize("paths", [[], ["a", "b"]])
def test_there_is_exactly_one_file(paths: list[str]) -> None:
    with pytest.raises(Undeliverable, match="exactly one") as raised:
        send(NOTICE, paths, render=Render())
    assert raised.value.permanent
