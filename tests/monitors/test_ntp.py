"""The ntp monitor against chrony: one that knows the time, one that does not; and a clock that is off."""

import asyncio
import struct
import time

import pytest
import servers

from mon.plugin import Cause, Down


@pytest.fixture(scope="module")
def server(run):
    return run(servers.chronyd, "local stratum 5")


@pytest.fixture
def ntp(load):
    return load("ntp")


async def test_stratum_and_offset(ntp, probe, server):
    said = await ntp.check("127.0.0.1", port=server, probe=probe)
    assert said.startswith("stratum 5, offset ")


async def test_a_server_that_does_not_know_the_time_is_down(ntp, probe, run):
    with pytest.raises(Down, match=r"stratum 0|not synchronized|does not want") as found:
        await ntp.check("127.0.0.1", port=run(servers.chronyd), probe=probe)
    assert found.value.cause is Cause.WRONG


async def test_a_server_too_far_from_the_source_is_down(ntp, probe, server):
    with pytest.raises(Down, match="more than stratum 3"):
        await ntp.check("127.0.0.1", port=server, maxstratum=3, probe=probe)


class Clock(asyncio.DatagramProtocol):
    """Answers with a time that is off, or with what belongs to another question."""

    def __init__(self, ahead=0.0, *, first=0x24, stratum=2, foreign=False):
        self.ahead, self.first, self.stratum, self.foreign = ahead, first, stratum, foreign

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        now = time.time() + 2_208_988_800 + self.ahead
        stamp = struct.pack("!II", int(now), int(now % 1 * (1 << 32)))
        token = bytes(8) if self.foreign else data[40:48]
        head = bytes((self.first, self.stratum, 0, 0)) + bytes(8) + b"RATE"
        self.transport.sendto(head + bytes(8) + token + stamp + stamp, address)


@pytest.fixture
async def clock():
    transports = []

    async def begin(**how):
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Clock(**how), ("127.0.0.1", 0))
        transports.append(transport)
        return transport.get_extra_info("sockname")[1]

    yield begin
    for transport in transports:
        transport.close()
    await asyncio.sleep(0)


async def test_a_clock_that_is_off_is_down(ntp, probe, clock):
    with pytest.raises(Down, match=r"offset \+(29|30)\d\d\d\.\d ms: more than 0.8 s"):
        await ntp.check("127.0.0.1", port=await clock(ahead=30), probe=probe)
    port = await clock(ahead=-30)
    assert await ntp.check("127.0.0.1", port=port, maxoffset=60, probe=probe)


async def test_a_kiss_of_death_is_down(ntp, probe, clock):
    with pytest.raises(Down, match="does not want to tell the time: RATE"):
        await ntp.check("127.0.0.1", port=await clock(stratum=0), probe=probe)


async def test_an_answer_to_another_question_is_none(ntp, probe, clock):
    with pytest.raises(Down, match=r"no answer within 0.3 s but \d that do not fit"):
        await ntp.check("127.0.0.1", port=await clock(foreign=True), timeout=0.3, probe=probe)


def test_times_after_2036_are_read(ntp):
    now = 2_208_988_800 + 2_200_000_000
    token = bytes(8)
    words = struct.pack("!II", (now + 5) % (1 << 32), 0)
    data = bytes((0x24, 2, 0, 0)) + bytes(20) + token + words + words
    assert ntp.read(data, token, 2_200_000_000.0, 2_200_000_000.0).offset == 5
