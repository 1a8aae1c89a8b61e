"""Laws 4, 5 and 8 of DESIGN §3, and what must not depend on the wall clock, over invented histories."""

from hypothesis import given
from hypothesis import strategies as st

from mon.engine import Step
from mon.model.config import AlertKind
from mon.model.result import OpStatus

WEB = ("web", "http")
STATIC: dict[str, str] = {}

PERIODS = [
    "alert down; upalert up",
    "alert down; alert exit=2 two; upalert up; upalert up too",
    "alertafter 2; alert down; upalert up",
    "alertafter 3s; alert down; upalert up",
    "alertafter 2 2h; alert down; upalert up",
    "alertevery 5s; alert down; upalert up",
    "alertevery 5s strict; alert down; upalert up",
    "numalerts 1; alert down; upalert up; upalertafter 3s",
    "startupalert hello; alertexitrange 1; alert down; upalert up; ackalert known",
    "no_comp_alerts; alertafter 2; alert down; upalert up; ackalert known",
]
EVENTS = st.lists(
    st.sampled_from(
        ["0|", "1|a", "1|b", "2|a", "wait", "ack", "startup", "stop", "start", "disable", "enable", "clear",
         "trap 0", "trap 1", "set ok", "set fail"]
    ),
    max_size=25,
)  # fmt: skip


def perform(p, event):
    """One event on the stage; the step it leads to."""
    step = performed(p, event)
    return step if isinstance(step, Step) else Step()


def performed(p, event):
    """What the call for the event gives back."""
    book, now = p.book, p.clock.advance(1)
    if event[0].isdigit():
        p.run(event)
        return p.step
    if event == "ack" and p.state.opstatus is not OpStatus.OK and p.state.opstatus is not OpStatus.UNTESTED:
        return book.ack(WEB, "ann", "known", now, STATIC)
    if event.startswith("trap"):
        return book.trap(WEB, int(event[-1]), "said\n\n", now, STATIC)
    if event.startswith("set"):
        return book.set_opstatus(WEB, OpStatus[event.split()[1].upper()], now)
    plain = {
        "startup": lambda: book.startup(WEB, now, STATIC),
        "stop": lambda: book.stop(now),
        "start": book.start,
        "disable": lambda: book.disable_watch("web"),
        "enable": lambda: book.enable_watch("web"),
        "clear": lambda: book.clear_timers(WEB, now),
        "wait": lambda: p.clock.advance(7),
    }
    return plain.get(event, lambda: None)()


@given(period=st.sampled_from(PERIODS), events=EVENTS)
def test_each_failing_result_and_each_transition_decides_once_on_each_line(play, period, events):
    p = play(period)
    for event in events:
        step = perform(p, event)
        failing = event in ("1|a", "1|b", "2|a", "trap 1")
        if not failing and not step.transitions:
            continue
        bad = failing or step.transitions[-1].new == "fail"
        kind = AlertKind.ALERT if bad else AlertKind.UPALERT
        lines = p.book.services[WEB].periods[0].of_kind(kind)
        assert [decision.line for decision in step.decisions] == list(lines)
        assert all(decision.rule and decision.why for decision in step.decisions)


@given(period=st.sampled_from(PERIODS[:-1]), events=EVENTS)
def test_an_upalert_follows_an_alert_since_the_last_success(play, period, events):
    p, alerted = play(period), False
    for event in events:
        step = perform(p, event)
        for decision in step.sent:
            if decision.type == "up":
                assert alerted
            elif decision.type != "startup":
                alerted = True
        if event in ("0|", "trap 0"):
            alerted = False


@given(period=st.sampled_from(PERIODS), events=EVENTS)
def test_no_counter_is_ever_negative(play, period, events):
    p = play(period)
    for event in events:
        perform(p, event)
        counters = p.state.in_period("wd {Sun-Sat}")
        assert min(counters.sent, counters.fail_count, p.state.consec_failures, p.state.failures) >= 0


@given(period=st.sampled_from(PERIODS), events=EVENTS)
def test_a_reload_of_the_same_file_changes_nothing(play, period, events):
    p = play(period)
    for event in events:
        perform(p, event)
    before = p.state
    changes = p.book.reload(play(period).book.config, p.clock())
    assert (changes.kept, p.state) == ((WEB,), before)


@given(period=st.sampled_from(PERIODS), events=EVENTS)
def test_saving_and_restoring_at_once_changes_nothing(play, period, events):
    p, other = play(period), play(period)
    for event in events:
        perform(p, event)
    saved = p.book.snapshot(WEB)
    other.book.restore({WEB: saved}, saved.at.wall, saved.at)
    assert other.state == saved


@given(period=st.sampled_from(PERIODS), events=EVENTS, seconds=st.floats(-1e6, 1e6))
def test_a_step_of_the_wall_clock_changes_no_decision(play, period, events, seconds):
    p, stepped = play(period), play(period)
    for number, event in enumerate(events):
        if number == len(events) // 2:
            stepped.clock.step_wall(seconds)
        steps = perform(p, event), perform(stepped, event)
        rules = [[(d.rule, d.why) for d in step.decisions] for step in steps]
        assert rules[0] == rules[1]
