"""The edge: files, include, m4."""

import gc
import shutil
from pathlib import Path

import pytest

from mon.config import load
from mon.config.files import read

WATCH = "hostgroup web h1\n\nwatch web\n    service {0}\n        interval 1m\n        monitor x.monitor\n"


@pytest.fixture
def mon_cf(tmp_path: Path) -> Path:
    return tmp_path / "mon.cf"


def test_a_file_that_is_not_there_is_a_problem_like_any_other(mon_cf: Path) -> None:
    (problem,) = load(str(mon_cf)).errors
    assert problem.what == "the file cannot be read (No such file or directory)"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert load(str(tmp_path)).errors


def test_a_file_may_be_utf_8_or_latin_1(mon_cf: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        mon_cf.write_bytes((WATCH.format("x") + "        description Büro\n").encode(encoding))
        assert load(str(mon_cf)).config.services["web", "x"].description == "Büro"


def test_one_line_of_latin_1_leaves_the_others_as_they_are(mon_cf: Path) -> None:
    text = WATCH.format("x").encode() + "        description Größe\n".encode()
    mon_cf.write_bytes("# von Jörg\n".encode("latin-1") + text)
    found = load(str(mon_cf))
    assert found.config.services["web", "x"].description == "Größe"
    (problem,) = found.warnings
    assert str(problem) == f"{mon_cf}:1: line 1 is no UTF-8, and taken for Latin-1: save the file as UTF-8"


def test_many_lines_of_latin_1_are_one_warning_that_names_them(mon_cf: Path) -> None:
    mon_cf.write_bytes("# ö\n#\n# ü\n".encode("latin-1") + WATCH.format("x").encode())
    (problem,) = load(str(mon_cf)).warnings
    assert problem.what == "lines 1, 3 are no UTF-8, and taken for Latin-1"


def test_a_file_without_an_end_is_refused() -> None:
    (problem,) = load("/dev/zero").errors
    assert "larger than 64 MB" in problem.what


def test_any_bytes_are_read_without_an_exception(mon_cf: Path) -> None:
    mon_cf.write_bytes(bytes(range(256)) * 20)
    assert load(str(mon_cf)).problems


def test_include_is_relative_to_the_file_it_stands_in(tmp_path: Path, mon_cf: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.cf").write_text("include b/b.cf\n")
    (tmp_path / "conf.d" / "b").mkdir()
    (tmp_path / "conf.d" / "b" / "b.cf").write_text(WATCH.format("deep"))
    mon_cf.write_text("include conf.d/a.cf\n")
    found = load(str(mon_cf))
    assert not found.errors
    assert list(found.config.services) == [("web", "deep")]


def test_a_pattern_includes_all_that_match_by_name(tmp_path: Path, mon_cf: Path) -> None:
    for name in ("2.cf", "1.cf", "3.txt"):
        (tmp_path / name).write_text("")
    mon_cf.write_text("")
    assert [Path(name).name for name, _ in read("[0-9].*cf", str(mon_cf))] == ["1.cf", "2.cf"]


def test_a_file_that_includes_itself_is_refused_and_not_read_for_ever(mon_cf: Path) -> None:
    mon_cf.write_text("include mon.cf\n")
    (problem,) = load(str(mon_cf)).errors
    assert "includes itself" in problem.what


def test_an_error_in_an_included_file_names_that_file(tmp_path: Path, mon_cf: Path) -> None:
    (tmp_path / "a.cf").write_text("\nnosuch = 1\n")
    mon_cf.write_text("include a.cf\n")
    (problem,) = load(str(mon_cf)).errors
    assert str(problem.source) == f"{tmp_path}/a.cf:2"


@pytest.mark.parametrize("setting", ["authfile", "userfile"])
def test_a_password_file_must_be_readable(setting: str, mon_cf: Path) -> None:
    mon_cf.write_text(f"\n{setting} = {mon_cf}.nosuch\n")
    (problem,) = load(str(mon_cf)).errors
    assert problem.source.line == 2


def test_a_relative_password_file_may_lie_beside_the_configuration(mon_cf: Path) -> None:
    mon_cf.write_text(f"authfile = auth.cf\n\n{WATCH.format('x')}")
    mon_cf.with_name("auth.cf").write_text("")
    assert not load(str(mon_cf)).errors


def test_a_relative_password_file_may_lie_in_cfbasedir(tmp_path: Path, mon_cf: Path) -> None:
    (tmp_path / "cf").mkdir()
    (tmp_path / "cf" / "auth.cf").write_text("")
    mon_cf.write_text(f"cfbasedir = {tmp_path}/cf\nauthfile = auth.cf\n\n{WATCH.format('x')}")
    assert not load(str(mon_cf)).errors


def test_reading_leaves_garbage_collection_as_it_was(mon_cf: Path) -> None:
    mon_cf.write_text("")
    load(str(mon_cf))
    assert gc.isenabled()


def test_m4_that_cannot_be_started_is_a_problem(mon_cf: Path) -> None:
    mon_cf.write_text("")
    (problem,) = load(str(mon_cf), m4=f"{mon_cf}.nosuch").errors
    assert "cannot be read" in problem.what


needs_m4 = pytest.mark.skipif(shutil.which("m4") is None, reason="m4 is not installed (apt-get install m4)")


@needs_m4
def test_a_name_that_ends_in_m4_goes_through_m4(tmp_path: Path) -> None:
    path = tmp_path / "mon.m4"
    path.write_text("define(`GROUP', `web')dnl\n" + WATCH.format("x").replace("web", "GROUP"))
    assert list(load(str(path)).config.services) == [("web", "x")]


@needs_m4
def test_m4_may_be_named_for_any_file(mon_cf: Path) -> None:
    mon_cf.write_text("define(`X', `http')dnl\n" + WATCH.format("X"))
    assert list(load(str(mon_cf), m4="m4").config.services) == [("web", "http")]


@needs_m4
def test_what_m4_says_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mon.m4"
    path.write_text("m4exit(3)")
    (problem,) = load(str(path)).errors
    assert "m4" in problem.what


def test_nothing_of_the_reading_stays_for_the_collector(mon_cf: Path) -> None:
    """It would be frozen with what was read, and stay for good: a tenth of the memory, at each reload."""
    mon_cf.write_text(
        "hostgroup g h\n\nwatch g\n    service s\n        interval 1m\n        monitor m\n"
        "        period\n        alert a\n"
    )
    load(str(mon_cf))
    gc.collect()
    gc.disable()
    try:
        parsed = load(str(mon_cf))
        found = gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    assert parsed.errors == ()
    assert found == 0
