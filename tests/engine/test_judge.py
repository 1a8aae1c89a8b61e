"""What is written out for speed says the same as what it stands for."""

from mon.engine import judge
from mon.engine.state import Acknowledgement, Outage, PeriodState, Run, ServiceState, Traps
from mon.model.moment import Moment
from mon.model.result import OpStatus, RunResult
from mon.structs import replace

THEN, NOW = Moment(1_000.0, 10.0), Moment(1_060.0, 70.0)
STATE = ServiceState(
    opstatus=OpStatus.OK,
    last_opstatus=OpStatus.FAIL,
    run=Run(0, 990.0, 0.5, 991.0, "fine", "more", "fine\nmore"),
    outage=Outage(),
    acknowledgement=Acknowledgement(),
    traps=Traps(last=5.0),
    periods={"p": PeriodState()},
    depstatus=True,
    failures=3,
    alerts=2,
    failed=THEN,
    failed_summary="web1",
    at=THEN,
)
"""A state in which every field that such a state can have is another one than at the start."""


def test_a_started_check_changes_only_when_it_was_last_checked() -> None:
    assert judge.begun(STATE, NOW) == replace(STATE, run=replace(STATE.run, checked=NOW.wall))


def test_a_good_result_after_a_good_one_changes_only_the_run() -> None:
    result = RunResult("web", "http", 0, "good\ndetail\n", THEN, NOW)
    run = Run(0, THEN.wall, NOW.mono - THEN.mono, NOW.wall, "good", "detail\n", "good\ndetail\n")
    expected = replace(STATE, last_opstatus=OpStatus.OK, run=run, at=NOW)
    assert judge.still_well(STATE, result, NOW) == expected
