"""tests/cf: each file begins with the exact problems it must have, as ``# ERROR: line: what: remedy``."""

from pathlib import Path

import pytest

from mon.config import Parsed, parse
from mon.model.source import Problem, Severity

CF = Path(__file__).parent.parent / "cf"
OTHER = (
    "hostgroup other o1\n\nwatch other\n    service ssh\n        interval 1m\n        monitor ssh.monitor\n"
)


def read(pattern: str, relative_to: str) -> list[tuple[str, str]]:
    """The files that tests/cf includes."""
    files = {
        "none-*.cf": [],
        "self.cf": [(relative_to, "include self.cf\n")],
        "other.cf": [("other.cf", OTHER)],
    }
    if pattern not in files:
        raise FileNotFoundError(2, "No such file or directory")
    return files[pattern]


def parsed(path: Path) -> Parsed:
    return parse(path.read_bytes().decode(), "x.cf", read=read)


def expected(path: Path, severity: Severity) -> list[str]:
    mark = f"# {severity.upper()}: "
    lines = path.read_bytes().decode().split("\n")
    return [line.removeprefix(mark) for line in lines if line.startswith(mark)]


def told(problems: tuple[Problem, ...]) -> list[str]:
    return [str(problem).removeprefix("x.cf:") for problem in problems]


def files(folder: str) -> list[Path]:
    return sorted((CF / folder).glob("*.cf"))


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", files("bad"), ids=name)
def test_a_bad_file_is_refused_with_exactly_these_words(path: Path) -> None:
    assert told(parsed(path).errors) == expected(path, Severity.ERROR) != []


@pytest.mark.parametrize("path", files("warn"), ids=name)
def test_a_doubtful_file_is_taken_with_exactly_these_warnings(path: Path) -> None:
    result = parsed(path)
    assert told(result.errors) == []
    assert told(result.warnings) == expected(path, Severity.WARNING) != []


@pytest.mark.parametrize("path", files("good"), ids=name)
def test_a_good_file_has_no_problems_but_for_the_classic_mon(path: Path) -> None:
    result = parsed(path)
    assert told((*result.errors, *result.warnings)) == []
    assert told(result.classic) == expected(path, Severity.CLASSIC)


def test_there_are_bad_files_enough() -> None:
    assert len(files("bad")) >= 100
