"""Order within a lane, fairness between lanes, nobody waits for another destination."""

from hypothesis import given
from hypothesis import strategies as st

from mon.model.config import AlertKind, AlertLine, CommandLine
from mon.model.notice import AlertType, Notice
from mon.model.result import OpStatus
from mon.outbox.entry import Entry
from mon.outbox.lanes import Item, Lanes
from mon.structs import replace

TYPES = {AlertKind.ALERT: AlertType.FAILURE, AlertKind.UPALERT: AlertType.UP}


def entry(
    id: str,
    command: str = "mail.alert ops",
    service: str = "http",
    kind: AlertKind = AlertKind.ALERT,
    action: bool = False,
) -> Entry:
    line = AlertLine(kind, CommandLine(command, tuple(command.split())))
    notice = Notice(TYPES[kind], "web", service, "p", 0.0, 1, OpStatus.FAIL, "", "")
    return Entry(id, "web", service, "p", TYPES[kind], line, notice, action, 0.0)


def put(lanes: Lanes, *entries: Entry, due: float = 0.0) -> list[Item]:
    items = [Item(one, 0.0, due) for one in entries]
    for item in items:
        lanes.add(item)
    return items


def ids(items: list[Item]) -> list[str]:
    return [item.entry.id for item in items]


def test_a_lane_sends_one_after_the_other() -> None:
    lanes = Lanes()
    first, _ = put(lanes, entry("1"), entry("2"))
    assert ids(lanes.take(0)) == ["1"]
    assert lanes.take(0) == []
    lanes.done(first)
    assert ids(lanes.take(0)) == ["2"]


def test_what_is_to_be_tried_again_holds_its_lane_and_no_other() -> None:
    lanes = Lanes()
    first, *_ = put(lanes, entry("1"), entry("2"), entry("3", service="ftp"))
    lanes.take(0)
    lanes.again(first, 10.0)
    assert lanes.next_due() == 10.0
    assert lanes.take(9.9) == []
    assert ids(lanes.take(10.0)) == ["1"]


def test_one_destination_has_few_under_way_and_takes_turns() -> None:
    lanes = Lanes(each=2)
    items = put(lanes, *(entry(str(n), service=f"s{n}") for n in range(4)))
    assert ids(lanes.take(0)) == ["0", "1"]
    lanes.done(items[0])
    assert ids(lanes.take(0)) == ["2"]


def test_another_destination_does_not_wait() -> None:
    lanes = Lanes(each=1)
    put(lanes, entry("slow1", "mail.alert a"), entry("slow2", "mail.alert a", "ftp"))
    assert ids(lanes.take(0)) == ["slow1"]
    put(lanes, entry("quick", "mail.alert b"))
    assert ids(lanes.take(0)) == ["quick"]


def test_the_total_is_bounded() -> None:
    lanes = Lanes(all=3)
    put(lanes, *(entry(str(n), f"mail.alert {n}") for n in range(9)))
    assert len(lanes.take(0)) == 3


def test_an_upalert_takes_out_the_action_that_waits() -> None:
    lanes = Lanes()
    put(lanes, entry("down", "ip.alert off", action=True), due=60.0)
    up = Item(entry("up", "ip.alert on", kind=AlertKind.UPALERT, action=True), 0.0, 0.0)
    assert ids(lanes.add(up)) == ["down"]
    assert ids(lanes.take(0)) == ["up"]


def test_an_upalert_in_the_same_lane_does_not_wait_for_the_retry_it_undoes() -> None:
    lanes = Lanes()
    put(lanes, entry("down", "ip.alert", action=True), due=60.0)
    lanes.add(Item(entry("up", "ip.alert", kind=AlertKind.UPALERT, action=True), 0.0, 0.0))
    assert ids(lanes.take(0)) == ["up"]


def test_a_message_is_undone_by_nothing() -> None:
    lanes = Lanes()
    put(lanes, entry("down"))
    assert lanes.add(Item(entry("up", kind=AlertKind.UPALERT), 0.0, 0.0)) == []


def test_another_service_period_or_plugin_undoes_nothing() -> None:
    down = entry("down", action=True)
    up = entry("up", kind=AlertKind.UPALERT, action=True)
    assert up.undoes(down)
    assert not replace(up, service="ftp").undoes(down)
    assert not replace(up, period="q").undoes(down)
    assert not entry("up", "other.alert", kind=AlertKind.UPALERT).undoes(down)
    assert not up.undoes(replace(down, type=AlertType.TEST))


