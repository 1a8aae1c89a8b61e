"""The journal and `mon why SERVER` in words; a pool with its quorum."""

from typing import Any

from mon.cli.journal import clock, told
from mon.cli.pool import table

AT = 1_700_000_000.0
DEED: dict[str, Any] = {
    "at": AT,
    "pool": "web",
    "what": "weight 10 -> 0",
    "why": "out: web/http down (refused)",
    "trigger": "web/http: w1 down",
    "server": "10.0.0.1:80",
    "name": "w1",
    "said": "",
    "evidence": ["vote of web/http down (refused)", "floor: none; 1 of 2 are in"],
}
POOL: dict[str, Any] = {
    "name": "web",
    "virtual": "tcp 10.0.0.9:80",
    "scheduler": "wlc",
    "balancer": "memory",
    "servers": [],
    "absent": [],
    "trouble": "",
    "outlook": "",
    "quorum": None,
}


def test_what_was_recorded_is_told_with_its_evidence_and_the_present_behind_it() -> None:
    found = {"recorded": [DEED], "standing": ["web: w1 now"], "trouble": ""}
    assert list(told(found)) == [
        f"web: w1 10.0.0.1:80: weight 10 -> 0, {clock(AT)} (web/http: w1 down)",
        "  out: web/http down (refused)",
        "  the balancer: read back as asked",
        "  vote of web/http down (refused)",
        "  floor: none; 1 of 2 are in",
        "now:",
        "  web: w1 now",
    ]


def test_what_the_balancer_said_and_what_cannot_be_read_is_told() -> None:
    found = {"recorded": [{**DEED, "said": "it has weight 10"}], "standing": [], "trouble": "no disk"}
    lines = list(told(found))
    assert "  the balancer: it has weight 10" in lines and lines[-1] == "! no disk"


def test_a_pool_is_shown_with_its_quorum_its_trouble_and_its_outlook() -> None:
    quorum = {"count": 2, "hysteresis": 1, "healthy": 3, "up": True, "since": AT}
    lines = list(table({**POOL, "quorum": quorum, "trouble": "no answer", "outlook": "nobody"}, AT + 300))
    assert lines[1:4] == ["  ! no answer", "  ! nobody", "  quorum 2, hysteresis 1: there for 5m, 3 healthy"]
    lost = list(table({**POOL, "quorum": {**quorum, "hysteresis": 0, "up": False}}, AT + 300))
    assert lost[1] == "  quorum 2: LOST for 5m, 3 healthy"
    unknown = list(table({**POOL, "quorum": {**quorum, "up": None}}, AT))
    assert "not known yet, 3 healthy" in unknown[1]
