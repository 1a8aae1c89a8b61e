"""What every kind of balancer keeps: found in its folder, run where it can be.

A kind that needs more than its name to be opened gets a line in WORDS.  ipvs runs only where the kernel has
an empty table (tests/lab).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mon.balancer import Balancer, kinds, open_balancer
from mon.errors import BalancerError, BalancerRefused
from mon.model.pool import Change, Forward, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId
from mon.pool.changes import Owned, applied, changes

WORDS = {"memory": ("memory",), "ipvs": ("ipvs",)}
WEB = VirtualId("tcp", "192.0.2.10", 80)
SERVICE = ServiceEntry(WEB, "rr")
SERVERS = tuple(ServerEntry(ServerId(f"192.0.2.{n}", 80), n, Forward.GATE) for n in range(1, 4))
OURS = Owned(True, frozenset(server.id for server in SERVERS))
FULL = Table(SERVICE, SERVERS)


def _closed_to_us(kind: str) -> str:
    if kind != "ipvs":
        return ""
    table = Path("/proc/net/ip_vs")
    if not table.exists():
        return "the kernel here has no ip_vs"
    return "this kernel's table is in use" if len(table.read_text().splitlines()) > 3 else ""


@pytest.fixture(params=kinds())
def balancer(request: pytest.FixtureRequest) -> Iterator[Balancer]:
    why_not = _closed_to_us(request.param)
    if why_not:
        pytest.skip(why_not)
    opened = open_balancer(WORDS[request.param])
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


def test_every_kind_is_tried_here() -> None:
    assert set(kinds()) == set(WORDS)


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
