"""Files that people run: against what the real mon made of them."""

import csv
import json
from pathlib import Path

import pytest

from mon.config import Parsed, parse
from mon.config.files import read

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = sorted((CORPUS / "mon.cf").glob("*.cf"))

pytestmark = pytest.mark.skipif(not FILES, reason="the corpus of configuration files is not here")


def verdicts() -> dict[str, str]:
    with (CORPUS / "mon-accepts.tsv").open() as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["file"]: row["without_pam"] or row["verdict"] for row in rows}


def parsed(path: Path) -> Parsed:
    return parse(path.read_text(errors="replace"), path.name, read=read, classic=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_verdict_is_that_of_the_real_mon(path: Path) -> None:
    verdict = verdicts().get(f"mon.cf/{path.name}")
    if verdict is not None:
        assert (not parsed(path).errors) == (verdict == "accept")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_groups_and_services_are_those_of_the_real_mon(path: Path) -> None:
    theirs = json.loads((CORPUS / "mon-accepts-parsed.json").read_text()).get(f"mon.cf/{path.name}")
    if theirs is None:
        return
    config = parsed(path).config
    for name, lines in theirs["groups"].items():
        if lines[0].startswith("hostgroup "):
            assert [host.name for host in config.hosts(name)] == lines[0].split()[2:]
    assert set(config.services) == {(one["group"], one["service"]) for one in theirs["services"]}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_intervals_monitors_and_descriptions_are_those_of_the_real_mon(path: Path) -> None:
    theirs = json.loads((CORPUS / "mon-accepts-parsed.json").read_text()).get(f"mon.cf/{path.name}", {})
    config = parsed(path).config
    for one in theirs.get("services", ()):
        service = config.services[one["group"], one["service"]]
        assert f"{service.interval or ''}".removesuffix(".0") == plain(one["interval"])
        assert (service.monitor.text if service.monitor else "") == plain(one["monitor"])
        assert service.description == plain(one["description"])
        assert f"{service.traptimeout or ''}".removesuffix(".0") == plain(one["traptimeout"])


def plain(shown: str) -> str:
    """A value as the classic protocol shows it: in quotes, odd characters as a backslash and two digits."""
    head, *rest = shown.strip("'").split("\\")
    return head + "".join(chr(int(part[:2], 16)) + part[2:] for part in rest)
