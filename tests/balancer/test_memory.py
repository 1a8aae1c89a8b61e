"""The dry run refuses what the kernel refuses."""

import pytest

from mon.balancer.memory import connect
from mon.errors import BalancerRefused
from mon.model.pool import Change, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId

SERVICE = ServiceEntry(VirtualId("tcp", "10.0.0.9", 80), "wlc")
ONE = ServerId("10.0.0.1", 80)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (Change(Verb.SET_SERVICE, SERVICE), "not there"),
        (Change(Verb.ADD_SERVER, SERVICE, ServerEntry(ONE, 1)), "not there"),
        (Change(Verb.ADD_SERVER, SERVICE, ServerEntry(ONE, -1)), "a weight cannot be negative"),
        (Change(Verb.ADD_SERVER, SERVICE, ServerEntry(ONE, 1, lower=5, upper=2)), "lower is above upper"),
        (Change(Verb.ADD_SERVICE, ServiceEntry(SERVICE.id, "")), "no scheduler"),
    ],
)
def test_a_change_that_the_kernel_would_refuse_is_refused(change: Change, complaint: str) -> None:
    with pytest.raises(BalancerRefused, match=complaint):
        connect().apply([change])


def test_each_connection_has_a_table_of_its_own() -> None:
    one, two = connect(), connect()
    one.apply([Change(Verb.ADD_SERVICE, SERVICE)])
    assert two.read([SERVICE.id]) == {SERVICE.id: Table(None)}
