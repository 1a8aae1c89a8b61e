"""What this machine is called."""

import threading

import pytest

from mon.probe.ourname import literal, own_domain, qualified


def failing():
    raise OSError


@pytest.mark.parametrize(
    ("look_up", "name"),
    [
        (lambda: "mon.example.org", "mon.example.org"),
        (lambda: "mon.example.org.", "mon.example.org"),
        (lambda: "mon", ""),
        (lambda: "localhost.localdomain", ""),
        (failing, ""),
    ],
)
def test_a_name_without_a_domain_is_none(look_up, name):
    assert qualified("mon", look_up) == name


def test_a_resolver_that_hangs_is_not_waited_for():
    never = threading.Event()
    assert qualified("mon", lambda: str(never.wait(30)), patience=0.05) == ""
    never.set()


def test_addresses_stand_in_brackets():
    assert literal("192.0.2.1") == literal("::ffff:192.0.2.1") == "[192.0.2.1]"
    assert literal("fe80::1%eth0") == "[IPv6:fe80::1]"
    assert literal("") == "[127.0.0.1]"
    assert "." in own_domain() or ":" in own_domain()
