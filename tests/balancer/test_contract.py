"""What every kind of balancer keeps: found in its folder, run where it can be.

tests/balancer/conftest.py says how each kind is opened.  ipvs and ipvsadm run only where the kernel has an
empty table (tests/lab).
"""

import time
from collections.abc import Callable, Iterator

import pytest

from mon.balancer import Balancer, kinds, open_balancer
from mon.errors import BalancerError, BalancerRefused, BalancerUnreachable
from mon.model.pool import Change, Forward, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId
from mon.pool.changes import Owned, applied, changes

LIVELESS = ("memory", "ipvs")
"""Kinds that have nobody who could be dead: a dictionary, and the kernel."""

WEB = VirtualId("tcp", "192.0.2.10", 80)
SERVICE = ServiceEntry(WEB, "rr")
SERVERS = tuple(ServerEntry(ServerId(f"192.0.2.{n}", 80), n, Forward.GATE) for n in range(1, 4))
OURS = Owned(True, frozenset(server.id for server in SERVERS))
FULL = Table(SERVICE, SERVERS)


Words = Callable[[str], tuple[str, ...]]


@pytest.fixture(params=kinds())
def balancer(request: pytest.FixtureRequest, words: Words) -> Iterator[Balancer]:
    opened = open_balancer(words(request.param))
    yield opened
    make(opened, Table(None))
    opened.close()


def read(balancer: Balancer) -> Table:
    return balancer.read([WEB])[WEB]


def make(balancer: Balancer, table: Table) -> Table:
    balancer.apply(changes(table, read(balancer), owned=OURS))
    return read(balancer)


def by_id(table: Table) -> Table:
    return Table(table.service, tuple(sorted(table.servers, key=lambda one: one.id)))


def test_what_is_not_there_reads_as_the_empty_table(balancer: Balancer) -> None:
    assert read(balancer) == Table(None)


def test_read_gives_what_apply_made(balancer: Balancer) -> None:
    assert isinstance(balancer, Balancer)
    assert by_id(make(balancer, FULL)) == FULL


def test_applying_again_changes_nothing(balancer: Balancer) -> None:
    once = make(balancer, FULL)
    assert make(balancer, FULL) == once
    balancer.apply(())
    assert read(balancer) == once


def test_weight_0_stays_0_and_the_others_as_they_are(balancer: Balancer) -> None:
    make(balancer, FULL)
    quiet = Table(SERVICE, (ServerEntry(SERVERS[0].id, 0, Forward.GATE), *SERVERS[1:]))
    assert by_id(make(balancer, quiet)) == quiet
    assert by_id(read(balancer)) == quiet


def test_it_does_what_the_pure_edits_say(balancer: Balancer) -> None:
    before = make(balancer, FULL)
    edits = changes(Table(ServiceEntry(WEB, "wlc"), SERVERS[1:]), before, owned=OURS)
    balancer.apply(edits)
    assert by_id(read(balancer)) == by_id(applied(before, edits))


def test_a_second_entry_is_refused_by_name_and_the_rest_is_done(balancer: Balancer) -> None:
    make(balancer, Table(SERVICE, SERVERS[:1]))
    edits = [Change(Verb.ADD_SERVER, SERVICE, server) for server in SERVERS]
    with pytest.raises(BalancerRefused, match=r"add server 192\.0\.2\.1:80"):
        balancer.apply(edits)
    assert by_id(read(balancer)) == FULL


@pytest.mark.parametrize("verb", [Verb.SET_SERVER, Verb.DELETE_SERVER])
def test_an_absent_entry_is_refused(balancer: Balancer, verb: Verb) -> None:
    make(balancer, Table(SERVICE))
    with pytest.raises(BalancerError, match=r"server 192\.0\.2\.1:80"):
        balancer.apply([Change(verb, SERVICE, SERVERS[0])])


def test_what_is_withdrawn_is_gone(balancer: Balancer) -> None:
    make(balancer, FULL)
    assert make(balancer, Table(None)) == Table(None)


def test_ipv6_is_as_good(balancer: Balancer) -> None:
    id_ = VirtualId("tcp", "2001:db8::10", 80, family6=True)
    table = Table(ServiceEntry(id_, "rr"), (ServerEntry(ServerId("2001:db8::1", 8080), 3),))
    balancer.apply(changes(table, balancer.read([id_])[id_]))
    assert balancer.read([id_])[id_] == table
    mine = Owned(True, frozenset(one.id for one in table.servers))
    balancer.apply(changes(Table(None), table, owned=mine))
    assert balancer.read([id_])[id_] == Table(None)


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind not in LIVELESS])
def test_a_dead_one_is_a_named_error_within_its_time(kind: str, dead: Words) -> None:
    balancer = open_balancer(dead(kind))
    balancer.limit = 0.3  # type: ignore[attr-defined]
    began = time.monotonic()
    with pytest.raises(BalancerUnreachable, match=r"(after|within) 0\.3 s"):
        balancer.apply([Change(Verb.ADD_SERVICE, SERVICE), Change(Verb.ADD_SERVER, SERVICE, SERVERS[0])])
    assert time.monotonic() - began < 10