def test_an_action_waits_for_a_running_one_that_it_undoes() -> None:
    lanes = Lanes()
    (down,) = put(lanes, entry("down", "ip.alert off", action=True))
    lanes.take(0)
    assert put(lanes, entry("up", "ip.alert on", kind=AlertKind.UPALERT, action=True))
    assert lanes.take(0) == [] and down.undone
    lanes.done(down)
    assert ids(lanes.take(0)) == ["up"]


def test_nothing_is_left_behind_when_all_is_done() -> None:
    lanes = Lanes()
    for item in put(lanes, entry("1"), entry("2", "x.alert", action=True), entry("3")):
        lanes.take(0)
        lanes.done(item) if item.running else None
    for item in lanes.take(0):
        lanes.done(item)
    assert not list(lanes) and not lanes._lanes and not lanes._stories and not lanes._running
    assert lanes.next_due() is None


STEP = st.tuples(
    st.sampled_from(["add", "take", "done", "again"]),
    st.sampled_from(["m.alert a", "m.alert b", "n.alert"]),
    st.sampled_from(["http", "ftp"]),
    st.sampled_from(list(TYPES)),
    st.booleans(),
)


@given(st.lists(STEP, max_size=60))
def test_whatever_happens_order_and_bounds_hold_and_none_is_lost(
    steps: list[tuple[str, str, str, AlertKind, bool]],
) -> None:
    lanes, now, added = Lanes(each=2, all=3), 0.0, 0
    running: list[Item] = []
    gone: list[Item] = []
    started: dict[tuple[object, ...], list[int]] = {}
    for verb, command, service, kind, action in steps:
        now += 1.0
        if verb == "add":
            new = entry(str(added), command, service, kind, action)
            gone += lanes.add(Item(new, now, now))
            added += 1
        elif verb == "take" or not running:
            running += lanes.take(now)
        elif verb == "done":
            gone.append(running.pop(0))
            lanes.done(gone[-1])
        else:
            lanes.again(running.pop(0), now + 5.0)
        assert len(running) <= 3
        assert len({item.entry.lane for item in running}) == len(running)
    for _ in range(3 * added + 3):
        now += 10.0
        running += lanes.take(now)
        for item in running:
            started.setdefault(item.entry.lane, []).append(int(item.entry.id))
            lanes.done(item)
        gone += running
        running = []
    assert sorted(int(item.entry.id) for item in gone) == list(range(added))
    assert all(order == sorted(order) for order in started.values())


def test_a_lane_waits_until_what_it_sent_is_written_down_and_others_do_not() -> None:
    lanes = Lanes(each=1)
    first, _, _ = put(lanes, entry("1"), entry("2"), entry("3", service="smtp"))
    assert ids(lanes.take(0)) == ["1"]
    lanes.answer(first)
    assert ids(lanes.take(0)) == ["3"]
    lanes.done(first)
    assert ids(lanes.take(0)) == []  # the destination is taken by 3


def told(id: str, story: str, kind: AlertKind, type_: AlertType, *, plain: bool = False) -> Entry:
    """An action about a pool as a whole."""
    made = entry(id, f"act-{id}", action=True)
    line, notice = replace(made.line, kind=kind, plain=plain), replace(made.notice, story=story)
    return replace(made, line=line, notice=notice, type=type_)


def test_a_flooralert_that_waits_is_undone_by_the_end_of_it_and_by_nothing_else() -> None:
    begun = told("1", "floor/shop", AlertKind.FLOORALERT, AlertType.FAILURE)
    begun = replace(begun, line=replace(begun.line, command=CommandLine("act", ("act",))))
    ended = replace(begun, id="2", type=AlertType.UP)
    assert ended.undoes(begun) and not begun.undoes(replace(begun, id="3"))
    assert not replace(ended, notice=replace(ended.notice, story="floor/mail")).undoes(begun)
    assert not replace(ended, notice=replace(ended.notice, story="")).undoes(begun)


def test_the_two_commands_of_a_quorum_undo_each_other_whatever_they_are_called() -> None:
    down = told("1", "quorum/a", AlertKind.ALERT, AlertType.FAILURE, plain=True)
    up = told("2", "quorum/a", AlertKind.UPALERT, AlertType.UP, plain=True)
    other = told("3", "quorum/b", AlertKind.UPALERT, AlertType.UP, plain=True)
    lanes = Lanes()
    put(lanes, down, other)
    assert [item.entry.id for item in lanes.add(Item(up, 0.0, 0.0))] == ["1"]
