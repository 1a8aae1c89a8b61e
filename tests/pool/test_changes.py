"""The edits between two tables: which, in which order, and whose."""

import pytest

from mon.model.pool import Change, Forward, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId
from mon.pool.changes import Owned, applied, changes, describe, foreign, verify

ID = VirtualId("tcp", "10.0.0.9", 80)
SERVICE = ServiceEntry(ID, "wlc")
ONE, TWO, THREE = (ServerId(f"10.0.0.{n}", 80) for n in (1, 2, 3))


def table(*servers: tuple[ServerId, int], service: ServiceEntry | None = SERVICE) -> Table:
    return Table(service, tuple(ServerEntry(id_, weight) for id_, weight in servers))


def words(edits: tuple[Change, ...]) -> list[str]:
    return [describe(edit).removesuffix(" of tcp 10.0.0.9:80") for edit in edits]


def test_from_nothing_the_service_comes_first() -> None:
    edits = changes(table((ONE, 3), (TWO, 0)), Table(None))
    assert words(edits) == [
        "add service tcp 10.0.0.9:80 wlc",
        "add server 10.0.0.1:80 weight 3",
        "add server 10.0.0.2:80 weight 0",
    ]


def test_adds_and_raises_come_before_lowers_and_deletions() -> None:
    actual = table((ONE, 5), (TWO, 0), (ServerId("10.0.0.7", 80), 5))
    ours = Owned(True, frozenset({ServerId("10.0.0.7", 80)}))
    assert words(changes(table((ONE, 0), (TWO, 5), (THREE, 5)), actual, owned=ours)) == [
        "set server 10.0.0.2:80 weight 5",
        "add server 10.0.0.3:80 weight 5",
        "set server 10.0.0.1:80 weight 0",
        "delete server 10.0.0.7:80",
    ]


def test_servers_of_others_are_left_alone_and_can_be_named() -> None:
    actual = table((ONE, 5), (TWO, 5))
    assert changes(table((ONE, 5)), actual) == ()
    assert [server.id for server in foreign(table((ONE, 5)), actual)] == [TWO]
    assert foreign(table((ONE, 5)), actual, owned=Owned(False, frozenset({TWO}))) == ()


def test_a_service_of_ours_is_set_to_what_the_configuration_says() -> None:
    edits = changes(table(service=ServiceEntry(ID, "rr", 300)), table())
    assert [(edit.verb, edit.service.scheduler) for edit in edits] == [(Verb.SET_SERVICE, "rr")]


def test_a_proxy_that_tells_no_scheduler_is_not_told_one() -> None:
    actual = table((ONE, 5), service=ServiceEntry(ID, ""))
    assert changes(table((ONE, 5)), actual) == ()
    assert words(changes(table((ONE, 0)), actual)) == ["set server 10.0.0.1:80 weight 0"]


def test_withdrawing_takes_what_is_ours_and_the_service_with_the_last() -> None:
    ours = Owned(True, frozenset({ONE, TWO}))
    assert words(changes(Table(None), table((ONE, 5), (TWO, 5)), owned=ours))[-1].startswith("delete service")
    assert words(changes(Table(None), table((ONE, 5), (THREE, 5)), owned=ours)) == [
        "delete server 10.0.0.1:80"
    ]
    assert changes(Table(None), table((ONE, 5))) == ()


def test_of_a_partial_pool_only_who_is_in_is_ours() -> None:
    actual = Table(ServiceEntry(ID, "sh", 60), (ServerEntry(ONE, 7, Forward.GATE), ServerEntry(TWO, 9)))
    assert changes(table((ONE, 1)), actual, partial=True) == ()
    (edit,) = changes(table((ONE, 0)), actual, partial=True)
    assert edit.server == ServerEntry(ONE, 0, Forward.GATE) and edit.service == actual.service


def test_each_change_carries_its_reason() -> None:
    (edit,) = changes(table((ONE, 0)), table((ONE, 5)), why={ONE: "out: farm/http down"})
    assert describe(edit) == ("set server 10.0.0.1:80 weight 0 of tcp 10.0.0.9:80 (out: farm/http down)")


def test_what_was_read_back_is_compared_in_words() -> None:
    wanted = Table(SERVICE, (ServerEntry(ONE, 0), ServerEntry(TWO, 5, upper=9)))
    assert verify(wanted, wanted) == ()
    assert verify(wanted, Table(None))[0] == "tcp 10.0.0.9:80 is not there"
    assert verify(wanted, Table(ServiceEntry(ID, "rr"), wanted.servers)) == (
        "tcp 10.0.0.9:80 is rr, not wlc",
    )
    assert verify(wanted, table((ONE, 3))) == (
        "10.0.0.2:80 is not in tcp 10.0.0.9:80",
        "10.0.0.1:80 of tcp 10.0.0.9:80 has weight 3 masq, not weight 0 masq",
    )
    ours = Owned(True, frozenset({ONE}))
    assert verify(table(), table((ONE, 1)), owned=ours) == ("10.0.0.1:80 is still in tcp 10.0.0.9:80",)
    assert verify(Table(None), table(), owned=ours) == ("tcp 10.0.0.9:80 is still there",)


def test_connections_are_for_show_and_no_difference() -> None:
    busy = Table(SERVICE, (ServerEntry(ONE, 5, active=12, inactive=900),))
    assert changes(table((ONE, 5)), busy) == ()


@pytest.mark.parametrize(
    "edit",
    [
        Change(Verb.ADD_SERVICE, SERVICE),
        Change(Verb.ADD_SERVER, SERVICE, ServerEntry(ONE, 1)),
        Change(Verb.DELETE_SERVER, SERVICE, ServerEntry(TWO, 1)),
        Change(Verb.SET_SERVER, SERVICE, ServerEntry(TWO, 1)),
    ],
)
def test_an_edit_no_balancer_would_take_is_not_applied(edit: Change) -> None:
    with pytest.raises(ValueError, match="there"):
        applied(table((ONE, 1)), [edit])
