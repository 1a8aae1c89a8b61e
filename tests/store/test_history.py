"""The history answers what happened, counts what repeats, forgets what is old, and never stops anybody."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mon.model.config import AlertKind, AlertLine, CommandLine
from mon.model.deed import Deed
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision
from mon.model.result import Transition
from mon.store import Batch, HistoryStore, Outcome, Stage, StateStore
from mon.store.files import open_database
from mon.store.schema import HISTORY, Schema

LINE = AlertLine(AlertKind.ALERT, CommandLine("mail.alert ops", ("mail.alert", "ops")))


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HistoryStore]:
    opened = HistoryStore.open(tmp_path / "history.db")
    yield opened
    opened.close()


def change(at: float, new: str = "fail", service: str = "http", host: str = "") -> Transition:
    return Transition("web", service, host, "ok", new, "connection refused", Moment(at, at))


def held(at: float, rule: str = "alertevery", why: str = "sent 10 s ago") -> Decision:
    return Decision("web", "http", "always", LINE, AlertType.FAILURE, rule, why, Moment(at, at))


def sent(at: float, entry: str = "e1", stage: Stage = Stage.SENT) -> Outcome:
    return Outcome(
        entry, stage, 1, "250 ok", at, watch="web", service="http", type="failure", command="mail.alert ops"
    )


async def test_transitions_come_oldest_first(history: HistoryStore) -> None:
    for at in (1.0, 2.0, 3.0):
        history.record(Batch(at=at, transitions=(change(at),)))
    found = await history.transitions(("web", "http"))
    assert [one.at.wall for one in found] == [1.0, 2.0, 3.0]
    assert found[0].why == "connection refused"


async def test_the_latest_are_taken_when_there_are_more_than_asked_for(history: HistoryStore) -> None:
    history.record(Batch(at=9.0, transitions=tuple(change(float(at)) for at in range(9))))
    assert [one.at.wall for one in await history.transitions(limit=2)] == [7.0, 8.0]


async def test_one_can_ask_for_a_service_a_host_or_a_time(history: HistoryStore) -> None:
    history.record(
        Batch(at=3.0, transitions=(change(1.0), change(2.0, host="web1"), change(3.0, service="ftp")))
    )
    assert len(await history.transitions()) == 3
    assert [one.host for one in await history.transitions(("web", "http"), host="web1")] == ["web1"]
    assert [one.service for one in await history.transitions(since=2.5)] == ["ftp"]


async def test_equal_holds_are_a_count_on_one_row(history: HistoryStore) -> None:
    for at in (1.0, 2.0, 3.0):
        history.record(Batch(at=at, holds=(held(at, why=f"sent {at:g} s ago"),)))
    (row,) = await history.holds(("web", "http"))
    assert (row.first, row.last, row.count, row.why) == (1.0, 3.0, 3, "sent 3 s ago")


async def test_another_rule_is_another_row(history: HistoryStore) -> None:
    history.record(Batch(at=1.0, holds=(held(1.0), held(1.0, rule="numalerts"))))
    assert [row.rule for row in await history.holds()] == ["alertevery", "numalerts"]


async def test_after_a_transition_a_hold_begins_a_new_row(history: HistoryStore) -> None:
    history.record(Batch(at=1.0, holds=(held(1.0),)))
    history.record(Batch(at=2.0, transitions=(change(2.0),), holds=(held(2.0),)))
    assert [row.count for row in await history.holds()] == [1, 1]


async def test_deliveries_can_be_asked_for_and_marks_are_none(history: HistoryStore) -> None:
    history.record(Batch(at=1.0, deliveries=(sent(1.0, stage=Stage.IN_FLIGHT), sent(2.0))))
    (row,) = await history.deliveries(("web", "http"))
    assert (row.id, row.stage, row.why, row.command) == ("e1", Stage.SENT, "250 ok", "mail.alert ops")


async def test_a_commit_of_the_state_reaches_the_history(history: HistoryStore, tmp_path: Path) -> None:
    store = StateStore.open(tmp_path / "state.db", history=history)
    await store.commit(Batch(at=1.0, transitions=(change(1.0),)))
    store.close()
    assert len(await history.transitions()) == 1


async def test_closing_writes_what_was_recorded(tmp_path: Path) -> None:
    history = HistoryStore.open(tmp_path / "h.db", linger=60.0)
    history.record(Batch(at=1.0, transitions=(change(1.0),)))
    history.close()
    again = HistoryStore.open(tmp_path / "h.db")
    assert len(await again.transitions()) == 1
    again.close()


@pytest.mark.parametrize(("age", "rows"), [(10.0, 1000), (1e9, 3)])
async def test_old_rows_and_too_many_rows_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: float, rows: int
) -> None:
    monkeypatch.setattr("mon.store.history.PRUNE_EVERY", 2)
    history = HistoryStore.open(tmp_path / "h.db", age=age, rows=rows)
    history.record(Batch(at=1.0, transitions=(change(1.0),)))
    history.record(Batch(at=1.0, transitions=(change(1.0),)))
    history.record(Batch(at=99.0, transitions=(change(97.0), change(98.0), change(99.0))))
    assert [one.at.wall for one in await history.transitions()] == [97.0, 98.0, 99.0]
    history.close()


async def test_a_locked_file_costs_history_and_nothing_else(history: HistoryStore, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    history.record(Batch(at=1.0, transitions=(change(1.0),)))
    store = StateStore.open(tmp_path / "state.db", history=history)
    await store.commit(Batch(at=1.0, notes={"a": b"1"}))
    store.close()
    history._writer.submit(lambda db: None, hurry=True).exception()
    other.execute("ROLLBACK")
    other.close()
    assert history.dropped == 1 and "locked" in history.trouble


async def test_a_backlog_is_bounded_and_counted(
    history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mon.store.history.MOST_WAITING", 3)
    for at in range(5):
        history.record(Batch(at=at, transitions=(change(at),)))
    assert history.dropped == 2


def deed(at: float, server: str = "10.0.0.1:80", name: str = "web1", pool: str = "web") -> Deed:
    return Deed(at, pool, "weight 10 -> 0", "out", "a result", server, name, "", ("vote down", "floor: 1"))


async def test_the_journal_is_found_by_pool_by_name_and_by_address(history: HistoryStore) -> None:
    history.journal([deed(1.0), deed(2.0, "10.0.0.11:80", "web11"), deed(3.0, "[2001:db8::1]:80", "web6")])
    history.journal([deed(4.0, pool="mail")])
    assert [one.at for one in await history.deeds(pool="web")] == [1.0, 2.0, 3.0]
    assert [one.at for one in await history.deeds(server="web1")] == [1.0, 4.0]
    assert [one.at for one in await history.deeds(server="10.0.0.1")] == [1.0, 4.0]
    assert [one.at for one in await history.deeds(server="2001:db8::1")] == [3.0]
    assert await history.deeds(server="web11") == (deed(2.0, "10.0.0.11:80", "web11"),)


async def test_the_last_deed_of_each_pool_up_to_a_time(history: HistoryStore) -> None:
    history.journal([deed(1.0), deed(2.0), deed(3.0, pool="mail"), deed(9.0)])
    assert [(one.pool, one.at) for one in await history.last_deeds("web1", until=5.0)] == [
        ("web", 2.0),
        ("mail", 3.0),
    ]


async def test_the_journal_too_has_its_most_rows_and_its_age(tmp_path: Path) -> None:
    history = HistoryStore.open(tmp_path / "history.db", age=100.0, rows=3)
    history.journal([deed(1.0), *(deed(200.0 + n) for n in range(5))])
    assert [one.at for one in await history.deeds()] == [202.0, 203.0, 204.0]
    history.close()


async def test_a_history_without_a_journal_is_lifted(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    open_database(path, Schema(HISTORY.steps[:1]), synchronous="NORMAL").db.close()
    history = HistoryStore.open(path)
    history.journal([deed(1.0)])
    assert await history.deeds() == (deed(1.0),)
    history.close()


async def test_a_transition_touches_the_holds_of_its_own_service_only(history: HistoryStore) -> None:
    """10,000 services that fail at once are 10,000 batches: each went through all that was held back."""
    history.record(Batch(at=1.0, holds=(held(1.0),)))
    history.flush()
    others = history._holds
    history.record(Batch(at=2.0, transitions=(change(2.0, service="other"),)))
    history.flush()
    assert history._holds is others and list(others) == [("web", "http")]
