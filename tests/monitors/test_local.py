"""The monitors of this machine: freespace, load, procs."""

import os
import subprocess
import sys

import pytest

from mon.plugin import BadOption, Cause, Down, Unknown

ELSEWHERE = "192.0.2.1"


@pytest.mark.parametrize("name", ["freespace", "load", "procs"])
async def test_another_machine_is_unknown(load, probe, name):
    with pytest.raises(Unknown, match=r"mon runs on, and 192.0.2.1 is another"):
        await load(name).check(ELSEWHERE, probe=probe)


@pytest.fixture
def freespace(load):
    return load("freespace")


@pytest.mark.parametrize("host", ["127.0.0.1", "/", "/:1%", "/:10M:1%", "/:100:1"])
async def test_room_enough(freespace, probe, host):
    assert (await freespace.check(host, free="1M", inodes="1", probe=probe)).startswith("/ ")


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("/:101%", r"/ has \d+% free \(\d+ MiB\), less than 101%"),
        ("/:9999T", "less than 9999T"),
        ("/dev/shm:1:101%", "inodes free, less than 101%"),
        ("/usr/bin:1%", "/usr/bin is not mounted"),
        ("/no/such/place:1%", "is not mounted"),
    ],
)
async def test_a_file_system_that_is_there_but_not_as_wanted_is_down(freespace, probe, host, why):
    with pytest.raises(Down, match=why) as found:
        await freespace.check(host, probe=probe)
    assert found.value.cause is Cause.WRONG


def test_a_file_system_that_cannot_be_written_is_down(freespace):
    found = os.statvfs("/")
    frozen = os.statvfs_result([*found[:8], found.f_flag | os.ST_RDONLY, *found[9:]])
    with pytest.raises(Down, match="/ is read-only"):
        freespace.judged("/", frozen, "1", "1", read_only=False)
    assert freespace.judged("/", frozen, "1", "1", read_only=True)


async def test_words_that_are_no_size(freespace, probe):
    with pytest.raises(BadOption, match="is no size: write 10% or 5G"):
        freespace.verify({"free": "lots", "inodes": "5%"})
    with pytest.raises(Unknown, match="'lots' is no size"):
        await freespace.check("/:lots", probe=probe)


async def test_load(load, probe):
    monitor = load("load")
    assert "processors" in await monitor.check("127.0.0.1", most="1000", probe=probe)
    with pytest.raises(Down, match=r"more than -1 over 1 min"):
        await monitor.check("127.0.0.1", most="-1,5,5", total=True, probe=probe)
    for words in ("", "1,2", "a"):
        with pytest.raises(BadOption, match="write one number"):
            monitor.verify({"most": words})


@pytest.fixture
def procs(load):
    return load("procs")


@pytest.fixture
def child():
    """A process with a mark in its command line."""
    code, mark = "import sys; sys.stdin.read()", f"mark-of-{os.getpid()}"
    with subprocess.Popen([sys.executable, "-c", code, mark], stdin=subprocess.PIPE) as running:
        yield mark
        running.stdin.close()


@pytest.fixture
def zombie():
    """A process that has ended and nobody awaits."""
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    yield "true"
    ended.wait()


async def test_processes_by_name_and_command_line(procs, probe, child):
    assert await procs.check("127.0.0.1", match=child, most=1, probe=probe) == "1 process"
    assert await procs.check("127.0.0.1", name=os.path.basename(sys.executable), probe=probe)


async def test_too_few_and_too_many_processes_are_down(procs, probe, child):
    with pytest.raises(Down, match="1 process, fewer than 2"):
        await procs.check("127.0.0.1", match=child, least=2, probe=probe)
    with pytest.raises(Down, match="0 processes, fewer than 1"):
        await procs.check("127.0.0.1", match=f"no-{child}", probe=probe)
    with pytest.raises(Down, match="processes, more than 1"):
        await procs.check("127.0.0.1", most=1, probe=probe)


async def test_processes_that_nobody_awaits(procs, probe, zombie):
    assert await procs.check("127.0.0.1", name=zombie, zombies=True, probe=probe)
