"""Rounds: ours per host, programs per service."""

import asyncio
import threading
import time

import pytest

from mon.errors import Down, Unknown
from mon.model.config import CommandLine, Host
from mon.model.moment import Moment
from mon.model.result import Cause, Verdict
from mon.model.weight import Weighed
from mon.runner import Runner
from mon.structs import replace


async def test_every_host_is_checked_and_reported_as_it_is_known(runner, native, check):
    async def one(host):
        await asyncio.sleep({"slow": 0.3, "quick": 0.0}[host])
        return f"{host} answers"

    seen = []
    service = check(native(one), "slow", "quick")
    result = await runner.round(service, service.hosts, {}, seen.append)
    assert [part.host for part in seen] == ["quick", "slow"]
    assert (result.status, result.detail) == (0, "slow: slow answers\nquick: quick answers\n")


async def test_findings_become_verdicts(runner, native, check):
    async def one(host):
        raise {"d": Down("no", cause=Cause.REFUSED), "u": Unknown("?"), "x": ZeroDivisionError("0")}[host]

    service = check(native(one), "d", "u", "x")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert [(p.verdict.value, p.detail, p.cause.value) for p in result.hosts] == [
        ("down", "no", "refused"),
        ("unknown", "?", ""),
        ("unknown", "the monitor failed: ZeroDivisionError: 0", ""),
    ]
    assert (result.status, result.summary) == (1, "d u x")


async def test_options_are_given_and_the_probe_too(runner, native, check):
    async def one(host, *, port, probe):
        return f"{port} {probe}"

    bound = native(one, port=81)
    about = replace(bound.plugin.about, needs=(("probe", "Probe"),))
    bound = replace(bound, plugin=replace(bound.plugin, about=about))
    service = check(bound, "a")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert result.hosts[0].detail == "81 None"


async def test_the_address_is_checked_and_the_name_is_reported(runner, native, check):
    async def one(host):
        return host

    service = check(native(one), "web1=10.0.0.1")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert (result.hosts[0].host, result.hosts[0].detail) == ("web1", "10.0.0.1")


async def test_no_answer_by_the_deadline_is_down(runner, native, check):
    async def one(host):
        await asyncio.sleep(60)

    service = check(native(one), "a", timeout=0.2)
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert (result.hosts[0].verdict, result.hosts[0].cause) == (Verdict.DOWN, Cause.TIMEOUT)


async def test_a_timeout_while_we_were_held_up_says_nothing_about_the_host(runner, native, check):
    async def one(host):
        await asyncio.sleep(60)

    service = check(native(one), "a", timeout=1.0)
    asyncio.get_running_loop().call_later(0.1, time.sleep, 1.5)
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert result.hosts[0].verdict is Verdict.UNKNOWN
    assert "mon itself was held up" in result.hosts[0].detail


async def test_a_hung_host_delays_neither_its_siblings_nor_their_next_round(runner, native, check):
    release = asyncio.Event()

    async def one(host):
        if host == "hung":
            await release.wait()
        return "fine"

    service = check(native(one), "hung", "good")
    first = asyncio.create_task(runner.round(service, service.hosts, {}, lambda part: None))
    await asyncio.sleep(0.05)
    second = await runner.round(service, service.hosts, {}, lambda part: None)
    assert [part.host for part in second.hosts] == ["good"]
    release.set()
    assert {part.host for part in (await first).hosts} == {"hung", "good"}


async def test_the_standing_verdict_of_a_host_under_way_counts_in_the_roll_up(runner, native, check):
    answers = {"a": Down("no")}

    async def one(host):
        if host in answers:
            raise answers.pop(host)
        if host == "a":
            await asyncio.sleep(60)
        return "fine"

    service = check(native(one), "a", "b")
    await runner.round(service, service.hosts, {}, lambda part: None)
    hanging = asyncio.create_task(runner.round(service, service.hosts, {}, lambda part: None))
    await asyncio.sleep(0.05)
    third = await runner.round(service, service.hosts, {}, lambda part: None)
    assert (third.status, third.summary) == (1, "a")
    runner.cancel(service.key)
    assert await hanging is None


async def test_nobody_to_start_is_no_round(runner, native, check):
    async def one(host):
        await asyncio.sleep(60)

    service = check(native(one), "a")
    first = asyncio.create_task(runner.round(service, service.hosts, {}, lambda part: None))
    await asyncio.sleep(0.05)
    assert runner.in_flight(service.key) == 0
    assert await runner.round(service, service.hosts, {}, lambda part: None) is None
    runner.cancel(service.key)
    assert await first is None
    assert runner.in_flight(service.key) is None


