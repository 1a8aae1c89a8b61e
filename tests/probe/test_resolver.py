"""Names: looked up once, remembered, bounded."""

import asyncio
import ipaddress
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.errors import Unknown
from mon.probe.address import numeric
from mon.probe.resolver import Resolver, look_up


class Looked:
    """A resolver's answer, and how often it was asked."""

    def __init__(self, answer):
        self.answer, self.times = answer, 0

    def __call__(self, name):
        self.times += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@given(st.ip_addresses())
def test_an_address_is_numeric_in_any_spelling(address):
    expected = getattr(address, "ipv4_mapped", None) or address
    assert ipaddress.ip_address(numeric(address.exploded)) == expected
    assert numeric(str(address)) == numeric(address.exploded)


@pytest.mark.parametrize("name", ["", "web", "1.2.3", "1.2.3.4.5", "::g", "web%eth0", "\0", "1.2.3.4 "])
def test_a_name_is_not_numeric(name):
    assert numeric(name) == ""


def test_a_scope_is_kept():
    assert numeric("FE80::0001%eth0") == "fe80::1%eth0"


def test_the_system_knows_localhost():
    assert "127.0.0.1" in look_up("localhost") or "::1" in look_up("localhost")


async def test_a_numeric_address_asks_nobody():
    looked = Looked(())
    assert await Resolver(looked).resolve("127.0.0.1") == ("127.0.0.1",)
    assert looked.times == 0


async def test_a_name_asked_for_often_is_looked_up_once():
    looked = Looked(("127.0.0.9",))
    resolver = Resolver(looked)
    answers = await asyncio.gather(*(resolver.resolve("web") for _ in range(100)))
    answers.append(await resolver.resolve("web"))
    assert set(answers) == {("127.0.0.9",)}
    assert looked.times == 1
    resolver.close()


async def test_a_failure_is_remembered_shortly(monkeypatch):
    monkeypatch.setattr("mon.probe.resolver.BAD_FOR", 0.2)
    looked = Looked(OSError(-2, "Name or service not known"))
    resolver = Resolver(looked)
    for _ in range(3):
        with pytest.raises(Unknown, match="cannot resolve web: Name or service not known"):
            await resolver.resolve("web")
    assert looked.times == 1
    looked.answer = ("127.0.0.9",)
    await asyncio.sleep(0.3)
    assert await resolver.resolve("web") == ("127.0.0.9",)
    resolver.close()


@pytest.mark.parametrize("name", ["x" * 300, "a..b", "web\n"])
async def test_what_cannot_be_a_name_is_unknown(name):
    resolver = Resolver()
    with pytest.raises(Unknown, match="cannot resolve"):
        await resolver.resolve(name, timeout=10)
    resolver.close()


async def test_a_lookup_that_hangs_is_left_behind_and_used_when_it_ends():
    go = threading.Event()

    def slow(name):
        go.wait(10)
        return ("127.0.0.9",)

    resolver = Resolver(slow, threads=1)
    with pytest.raises(Unknown, match=r"no answer within 0\.1 s"):
        await resolver.resolve("web", timeout=0.1)
    go.set()
    assert await resolver.resolve("web", timeout=5) == ("127.0.0.9",)
    resolver.close()


async def test_a_pinned_name_is_not_looked_up_but_for_the_other_family() -> None:
    looked = Looked(("2001:db8::9",))
    resolver = Resolver(looked)
    resolver.pinned = {"web": ("192.0.2.1",)}
    assert await resolver.resolve("web") == ("192.0.2.1",) == await resolver.resolve("web", family=4)
    assert looked.times == 0
    assert await resolver.resolve("web", family=6) == ("2001:db8::9",)
    resolver.close()
