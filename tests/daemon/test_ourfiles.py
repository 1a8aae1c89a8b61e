"""The state directory's lock and the pid file: ours as long as we run, and never a reason not to run."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mon.daemon.ourfiles import OurFiles
from mon.daemon.places import places
from mon.errors import StoreRefused
from mon.model.config import Settings


@contextmanager
def ours(statedir: Path, pid: Path | None = None) -> Iterator[OurFiles]:
    settings = Settings(statedir=str(statedir), pidfile=str(pid) if pid else "")
    files = OurFiles(places(settings, classic=False, environ={}))
    files.begin("")
    yield files
    files.close()


def test_the_pid_file_is_there_while_we_run_and_everybody_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "mon.pid"
    with ours(tmp_path, path):
        assert path.read_text() == f"{os.getpid()}\n" and stat.S_IMODE(path.stat().st_mode) & 0o022 == 0
    assert not path.exists()


def test_a_link_in_its_place_is_replaced_and_what_it_points_to_left_alone(tmp_path: Path) -> None:
    victim, path = tmp_path / "passwd", tmp_path / "mon.pid"
    victim.write_text("root")
    path.symlink_to(victim)
    with ours(tmp_path, path):
        assert not path.is_symlink()
    assert victim.read_text() == "root"


def test_one_that_another_mon_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "mon.pid"
    with ours(tmp_path, path):
        path.write_text("1\n")
    assert path.read_text() == "1\n"


async def test_a_pid_file_that_cannot_be_written_is_said_and_written_later(tmp_path: Path, caplog) -> None:
    path = tmp_path / "run" / "mon.pid"
    with ours(tmp_path, path) as files:
        await files.look()
        assert len(caplog.records) == 1 and "No such file" in caplog.records[0].message
        path.parent.mkdir()
        await files.look()
        assert path.exists()


async def test_a_state_directory_that_cannot_be_made_is_said_and_made_later(tmp_path: Path, caplog) -> None:
    (tmp_path / "var").write_text("a file in its way")
    with ours(tmp_path / "var" / "mon") as files:
        assert len(caplog.records) == 1
        (tmp_path / "var").unlink()
        await files.look()
        assert (tmp_path / "var" / "mon").is_dir()


def test_a_second_daemon_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mon.pid"
    with ours(tmp_path, path):
        with pytest.raises(StoreRefused, match="in use by another mon"), ours(tmp_path, path):
            pass
        assert path.exists()
