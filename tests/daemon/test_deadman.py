"""The heartbeat of the alerting path stops when any part of it stalls."""

from typing import Any

import pytest

from mon.daemon.deadman import Checked, stalled

NOW = 100_000.0
WELL: dict[str, Any] = {
    "running": True, "since": 0.0, "checks": [Checked(NOW - 5, 10.0)], "overdue": 0.0, "disk": "",
    "balancers": [("web", "")],
}  # fmt: skip


def test_all_is_well() -> None:
    assert stalled(NOW, **WELL) == ""


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"running": False}, "the scheduler is stopped"),
        ({"checks": [Checked(NOW - 95, 10.0)]}, "nothing was checked for 65 s longer"),
        ({"overdue": 61.0}, "the outbox has not moved for 61 s"),
        ({"disk": "disk full"}, "the outbox cannot be written: disk full"),
        ({"balancers": [("web", ""), ("mail", "no answer")]}, "pool mail: no answer"),
    ],
)
def test_what_stalls_is_said(what: dict[str, Any], said: str) -> None:
    assert said in stalled(NOW, **WELL | what)


@pytest.mark.parametrize(
    "what",
    [
        {"checks": [Checked(NOW - 9000, 10.0), Checked(NOW - 1, 10.0)]},  # one that hangs is not all of them
        {"overdue": 5.0},  # a busy second
        {"since": NOW - 10, "checks": [Checked(0.0, 10.0)]},
        {"checks": []},
    ],
)
def test_what_only_looks_like_it_is_well(what: dict[str, Any]) -> None:
    assert stalled(NOW, **WELL | what) == ""
