"""Our own monitors in workers: who checks what, and what happens when a worker dies."""

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter

import pytest
from serving import Servers

from mon.catalog import Catalog, Check, bind
from mon.model.config import CommandLine, Host, Service
from mon.model.moment import Moment
from mon.model.result import Verdict
from mon.probe import Probe
from mon.runner import Runner, Worker
from mon.runner.orders import place


def now():
    return Moment(time.time(), time.monotonic())


@pytest.fixture
async def crew():
    """A runner with two workers that have said their first word."""
    probe = Probe()
    runner = Runner(probe, None, Worker(), clock=now)
    runner.spread(2)
    await settled(runner, 2)
    yield runner
    await runner.close(0.0)
    await probe.close()


async def settled(runner, workers, seconds=20.0):
    """Wait until so many workers are there and working."""
    spread = runner._spread
    for _ in range(int(seconds / 0.02)):
        if sum(prober.ready for prober in spread._probers) == workers == len(runner.workers):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{runner.workers} are not {workers} working ones")


@pytest.fixture
async def target():
    """A server on 127.0.0.0/8; ``hold`` makes it wait before it answers; ``seen`` counts by address."""

    class Target:
        def __init__(self):
            self.hold = asyncio.Event()
            self.seen = Counter()

        async def answer(self, reader, writer):
            self.seen[writer.get_extra_info("sockname")[0]] += 1
            await self.hold.wait()
            writer.write(b"hello\r\n")
            writer.close()

    target = Target()
    target.hold.set()
    servers = Servers()
    target.port = await servers.listen(target.answer, host="0.0.0.0")
    yield target
    await servers.close()


def tcp(target, *hosts, timeout=5.0, words=("--expect", "hello")):
    line = ("mon:tcp.monitor", "-p", str(target.port), "-t", str(timeout), *words)
    monitor = bind(Catalog().find("monitor", line[0]), CommandLine(" ".join(line), line))
    return Check(Service("farm", "tcp"), monitor, tuple(Host(host) for host in hosts), timeout)


HOSTS = tuple(f"127.0.3.{n}" for n in range(1, 41))


async def test_a_round_is_what_it_is_in_the_daemon_itself(crew, target):
    check = tcp(target, *HOSTS)
    seen = []
    result = await crew.round(check, check.hosts, {}, seen.append)
    assert (result.status, result.output.partition("\n")[0]) == (0, "")
    assert sorted(part.host for part in result.hosts) == sorted(part.host for part in seen) == sorted(HOSTS)
    assert {part.verdict for part in seen} == {Verdict.OK}
    assert all(0 < part.duration < 5 and abs(part.at.mono - time.monotonic()) < 5 for part in seen)
    assert target.seen == dict.fromkeys(HOSTS, 1)


async def test_both_workers_work_and_a_host_is_always_checked_by_the_same(crew, target):
    check = tcp(target, *HOSTS)
    target.hold.clear()
    round_ = asyncio.create_task(crew.round(check, check.hosts, {}, lambda result: None))
    await until(lambda: sum(target.seen.values()) == len(HOSTS))
    shares = [len(prober.asked) for prober in crew._spread._probers]
    assert shares == [1, 1]
    target.hold.set()
    assert (await round_).status == 0


def test_places_are_shared_out_evenly_and_for_good():
    places = Counter(place(("web", "http"), f"web{n}", 4) for n in range(4000))
    assert all(900 < share < 1100 for share in places.values())
    assert place(("web", "http"), "web1", 4) == place(("web", "http"), "web1", 4)
    assert place(("web", "http"), "\udcff", 3) in range(3)


async def test_a_result_comes_at_once_and_not_at_the_end_of_its_round(crew, target):
    check = tcp(target, "127.0.3.1", "127.0.3.2", words=("--expect", "hello"))
    refused = Host("127.0.3.9", "127.0.0.1:1")  # no such address: known at once
    target.hold.clear()
    seen = []
    round_ = asyncio.create_task(crew.round(check, (*check.hosts, refused), {}, seen.append))
    await until(lambda: seen)
    assert [part.host for part in seen] == ["127.0.3.9"]
    target.hold.set()
    assert len((await round_).hosts) == 3


async def test_a_host_that_hangs_is_not_checked_twice_and_delays_no_other(crew, target):
    check = tcp(target, "127.0.3.1", "127.0.3.2")
    target.hold.clear()
    first = asyncio.create_task(crew.round(check, check.hosts[:1], {}, lambda result: None))
    await until(lambda: target.seen["127.0.3.1"])
    assert await crew.round(check, check.hosts[:1], {}, lambda result: None) is None
    assert crew.in_flight(check.key) == 0
    target.hold.set()
    assert (await crew.round(check, check.hosts, {}, lambda result: None)) is not None
    assert (await first).status == 0
    assert crew.in_flight(check.key) is None