async def test_a_cancelled_round_takes_its_checks_along(runner, native, check):
    ended = asyncio.Event()

    async def one(host):
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    service = check(native(one), "a")
    task = asyncio.create_task(runner.round(service, service.hosts, {}, lambda part: None))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait_for(ended.wait(), 1)


async def test_no_more_than_the_limit_are_under_way(native, check):
    runner = Runner(None, None, None, clock=_moment, limit=3)
    under_way, most = 0, 0

    async def one(host):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1

    service = check(native(one), *(f"h{n}" for n in range(20)))
    await runner.round(service, service.hosts, {}, lambda part: None)
    assert most == 3
    await runner.close(0)


def _moment():
    from mon.model.moment import Moment

    return Moment(time.time(), time.monotonic())


async def test_a_check_that_blocks_holds_up_nobody(runner, native, check, ticker):
    def one(host):
        time.sleep(1)
        return "done"

    service = check(native(one), "a", "b")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert (result.status, max(ticker) < 0.5) == (0, True)


async def test_a_thread_that_hangs_is_not_started_again(runner, native, check):
    release, calls = threading.Event(), []

    def one(host):
        calls.append(host)
        release.wait(10)

    service = check(native(one), "a", timeout=0.1)
    first = await runner.round(service, service.hosts, {}, lambda part: None)
    second = await runner.round(service, service.hosts, {}, lambda part: None)
    release.set()
    assert [first.hosts[0].verdict, second.hosts[0].verdict] == [Verdict.DOWN, Verdict.DOWN]
    assert (second.hosts[0].detail, calls) == ("still no end of the check before", ["a"])


async def test_a_sweep_reports_each_host_and_the_silent_ones_are_unknown(runner, native, check):
    async def sweep(hosts, report):
        report(hosts[0], Verdict.OK, "1 ms")
        report(hosts[1], Verdict.DOWN, "no answer", Cause.TIMEOUT)

    service = check(native(sweep, "sweep"), "a", "b", "c")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert [(p.host, p.verdict.value) for p in result.hosts] == [("a", "ok"), ("b", "down"), ("c", "unknown")]


async def test_a_sweep_that_cannot_work_leaves_everybody_unknown(runner, native, check):
    async def sweep(hosts, report):
        raise Unknown("ping is not permitted")

    service = check(native(sweep, "sweep"), "a", "b")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert (result.status, result.trouble) == (2, "ping is not permitted")


async def test_words_that_are_no_options_are_hosts(runner, native, check):
    async def one(host):
        return "fine"

    bound = replace(native(one), extra=("www",), command=CommandLine("", ("f", "www"), hosts=False))
    service = check(bound, "a")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert [part.host for part in result.hosts] == ["www"]


async def test_a_program_gets_arguments_hosts_and_environment(runner, bound, check, program):
    service = check(bound(program('echo "$* $MON_GROUP"'), "-p", "80"), "web1", "web2=10.0.0.2")
    result = await runner.round(service, service.hosts, {"MON_GROUP": "farm"}, lambda part: None)
    assert result.output == "-p 80 web1 10.0.0.2 farm\n"


async def test_two_semicolons_leave_out_the_hosts(runner, bound, check, program):
    service = check(bound(program('echo "[$*]"'), "www", hosts=False), "web1")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert (result.output, result.hosts[0].verdict) == ("[www]\n", Verdict.OK)


async def test_a_program_runs_once_at_a_time_and_its_number_is_known(runner, bound, check, program):
    service = check(bound(program("sleep 60")), "web1")
    first = asyncio.create_task(runner.round(service, service.hosts, {}, lambda part: None))
    await asyncio.sleep(0.2)
    assert (runner.in_flight(service.key) or 0) > 1
    assert await runner.round(service, service.hosts, {}, lambda part: None) is None
    runner.cancel(service.key)
    assert await first is None


async def test_a_program_that_is_stopped_tells_nothing(runner, bound, check, program):
    seen = []
    service = check(bound(program("echo web1; sleep 60")), "web1", "web2", timeout=0.2)
    result = await runner.round(service, service.hosts, {}, seen.append)
    assert (result.summary, result.trouble) == ("stopped after 0.2 s",) * 2
    assert {part.verdict for part in seen} == {Verdict.UNKNOWN}


async def test_a_program_that_hangs_delays_no_other_service(runner, bound, native, check, program):
    async def one(host):
        return "fine"

    hanging = check(bound(program("sleep 60")), "web1")
    task = asyncio.create_task(runner.round(hanging, hanging.hosts, {}, lambda part: None))
    await asyncio.sleep(0.1)
    other = replace(check(native(one), "a"), service=replace(hanging.service, name="x"))
    async with asyncio.timeout(1):
        assert (await runner.round(other, other.hosts, {}, lambda part: None)).status == 0
    task.cancel()


