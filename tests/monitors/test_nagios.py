"""The nagios monitor with Debian's monitoring-plugins, and with plugins that do as they like."""

import asyncio
import subprocess
import sys

import pytest

from mon.plugin import BadOption, Cause, Down, Unknown
from mon.runner.programs import Programs
from mon.runner.spawn import Spawner


@pytest.fixture
def nagios(load):
    return load("nagios")


@pytest.fixture
async def spawn():
    spawner = Spawner()
    yield Programs(spawner, 4)
    await spawner.close()


@pytest.fixture
def plugin(tmp_path):
    """``plugin(text)`` is the path of a shell script."""

    def write(text):
        path = tmp_path / "check_it"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return write


async def test_a_server_that_is_up_and_its_performance_data(nagios, spawn, page, start):
    port = await start(page(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
    said = await nagios.check("127.0.0.1", command=f"check_http -p {port} -u /healthz", spawn=spawn)
    assert said.startswith("HTTP OK: HTTP/1.1 200 OK")
    assert " | time=" in said
    assert page.asked[0].startswith(b"GET /healthz ")


async def test_a_server_that_answers_wrongly_is_down(nagios, spawn, page, start):
    port = await start(page(b"HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(Down, match=r"HTTP CRITICAL: HTTP/1.1 500 Oh no") as found:
        await nagios.check("127.0.0.1", command=f"check_http -p {port}", spawn=spawn)
    assert found.value.cause is Cause.WRONG


async def test_a_refused_connection_is_told_apart(nagios, spawn, refusing):
    with pytest.raises(Down, match="refused") as found:
        await nagios.check("127.0.0.1", command=f"check_tcp -p {refusing}", spawn=spawn)
    assert found.value.cause is Cause.REFUSED


async def test_warnings_are_down_unless_they_are_ok(nagios, spawn):
    dummy = {"command": "check_dummy 1 {host}", "spawn": spawn}
    with pytest.raises(Down, match="WARNING: web1"):
        await nagios.check("web1", **dummy)
    assert await nagios.check("web1", warning_ok=True, **dummy) == "WARNING: web1"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo 'no idea'; exit 3", "^no idea$"),
        ("exit 4", "exit status 4"),
        ("kill -9 $$", "check_it: ended by signal 9"),
    ],
)
async def test_what_could_not_be_found_out_is_unknown(nagios, spawn, plugin, text, why):
    with pytest.raises(Unknown, match=why):
        await nagios.check("web1", command=plugin(text), spawn=spawn)


async def test_a_plugin_that_is_not_there_is_unknown_and_a_warning_when_the_config_is_read(nagios, spawn):
    with pytest.raises(Unknown, match="could not be started"):
        await nagios.check("web1", command="check_nothing_at_all", spawn=spawn)
    warnings = nagios.verify({"command": "check_nothing_at_all -x"})
    assert warnings == ["check_nothing_at_all is not there, or no program: install it"]
    assert nagios.verify({"command": "check_dummy 0"}) == []


async def test_a_plugin_that_hangs_is_ended_and_unknown(nagios, spawn, plugin):
    async with asyncio.timeout(5):
        with pytest.raises(Unknown, match=r"check_it: stopped after 0.3 s"):
            await nagios.check("web1", command=plugin("sleep 60"), timeout=0.3, spawn=spawn)


async def test_performance_data_of_later_lines_are_kept(nagios, spawn, plugin):
    text = "printf 'DISK OK - fine | /=5%%\\nmore text\\n even more | /var=6%%\\n/home=7%%\\n'"
    said = await nagios.check("web1", command=plugin(text), spawn=spawn)
    assert said == "DISK OK - fine | /=5% /var=6% /home=7%"


async def test_the_host_is_a_word_of_its_own_and_no_shell_sees_it(nagios, spawn, plugin):
    text = plugin('for word; do printf "<%s>" "$word"; done')
    said = await nagios.check("a b;c", command=f"{text} -x 'two words' -a {{host}}:80", spawn=spawn)
    assert said == "<-x><two words><-a><a b;c:80>"
    assert await nagios.check("h", command=text, spawn=spawn) == "<-H><h>"


@pytest.mark.parametrize("command", ["", "'open"])
def test_a_command_that_is_none_is_refused(nagios, command):
    with pytest.raises(BadOption, match="names no plugin"):
        nagios.verify({"command": command})


def test_the_runner_gives_it_what_it_needs():
    words = [sys.executable, "-m", "mon", "monitor", "nagios", "-c", "check_dummy 0 {host}", "web1", "web2"]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    assert ran.stdout == "\nweb1: OK: web1\nweb2: OK: web2\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "echo 'perl: warning: connection refused' >&2; echo 'HTTP CRITICAL - 500|time=1s'",
            "HTTP CRITICAL - 500",
        ),
        ("echo 'HTTP CRITICAL - 500'; echo 'odd' >&2", "HTTP CRITICAL - 500"),
        ("echo 'no such library' >&2", "no such library"),
        ("echo; echo 'no such library' >&2", "no such library"),
    ],
)
async def test_the_text_comes_from_stdout_first(nagios, spawn, plugin, text, said):
    with pytest.raises(Down, match=said) as found:
        await nagios.check("web1", command=plugin(f"{text}\nexit 2"), spawn=spawn)
    assert found.value.cause is Cause.WRONG
