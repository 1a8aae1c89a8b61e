"""Event monitors under the runner: started, bounded, started anew, ended."""

import asyncio
from collections.abc import Awaitable, Callable

from mon.catalog import Bound, Check
from mon.model.config import Host
from mon.model.result import HostResult, Verdict
from mon.model.weight import Weighed
from mon.runner import Runner

Native = Callable[..., Bound]
Checker = Callable[..., Check]
Until = Callable[..., Awaitable[bool]]


def heard() -> tuple[list[HostResult], Callable[[HostResult], None]]:
    said: list[HostResult] = []
    return said, said.append


async def test_each_host_is_followed_and_a_round_rolls_up_what_stands(
    runner: Runner, native: Native, check: Checker
) -> None:
    async def follow(host: str, report: Callable[..., None]) -> None:
        report(Verdict.OK if host == "a" else Verdict.DOWN, "so")
        await asyncio.Event().wait()

    said, hear = heard()
    service = check(native(follow, "follow"), "a", "b")
    result = await runner.round(service, service.hosts, {}, hear)
    assert result is not None
    assert (result.status, result.summary) == (1, "b")
    assert {(one.host, one.verdict, one.final) for one in said} == {
        ("a", Verdict.OK, True),
        ("b", Verdict.DOWN, True),
    }
    again = await runner.round(service, service.hosts, {}, hear)
    assert again is not None
    assert (again.status, len(said)) == (1, 2)


async def test_who_says_nothing_is_unknown_after_the_time_of_the_check(
    runner: Runner, native: Native, check: Checker
) -> None:
    async def follow(host: str, report: Callable[..., None]) -> None:
        await asyncio.Event().wait()

    service = check(native(follow, "follow"), "a", timeout=0.1)
    result = await runner.round(service, service.hosts, {}, heard()[1])
    assert result is not None
    assert result.status == 2
    assert "has said nothing" in result.output


async def test_hosts_that_come_and_go_are_followed_from_the_next_round(
    runner: Runner, native: Native, check: Checker
) -> None:
    running: set[str] = set()

    async def follow(host: str, report: Callable[..., None]) -> None:
        running.add(host)
        report(Verdict.OK)
        try:
            await asyncio.Event().wait()
        finally:
            running.discard(host)

    service = check(native(follow, "follow"), "a", "b")
    await runner.round(service, service.hosts, {}, heard()[1])
    assert running == {"a", "b"}
    await runner.round(service, (Host("b"), Host("c")), {}, heard()[1])
    await asyncio.sleep(0)
    assert running == {"b", "c"}
    runner.cancel(service.key)
    await asyncio.sleep(0)
    assert running == set()
    assert runner.standing(service.key) is None


async def test_a_flood_of_reports_is_bounded_and_the_latest_is_kept(
    runner: Runner, native: Native, check: Checker, until: Until
) -> None:
    async def follow(host: str, report: Callable[..., None]) -> None:
        for number in range(1000):
            report(Verdict.OK, f"number {number}")
        await asyncio.Event().wait()

    said, hear = heard()
    service = check(native(follow, "follow"), "a")
    await runner.round(service, service.hosts, {}, hear)
    assert len(said) == 10
    assert await until(lambda: len(said) == 11)
    assert said[-1].detail == "number 999"


async def test_a_call_that_fails_or_ends_is_told_of_and_made_again(
    runner: Runner, native: Native, check: Checker, until: Until
) -> None:
    calls = []

    async def follow(host: str, report: Callable[..., None]) -> None:
        calls.append(host)
        if len(calls) == 1:
            raise ValueError("oh")
        report(Verdict.OK)
        await asyncio.Event().wait()

    said, hear = heard()
    service = check(native(follow, "follow"), "a")
    await runner.round(service, service.hosts, {}, hear)
    assert (said[0].verdict, said[0].detail) == (Verdict.UNKNOWN, "the monitor failed: ValueError: oh")
    assert await until(lambda: len(said) == 2)
    assert said[1].verdict is Verdict.OK


async def test_nobody_is_followed_after_the_end(runner: Runner, native: Native, check: Checker) -> None:
    ended = []

    async def follow(host: str, report: Callable[..., None]) -> None:
        report(Verdict.OK)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(host)

    service = check(native(follow, "follow"), "a")
    await runner.round(service, service.hosts, {}, heard()[1])
    await runner.close(0.0)
    assert ended == ["a"]


async def test_an_event_may_suggest_a_weight(runner: Runner, native: Native, check: Checker) -> None:
    async def follow(host: str, report: Callable[..., None]) -> None:
        report(Verdict.OK, Weighed("load 3", "50%"))
        await asyncio.Event().wait()

    said, hear = heard()
    service = check(native(follow, "follow"), "a")
    await runner.round(service, service.hosts, {}, hear)
    assert [(one.detail, str(one.weight), one.final) for one in said] == [("load 3", "50%", True)]
