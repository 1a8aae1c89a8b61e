"""Files of ours: not for everybody's eyes, whole or not at all, and never through a strange link."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mon import private


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("write", "expected"),
    [(private.replace, 0o600), (private.append, 0o640), (private.overwrite, 0o644)],
)
def test_the_mode_is_ours_whatever_the_umask(
    tmp_path: Path, write: Callable[[Path, bytes], None], expected: int
) -> None:
    write(tmp_path / "file", b"x")
    assert (mode(tmp_path / "file"), (tmp_path / "file").read_bytes()) == (expected, b"x")


def test_a_directory_that_we_make_is_for_us_and_the_group(tmp_path: Path) -> None:
    private.make_directory(tmp_path / "a" / "state")
    assert mode(tmp_path / "a" / "state") == 0o750
    (tmp_path / "mine").mkdir(mode=0o755)
    private.make_directory(tmp_path / "mine")
    assert mode(tmp_path / "mine") == 0o755


@pytest.mark.parametrize("write", [private.replace, private.overwrite, private.append])
def test_what_a_link_points_to_is_not_touched(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    victim, link = tmp_path / "shadow", tmp_path / "link"
    victim.write_text("secret")
    link.symlink_to(victim)
    if write is private.append:
        with pytest.raises(OSError, match="symbolic link"):
            write(link, b"x")
    else:
        write(link, b"x")
        assert not link.is_symlink() and link.read_bytes() == b"x"
    assert victim.read_text() == "secret"


def test_a_name_that_somebody_took_for_the_new_file_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private.secrets, "token_hex", lambda _: "guessed")
    (tmp_path / "state.guessed.new").symlink_to(tmp_path / "shadow")
    with pytest.raises(FileExistsError):
        private.replace(tmp_path / "state", b"x")
    assert not (tmp_path / "shadow").exists()


def test_trouble_leaves_the_file_of_before_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()  # a directory cannot be replaced by a file
    with pytest.raises(IsADirectoryError):
        private.replace(tmp_path / "state", b"after")
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
