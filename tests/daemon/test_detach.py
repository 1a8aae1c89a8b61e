"""The pid file: ours as long as we run, and never a way to write somewhere else."""

import os
import stat
from pathlib import Path

from mon.daemon.detach import pid_file


def test_it_is_there_while_we_run_and_everybody_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "mon.pid"
    with pid_file(path):
        assert path.read_text() == f"{os.getpid()}\n" and stat.S_IMODE(path.stat().st_mode) & 0o022 == 0
    assert not path.exists()


def test_a_link_in_its_place_is_replaced_and_what_it_points_to_left_alone(tmp_path: Path) -> None:
    victim, path = tmp_path / "passwd", tmp_path / "mon.pid"
    victim.write_text("root")
    path.symlink_to(victim)
    with pid_file(path):
        assert not path.is_symlink()
    assert victim.read_text() == "root"


def test_one_that_another_mon_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "mon.pid"
    with pid_file(path):
        path.write_text("1\n")
    assert path.read_text() == "1\n"


def test_without_a_pid_file_there_is_none() -> None:
    with pid_file(None):
        pass
