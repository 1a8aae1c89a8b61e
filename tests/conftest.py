"""Nothing is left out silently: where MON_TEST_STRICT=1 (or CI=true), a test that is skipped has failed."""

import os
from collections.abc import Generator

import pytest

STRICT = os.environ.get("MON_TEST_STRICT") == "1" or os.environ.get("CI") == "true"

EXCUSED = {
    "the kernel here has no ip_vs": "tests/lab runs the same file where there is one",
    "the kernel here has ip_vs": "the same file runs where there is none",
    "corpus": "files of other programs that are no part of this repository",
}
"""What may be skipped even so, by a piece of its reason; and why."""


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
