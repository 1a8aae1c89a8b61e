"""Nothing is left out silently: where MON_TEST_STRICT=1 (or CI=true), a test that is skipped has failed.

What cannot be here because it is elsewhere (ELSEWHERE) is not collected, and that is said in a line.
"""

import os
import sys
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

# A busy machine is slow at making examples, too: no test depends on speed.
hypothesis.settings.register_profile(
    "mon", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("mon")

STRICT = os.environ.get("MON_TEST_STRICT") == "1" or os.environ.get("CI") == "true"
TOP = Path(__file__).parents[1]

sys.path.insert(0, str(Path(__file__).parent))  # what several rooms use: disk.py

KERNEL = Path("/proc/net/ip_vs").exists()
CORPUS = (TOP.parent / "shared" / "corpus").exists()

ELSEWHERE = {
    piece: why
    for piece, here, why in (
        ("tests/balancer/test_ipvs.py", KERNEL, "the kernel here has no ip_vs; tests/lab boots one that has"),
        ("tests/balancer/test_contract.py::*[ipvs", KERNEL, "as above"),
        ("tests/balancer/test_ipvsadm.py::*sees_what_netlink_sees", KERNEL, "as above"),
        (
            "tests/classic/test_corpus_plugins.py",
            CORPUS and os.geteuid() == 0,
            "as below, or we are not root",
        ),
        ("tests/config/test_corpus.py", CORPUS, "the files of other programs it reads are not in this tree"),
    )
    if not here
}
"""A file, or a file and a piece of its tests' names -> why it does not run on this machine."""

EXCUSED = ("the kernel here has ip_vs",) if KERNEL else ("the kernel here has no ip_vs",)
"""Pieces of reasons for which a test may skip itself even so: tests/lab and the host run the same files."""


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Files that are for elsewhere."""
    return True if str(collection_path).removeprefix(f"{TOP}/") in ELSEWHERE else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Single tests that are for elsewhere."""
    marks = [piece.split("::*") for piece in ELSEWHERE if "::*" in piece]
    away = [item for item in items if any(all(part in item.nodeid for part in mark) for mark in marks)]
    items[:] = [item for item in items if item not in away]
    config.hook.pytest_deselected(items=away)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what did not run here."""
    for piece, why in ELSEWHERE.items():
        terminalreporter.write_line(f"NOT HERE {piece.replace('::*', ' ')}: {why}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself."""
    report = yield
    if not hasattr(report, "wasxfail"):
        refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file that skips itself."""
    report = yield
    refuse(report)
    return report


def refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip without excuse into a failure."""
    if not (STRICT and report.skipped and isinstance(report.longrepr, tuple)):
        return
    reason = str(report.longrepr[2]).removeprefix("Skipped: ")
    if not any(piece in reason for piece in EXCUSED):
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may be skipped here: {reason}"