async def test_closing_ends_what_runs_within_two_seconds(bound, check, program):
    runner = Runner(None, None, None, clock=_moment, limit=10)
    service = check(bound(program("trap '' TERM; while :; do sleep 1; done")), "web1")
    task = asyncio.create_task(runner.round(service, service.hosts, {}, lambda part: None))
    await asyncio.sleep(0.2)
    async with asyncio.timeout(2):
        await runner.close(0.5)
    assert await task is None


async def test_hosts_given_twice_are_checked_for_both_names(runner, native, check):
    async def sweep(hosts, report):
        for host in hosts:
            report(host, Verdict.OK, "")

    service = check(native(sweep, "sweep"), "a=10.0.0.1", "b=10.0.0.1")
    result = await runner.round(service, (*service.hosts, Host("c")), {}, lambda part: None)
    assert {part.host for part in result.hosts} == {"a", "b", "c"}


async def test_a_round_that_is_cancelled_before_it_began_ends_and_calls_nobody(runner, native, check):
    called = []

    async def one(host):
        called.append(host)

    service, ended = check(native(one), "a"), []
    runner.begin(service, service.hosts, {}, lambda part: None, ended.append)
    runner.cancel(service.key)
    assert ended == [None]
    await asyncio.sleep(0.05)
    assert (called, ended) == ([], [None])


async def test_a_deadline_and_an_end_from_outside_are_told_apart(runner, native, check):
    async def one(host):
        await asyncio.sleep(60)

    service = replace(check(native(one), "a"), timeout=0.05)
    late = await runner.round(service, service.hosts, {}, lambda part: None)
    assert late.hosts[0].cause is Cause.TIMEOUT
    task = asyncio.create_task(runner.round(service, service.hosts, {}, lambda part: None))
    await asyncio.sleep(0.01)
    runner.cancel(service.key)
    assert await task is None


async def test_a_check_may_suggest_a_weight(runner, native, check):
    async def one(host):
        return {"a": Weighed("load 3", "50%"), "b": Weighed("load 1", 20), "c": "no idea"}[host]

    def blocks(host):
        return Weighed("blocked", 0.5)

    async def sweep(hosts, report):
        report("a", Verdict.OK, Weighed("swept", "5%"))

    async def suggested(bound, *hosts):
        service = check(bound, *hosts)
        result = await runner.round(service, service.hosts, {}, lambda part: None)
        return [(part.host, part.detail, str(part.weight)) for part in result.hosts]

    assert await suggested(native(one), "a", "b", "c") == [
        ("a", "load 3", "50%"), ("b", "load 1", "20"), ("c", "no idea", "None"),
    ]  # fmt: skip
    assert await suggested(native(blocks), "a") == [("a", "blocked", "0.5")]
    assert await suggested(native(sweep, "sweep"), "a") == [("a", "swept", "5%")]


async def test_a_weight_that_is_none_is_a_fault_of_the_monitor(runner, native, check):
    async def one(host):
        return Weighed("load 3", "lots")

    service = check(native(one), "a")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert result.hosts[0].verdict is Verdict.UNKNOWN
    assert "'lots' is no weight: give a number from 0 on, or a share like '75%'" in result.hosts[0].detail


@pytest.mark.parametrize(
    ("head", "why"), [("#!/no/such/python\n", "/no/such/python"), ("#!/bin/sh\r\n", "CRLF")]
)
async def test_a_missing_interpreter_is_status_1_as_in_the_classic_mon_and_named(
    runner, program, bound, check, head, why
):
    service = check(bound(program("exit 0", head=head)), "web1")
    result = await runner.round(service, service.hosts, {}, lambda part: None)
    assert (result.status, result.hosts[0].verdict) == (1, Verdict.UNKNOWN)
    assert why in result.summary


@pytest.mark.parametrize("what", ["mon.runner.rounds.judged", "mon.runner.child.text_of"])
def test_the_end_waits_for_no_long_output_that_is_being_looked_at(program, check, bound, monkeypatch, what):
    begun, release, ended = threading.Event(), threading.Event(), []

    def slowly(*said):
        begun.set()
        release.wait(60)
        ended.append(said)

    async def life(service):
        runner = Runner(None, None, None, clock=lambda: Moment(time.time(), time.monotonic()))
        runner.begin(service, service.hosts, {}, lambda part: None, lambda result: None)
        await asyncio.to_thread(begun.wait, 60)
        await runner.close(0.0)

    monkeypatch.setattr(what, slowly)
    asyncio.run(life(check(bound(program("head -c 20000 /dev/zero | tr '\\0' a; exit 1")), "a")))
    assert begun.is_set() and not ended
    release.set()
