"""The table of ``mon status``."""

import pytest

from mon.cli.status import span, table

HOST = {"host": "web1", "verdict": "ok", "detail": "", "since": 90.0, "duration": 0.1, "disabled": False}
SERVICE = {
    "watch": "web", "service": "http", "opstatus": "ok", "summary": "", "hosts": [HOST], "since": 40.0,
    "last_check": 99.0, "next": 0.5, "running": False, "disabled": False, "description": "front page",
    "ack": "", "alerts_sent": 0, "acked": 0.0, "silence": "",
}  # fmt: skip
SERVER = {
    "name": "web1", "address": "10.0.0.1:80", "weight": 0, "wanted": 5, "forward": "masq", "active": 1,
    "inactive": 2, "why": "in: web/http ok",
}  # fmt: skip
POOL = {
    "name": "shop", "virtual": "tcp 10.0.0.9:80", "balancer": "ipvs", "scheduler": "wlc", "trouble": "",
    "servers": [SERVER],
}  # fmt: skip


def shown(*services: dict, pools: tuple[dict, ...] = (), pending: int = 0, **more: object) -> list[str]:
    status = {"now": 100.0, "stopped_since": None, "services": services, "pools": pools, "pending": pending}
    return list(table({**status, **more}, colour=False))


def test_a_service_is_one_line() -> None:
    heading, line = shown(SERVICE)
    assert heading.split() == ["SERVICE", "STATUS", "HOSTS", "FOR", "NEXT", "LAST"]
    assert line.split() == ["web/http", "ok", "1/1", "60s", "0.5s", "front", "page"]


def test_a_host_that_is_not_well_has_a_line_of_its_own() -> None:
    down = {**HOST, "verdict": "down", "detail": "connection refused"}
    lines = shown({**SERVICE, "hosts": [HOST, down], "opstatus": "fail"})
    assert lines[-1].strip() == "web1 down for 10s: connection refused"


def test_what_an_operator_said_is_shown() -> None:
    told = {"disabled": True, "ack": "ann: disk ordered", "acked": 40.0}
    line = shown({**SERVICE, **told, "silence": "silenced by bob until 2026-01-31 14:05: new kernel"})[1]
    assert "(disabled) (acknowledged 60s ago by ann: disk ordered) (silenced by bob until 2026" in line


def test_a_weight_that_is_not_the_wanted_one_is_said() -> None:
    assert "0 (wanted 5)" in shown(SERVICE, pools=(POOL,))[-1]


def test_a_balancer_in_trouble_is_said() -> None:
    assert "  no answer" in shown(SERVICE, pools=({**POOL, "trouble": "no answer"},))


def test_a_disk_that_takes_nothing_is_said() -> None:
    lines = shown(SERVICE, disk="state.db: database or disk is full")
    assert lines[0] == "the state cannot be saved: state.db: database or disk is full"


def test_alerts_that_wait_and_a_stopped_scheduler_are_said() -> None:
    lines = shown(SERVICE, pending=2, stopped_since=40.0)
    assert lines[0] == "the scheduler is stopped since 60s ago"
    assert lines[-1].endswith("2 alerts are waiting to be sent")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0s"), (9.5, "9.5s"), (61, "61s"), (300, "5m"), (9000, "2h"), (3e5, "3d")]
)
def test_a_duration_is_short(seconds: float, text: str) -> None:
    assert span(seconds) == text
