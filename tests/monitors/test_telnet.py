"""The telnet monitor against Debian's telnetd, and against servers that are up but no good."""

import asyncio

import pytest
import servers

from mon.plugin import BadOption, Down


@pytest.fixture(scope="module")
def server(run):
    return run(servers.telnetd)


@pytest.fixture
def telnet(load):
    return load("telnet")


async def test_a_login_prompt(telnet, probe, server):
    assert (await telnet.check("127.0.0.1", port=server, probe=probe)).endswith("ogin:")


async def test_a_prompt_that_is_not_the_wanted_one_is_down(telnet, probe, server):
    with pytest.raises(Down, match=r"not complete after|no answer within"):
        await telnet.check("127.0.0.1", port=server, login="/router>/", timeout=0.7, probe=probe)


async def test_a_server_that_says_something_else_and_closes_is_down(telnet, probe, start):
    async def full(reader, writer):
        writer.write(b"\xff\xfd\x18All terminals are in use\r\n")
        await writer.drain()
        assert await reader.readexactly(3) == b"\xff\xfc\x18"  # refused

    with pytest.raises(Down, match="closed without a prompt after b'All terminals"):
        await telnet.check("127.0.0.1", port=await start(full), probe=probe)


async def test_commands_cut_anywhere_are_no_text(telnet, probe, start):
    async def bits(reader, writer):
        for byte in b"\xff\xfb\x01lo\xff\xfa\x18\x01\xff\xf0\xff\xffgin:":
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.005)
        await reader.read()

    port = await start(bits)
    said = await telnet.check("127.0.0.1", port=port, login="gin:", timeout=5, probe=probe)
    assert said == "lo\\xffgin:"


@pytest.mark.parametrize("word", ["/[/", "/ogin", "["])
def test_an_expression_that_is_none_is_refused(telnet, word):
    with pytest.raises(BadOption, match=": "):
        telnet.verify({"login": word})


# What Net::Telnet 3.05 does with these under the classic telnet.monitor, if the server says "LOGIN: ".
MATCH_OPERATORS = [
    ("/ogin:/i", True),
    ("/ogin:/", False),
    ("m/ogin:/i", True),
    ("m|OGIN|", True),
    ("m{OGIN}", True),
    ("/OGIN/g", True),
    ("/o g i n/ix", True),
    (" /OGIN/ ", True),
    ("//", True),
    ("m//", True),
    ("//i", True),
]


@pytest.mark.parametrize(("operator", "matches"), MATCH_OPERATORS)
def test_a_match_operator_of_perl_means_what_it_does_there(telnet, operator, matches):
    assert telnet.pattern(operator).matches(b"LOGIN: ") is matches


@pytest.mark.parametrize("operator", ["/OGIN/z", "/OGIN", "m|OGIN"])
def test_a_match_operator_that_perl_would_refuse_is_refused(telnet, operator):
    with pytest.raises(BadOption, match="between slashes"):
        telnet.pattern(operator)


@pytest.mark.parametrize("bare", ["[Ll]ogin:", "mail login:", "(?i)LOGIN"])
def test_a_bare_regular_expression_is_one(telnet, bare):
    assert telnet.pattern(bare).text == bare


async def test_with_an_empty_expression_connecting_is_enough(telnet, probe):
    async def silent(reader, writer):
        await reader.read()
        writer.close()
        ended.set()

    ended = asyncio.Event()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        assert await telnet.check("127.0.0.1", port=port, login="//", timeout=5, probe=probe) == ""
        await ended.wait()
