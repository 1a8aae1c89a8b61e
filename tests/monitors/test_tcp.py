"""The tcp monitor."""

import asyncio

import pytest

from mon.plugin import BadOption, Cause, Down


@pytest.fixture
def tcp(load):
    return load("tcp")


async def mail(reader, writer):
    writer.write(b"220 mail.example ESMTP\r\n")
    line = await reader.readline()
    writer.write(b"221 bye\r\n" if line == b"QUIT\r\n" else b"500 what\r\n")
    await asyncio.sleep(30)


async def test_connecting_is_enough(tcp, probe, start):
    assert (await tcp.check("127.0.0.1", port=await start(mail), probe=probe)).startswith("connected in ")


async def test_an_expected_greeting(tcp, probe, start):
    port = await start(mail)
    assert (await tcp.check("127.0.0.1", port=port, expect="^220 .*ESMTP", probe=probe)).startswith(
        "answered"
    )


async def test_sending_and_expecting(tcp, probe, start):
    port = await start(mail)
    assert await tcp.check("127.0.0.1", port=port, send=r"QUIT\r\n", expect="221 bye", probe=probe)


async def test_an_answer_that_is_not_expected_is_down(tcp, probe, start):
    async def serve(reader, writer):
        writer.write(b"go away")

    with pytest.raises(Down, match=r"expected 220, got b'go away'") as found:
        await tcp.check("127.0.0.1", port=await start(serve), expect="220", probe=probe)
    assert found.value.cause is Cause.WRONG


async def test_waiting_in_vain_is_a_timeout(tcp, probe, start):
    with pytest.raises(Down, match="not complete") as found:
        await tcp.check("127.0.0.1", port=await start(mail), timeout=0.3, expect="250", probe=probe)
    assert found.value.cause is Cause.TIMEOUT


@pytest.mark.parametrize("options", [{"expect": "["}, {"send": "\\x1"}, {"port": 70000}])
def test_what_cannot_be_meant_is_refused(tcp, options):
    with pytest.raises(BadOption, match=": "):
        tcp.verify(options)
