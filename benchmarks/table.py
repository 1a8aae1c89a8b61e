"""One table of everything that is measured: what `make bench` runs.

    python benchmarks/table.py [--write FILE] [NAME...]

Each name is a file beside this one with a function ``rows() -> list[Row]``; it runs in a process of its own,
so that no benchmark inherits another's memory.  ``--write`` also puts the table into FILE, between the lines
``<!-- bench -->`` and ``<!-- /bench -->``.

A benchmark builds its rows with ``at_most``, ``at_least`` and ``noted`` (no aim), and ends with
``if __name__ == "__main__": show(rows())``.
"""

import argparse
import dataclasses
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

BENCHMARKS = (
    "http_daemon",
    "protocols",
    "ping_sweep",
    "programs",
    "executables",
    "operators",
    "workers",
    "timetable",
    "reaction",
    "reload",
    "growth",
    "soak",
    "start",
    "outbox",
)
"""The files of the whole table, in its order: add yours once it has ``rows``."""

LIBRARIES = ("apscheduler", "msgspec", "pyroute2", "requests", "jinja2", "uvloop")

LIMIT = 600.0
"""Seconds until a benchmark is given up."""

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
HEADINGS = ("subject", "measured", "aim", "met", "note")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured.  ``aim`` is words such as ``<= 120``; ``met`` is None without one."""

    subject: str
    measured: float
    unit: str
    aim: str = ""
    met: bool | None = None
    note: str = ""


def at_most(subject: str, measured: float, unit: str, aim: float, note: str = "") -> Row:
    """A row whose measure should not be above ``aim``."""
    return Row(subject, measured, unit, f"<= {number(aim)}", measured <= aim, note)


def at_least(subject: str, measured: float, unit: str, aim: float, note: str = "") -> Row:
    """A row whose measure should not be below ``aim``."""
    return Row(subject, measured, unit, f">= {number(aim)}", measured >= aim, note)


def noted(subject: str, measured: float, unit: str, note: str = "") -> Row:
    """A row without an aim."""
    return Row(subject, measured, unit, note=note)


def failed(subject: str, why: str) -> Row:
    """A row for what could not be measured at all: its aim is missed."""
    return Row(subject, float("nan"), "", met=False, note=why)


def show(rows: Iterable[Row]) -> None:
    """Print rows as a table."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a table of a document."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def number(value: float) -> str:
    """Three digits that matter, thousands apart: 12,345, 1.23, 0.0123."""
    if value != value:  # NaN: nothing was measured
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> list[tuple[str, str]]:
    """Where this was measured: words for each of machine, kernel, Python, libraries, commit."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    cores = len(os.sched_getaffinity(0))
    return [
        ("machine", f"{model}, {cores} core{'s' * (cores != 1)}"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("libraries", ", ".join(_library(name) for name in LIBRARIES)),
        ("commit", _commit()),
        ("date", time.strftime("%Y-%m-%d")),
    ]


def main(names: Sequence[str], write: Path | None) -> int:
    """Run the benchmarks one after another and print the table; 0 if each could be measured."""
    rows = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += run(name)
    about = machine()
    for word, what in about:
        print(f"{word:<10} {what}")
    print()
    show(rows)
    if write:
        put(
            write,
            BEGIN,
            END,
            "\n".join(f"- {word}: {what}" for word, what in about) + "\n\n" + markdown(rows),
        )
    return int(any(row.measured != row.measured for row in rows))


def run(name: str) -> list[Row]:
    """The rows of one benchmark, run in a process of its own."""
    with tempfile.NamedTemporaryFile("r", prefix="mon-bench-") as said:
        words = [sys.executable, __file__, "--one", said.name, name]
        try:
            status = subprocess.run(words, stdout=sys.stderr, timeout=LIMIT, check=False).returncode
        except subprocess.TimeoutExpired:
            return [failed(name, f"not done after {LIMIT:g} s")]
        text = said.read()
    if status or not text:
        return [failed(name, f"ended with status {status}")]
    return [Row(**row) for row in json.loads(text)]


def put(file: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two lines of a file."""
    head, _, rest = file.read_text().partition(begin + "\n")
    _, found, tail = rest.partition(end)
    if not found:
        raise SystemExit(f"{file} has no lines {begin} and {end}")
    file.write_text(f"{head}{begin}\n{text}\n{end}{tail}")


def _one(name: str, file: Path) -> None:
    rows: list[Row] = importlib.import_module(name).rows()
    file.write_text(json.dumps([dataclasses.asdict(row) for row in rows]))


def _cells(row: Row) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: ""}[row.met]
    return (row.subject, f"{number(row.measured)} {row.unit}".strip(), row.aim, met, row.note)


def _library(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"


def _commit() -> str:
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        head = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True)
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], check=False).returncode
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + " with changes" * bool(changed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run benchmarks and print one table.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into FILE as well")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(BENCHMARKS))
    given = parser.parse_args()
    if given.one:
        _one(given.names[0], given.one)
    else:
        sys.exit(main([Path(name).stem for name in given.names], given.write))
