"""Headers of the PROXY protocol."""

import asyncio

import pytest

from mon.probe import Tls
from mon.probe.preface import SIGNATURE, header

OURS, THEIRS = ("192.0.2.1", 1234), ("192.0.2.2", 80)
SIX = ("fe80::1%eth0", 1234, 0, 2), ("2001:db8::2", 80, 0, 0)


def test_version_1_is_a_line():
    assert header(1, OURS, THEIRS) == b"PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n"
    assert header(1, *SIX) == b"PROXY TCP6 fe80::1 2001:db8::2 1234 80\r\n"


def test_version_2_is_binary():
    assert header(2, OURS, THEIRS) == SIGNATURE + bytes.fromhex("2111000cc0000201c000020204d20050")
    six = header(2, *SIX)
    assert six[12:16] == bytes.fromhex("21210024")
    assert len(six) == 16 + 36


@pytest.mark.parametrize("version", [1, 2])
async def test_it_is_said_before_all_else(probe, start, version):
    said = []

    async def serve(reader, writer):
        said.append(await reader.readuntil(b"hello"))

    port = await start(serve)
    await probe.exchange("127.0.0.1", port, b"hello", bool, timeout=10, proxy_protocol=version)
    assert said[0].startswith((b"PROXY TCP4 127.0.0.1 127.0.0.1 ", SIGNATURE))
    assert said[0].endswith(b"hello")


async def test_it_is_said_before_tls(probe, start):
    said = []

    async def serve(reader, writer):
        said.append(await reader.readline())
        said.append(await reader.readexactly(3))

    port = await start(serve)
    tls = Tls(verify=False)
    with pytest.raises(Exception, match="TLS: "):
        await probe.exchange("127.0.0.1", port, b"x", bool, timeout=10, tls=tls, proxy_protocol=1)
    await asyncio.sleep(0)
    assert said[0].startswith(b"PROXY TCP4 ")
    assert said[1][:2] == b"\x16\x03"
