"""``get``: what the classic mon 1.3.6 answers for each of its variables, recorded from it."""

from collections.abc import Callable
from typing import Any

import pytest

from mon.control.classic.commands import answer
from mon.control.classic.session import Gate, Session
from mon.control.classic.variables import COMPUTED
from mon.engine.variables import SERVICE, STATE

CONFIG = """
dep_memory = 90s

hostgroup web h1 h2

watch web
    service http
        interval 1h
        failure_interval 30m
        randskew 10s
        dep_memory 5m
        unack_summary yes
        depend SELF:ping && !SELF:mail
        dep_behavior m
        exclude_hosts h2
        monitor http.monitor
        period wd {Sun-Sat}
            alert mail.alert root
            upalert mail.alert root
    service ping
        interval 1h
        monitor ping.monitor
        alertdepend SELF:http
    service mail
        traptimeout 2h
        trapduration 1h
"""

FRESH = [
    ("http", "dep_behavior", "m"),
    ("ping", "dep_behavior", "a"),
    ("http", "randskew", "10"),
    ("ping", "randskew", "0"),
    ("http", "unack_summary", "1"),
    ("ping", "unack_summary", "0"),
    ("http", "dep_memory", "300"),
    ("ping", "dep_memory", "90"),
    ("http", "depend", r"web:ping\20&&\20!web:mail"),
    ("ping", "alertdepend", "web:http"),
    ("http", "exclude_hosts", "h2"),
    ("http", "_monitor_running", "0"),
    ("http", "_start_of_monitor", "1790000000"),
    ("http", "_next_check", ""),
    ("http", "_upalert", "1"),
    ("ping", "_upalert", ""),
    ("http", "disable", ""),
    ("http", "_old_interval", ""),
    ("mail", "_trap_timer", "7200"),
    ("mail", "_trap_duration_timer", ""),
]


@pytest.fixture
def daemon(new_daemon: Callable[[str], Any]) -> Any:
    return new_daemon(CONFIG)


async def get(daemon: Any, service: str, name: str) -> str:
    """The value between the quotes of the reply."""
    reply, final = await answer(Session(daemon, Gate(None)), f"get web {service} {name}")
    assert final == "220 get completed"
    return reply.removeprefix(f"web {service} {name}='").removesuffix("'")


@pytest.mark.parametrize(("service", "name", "value"), FRESH)
async def test_a_fresh_service_has_its_values(daemon: Any, service: str, name: str, value: str) -> None:
    assert await get(daemon, service, name) == value


async def test_the_next_check_has_a_time_once_there_was_one(daemon: Any) -> None:
    daemon.result(("web", "http"), 1, "h1\n")
    assert await get(daemon, "http", "_next_check") == str(int(daemon.at.wall) + 60)


async def test_a_failing_service_remembers_its_usual_interval(daemon: Any) -> None:
    daemon.result(("web", "http"), 1, "h1\n")
    assert await get(daemon, "http", "interval") == "1800"
    assert await get(daemon, "http", "_old_interval") == "3600"


async def test_a_disabled_service_says_so(daemon: Any) -> None:
    daemon.book.disable_service(("web", "http"), daemon.at, {})
    assert await get(daemon, "http", "disable") == "1"
    assert await get(daemon, "ping", "disable") == ""


async def test_a_trap_starts_its_duration(daemon: Any) -> None:
    await daemon.trap(("web", "mail"), 1, "h1\n\n")
    assert await get(daemon, "mail", "_trap_duration_timer") == "3600"


async def test_a_status_that_is_a_word_stays_one(daemon: Any) -> None:
    await daemon.trap(("web", "mail"), 1, "h1\n\n", word="fail")
    assert await get(daemon, "mail", "_exitval") == "fail"
    assert " exitval=fail " in (await answer(Session(daemon, Gate(None)), "list opstatus web,mail"))[0]


async def test_the_timer_of_a_service_without_a_monitor_is_empty_for_a_second_after_a_reset(
    daemon: Any,
) -> None:
    assert await get(daemon, "mail", "_timer") == "0"
    daemon.book.reset(daemon.book.config, daemon.at)
    assert await get(daemon, "mail", "_timer") == ""
    daemon.at = daemon.at.later(1)
    assert await get(daemon, "mail", "_timer") == "0"


def test_no_variable_has_two_owners_that_say_different_things() -> None:
    """What is computed wins; it must not hide what the state file keeps."""
    assert not set(COMPUTED) & set(STATE)
    assert set(COMPUTED) & set(SERVICE) == {
        *("dep_behavior", "randskew", "unack_summary", "depend", "alertdepend", "monitordepend", "hostdepend")
    }