async def test_a_worker_that_is_killed_costs_nothing(crew, target):
    """Its checks are repeated at once, each host has one result, and there are two workers again."""
    check = tcp(target, *HOSTS)
    target.hold.clear()
    seen = []
    round_ = asyncio.create_task(crew.round(check, check.hosts, {}, seen.append))
    await until(lambda: sum(target.seen.values()) == len(HOSTS))
    before = crew.workers
    os.kill(before[0], signal.SIGKILL)
    await until(lambda: sum(target.seen.values()) > len(HOSTS), 2.0)
    target.hold.set()
    result = await round_
    assert (result.status, len(result.hosts)) == (0, len(HOSTS))
    assert sorted(part.host for part in seen) == sorted(HOSTS)
    await settled(crew, 2)
    assert before[0] not in crew.workers and before[1] in crew.workers


async def test_all_may_be_killed_again_and_again(crew, target):
    check = tcp(target, *HOSTS)
    for _ in range(3):
        rounds = asyncio.create_task(crew.round(check, check.hosts, {}, lambda result: None))
        await asyncio.sleep(0.01)
        for pid in crew.workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            assert (await rounds).status == 0
    await settled(crew, 2)


async def test_what_kills_every_worker_is_given_up(crew, target):
    check = tcp(target, "127.0.3.1")
    target.hold.clear()
    round_ = asyncio.create_task(crew.round(check, check.hosts, {}, lambda result: None))
    for deaths in range(3):
        await until(lambda deaths=deaths: target.seen["127.0.3.1"] > deaths, 20.0)
        os.kill(next(prober.pid for prober in crew._spread._probers if prober.asked), signal.SIGKILL)
    result = await round_
    assert [(part.verdict, part.detail) for part in result.hosts] == [
        (Verdict.UNKNOWN, "3 workers died that checked it")
    ]


async def test_one_that_is_stopped_is_found_out_and_replaced(crew, target, monkeypatch):
    monkeypatch.setattr("mon.runner.prober.SILENT", 2)
    check = tcp(target, *HOSTS)
    stopped = crew.workers[0]
    os.kill(stopped, signal.SIGSTOP)
    async with asyncio.timeout(15):
        result = await crew.round(check, check.hosts, {}, lambda result: None)
    assert (result.status, len(result.hosts)) == (0, len(HOSTS))
    assert stopped not in crew.workers


async def test_without_any_worker_the_daemon_checks_itself(crew, target, monkeypatch):
    """Say there is no memory for processes at this moment."""

    def refuse(*_words, **_more):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("mon.runner.prober.Peer", refuse)
    for pid in crew.workers:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: not crew.workers)
    check = tcp(target, *HOSTS)
    result = await crew.round(check, check.hosts, {}, lambda result: None)
    assert (result.status, len(result.hosts)) == (0, len(HOSTS))
    monkeypatch.undo()
    await settled(crew, 2)


async def test_their_number_changes_while_checks_run(crew, target):
    check = tcp(target, *HOSTS)
    target.hold.clear()
    seen = []
    round_ = asyncio.create_task(crew.round(check, check.hosts, {}, seen.append))
    await until(lambda: sum(target.seen.values()) == len(HOSTS))
    left = crew.workers
    crew.spread(0)
    assert crew.workers == []
    await until(lambda: sum(target.seen.values()) == 2 * len(HOSTS))
    target.hold.set()
    assert (await round_).status == 0
    assert sorted(part.host for part in seen) == sorted(HOSTS)
    await until(lambda: not any(map(alive, left)))
    crew.spread(3)
    await settled(crew, 3)


async def test_a_cancelled_service_is_over_at_once_and_starts_afresh(crew, target):
    check = tcp(target, *HOSTS)
    target.hold.clear()
    round_ = asyncio.create_task(crew.round(check, check.hosts, {}, lambda result: None))
    await until(lambda: sum(target.seen.values()) == len(HOSTS))
    crew.cancel(check.key)
    assert await round_ is None
    assert crew.in_flight(check.key) is None
    target.hold.set()
    other = tcp(target, "127.0.3.1", words=("--expect", "nothing of the kind"))
    result = await crew.round(other, other.hosts, {}, lambda result: None)
    assert result.hosts[0].verdict is Verdict.DOWN


async def test_a_report_that_fails_costs_its_own_host_only(crew, target, caplog):
    check = tcp(target, *HOSTS)
    seen = []

    def report(result):
        seen.append(result)
        assert result.host != HOSTS[3]

    assert (await crew.round(check, check.hosts, {}, report)).status == 0
    assert len(seen) == len(HOSTS)
    assert "a result was not taken" in caplog.text


async def test_a_sweep_is_one_call(crew):
    line = ("mon:fping.monitor", "-t", "500", "-r", "1")
    monitor = bind(Catalog().find("monitor", line[0]), CommandLine(" ".join(line), line))
    check = Check(Service("farm", "ping"), monitor, tuple(map(Host, HOSTS)), 10.0)
    result = await crew.round(check, check.hosts, {}, lambda result: None)
    assert len(result.hosts) == len(HOSTS)


async def test_they_go_when_the_daemon_is_killed(tmp_path):
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(_die(tmp_path / "pids"))
        finally:
            os._exit(1)
    await asyncio.to_thread(os.waitpid, pid, 0)
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    await until(lambda: not any(map(alive, pids)))


async def _die(file):
    runner = Runner(None, None, None, clock=now)
    runner.spread(2)
    await settled(runner, 2)
    file.write_text(" ".join(map(str, runner.workers)))
    os.kill(os.getpid(), signal.SIGKILL)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until(holds, seconds=5.0):
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never held")
