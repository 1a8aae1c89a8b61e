"""Commands and their replies, without a port."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mon.control.classic.commands import answer
from mon.control.classic.session import Gate, Session
from mon.errors import ControlError

HTTP = ("web", "http")
FRESH_HTTP = (
    r"group=web service=http opstatus=7 last_opstatus=7 exitval=undef timer=60 last_success=0 last_trap=0"
    r" last_traphost= last_check= ack=0 ackcomment= alerts_sent=0 depstatus= depend=web:ftp hostdepend="
    r" monitordepend= alertdepend= monitor=http.monitor\20-a\20\27b\27 last_summary= last_detail="
    r" interval=90 monitor_duration=-1 monitor_running=0"
)


@pytest.fixture
def say(daemon: Any) -> Callable[[str], Any]:
    """One command on a connection that may do everything."""
    session = Session(daemon, Gate(None), address="127.0.0.1")

    async def say(line: str) -> list[str]:
        return await answer(session, line)

    return say


async def test_a_fresh_service_has_its_status_line(say: Callable[[str], Any]) -> None:
    assert await say("list opstatus web,http") == [FRESH_HTTP, "220 list opstatus completed"]


async def test_a_failing_service_has_more_fields(daemon: Any, say: Callable[[str], Any]) -> None:
    daemon.result(HTTP, 3, "h1 is 'down'\nno answer\n")
    status = (await say("list failures"))[0]
    for field in (
        "opstatus=0",
        "exitval=3",
        r"last_summary=h1\20is\20\27down\27",
        r"last_detail=no\20answer\0a",
        "last_failure=1790000001",
        "interval=90 monitor_duration=1 monitor_running=0",
        "first_failure=1790000001 failure_duration=0",
    ):
        assert f" {field}" in status


async def test_a_long_list_lets_the_loop_go_on_and_outlives_a_reload(
    new_daemon: Callable[[str], Any],
) -> None:
    services = "".join(f"    service s{n}\n        interval 9s\n" for n in range(1000))
    daemon = new_daemon(f"hostgroup g h\n\nwatch g\n{services}")

    async def reload() -> int:
        daemon.book.reload(daemon.read("hostgroup g h\n\nwatch g\n    service s0\n"), daemon.at)
        return len(daemon.book.services)

    listing = answer(Session(daemon, Gate(None)), "list opstatus")
    lines, left = await asyncio.gather(listing, reload())
    assert left == 1
    assert lines[-1] == "220 list opstatus completed"
    assert 100 < len(lines) < 500


async def test_status_kinds_are_told_apart(daemon: Any, say: Callable[[str], Any]) -> None:
    daemon.result(HTTP, 1, "h1\n")
    daemon.result(("web", "ftp"), 0, "")
    assert [line.split()[1] for line in await say("list failures")][:-1] == ["service=http"]
    assert [line.split()[1] for line in await say("list successes")][:-1] == ["service=ftp"]
    assert await say("list warnings") == ["220 list successes completed"]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("list descriptions", [r"web http the\20\22web\22\20it\27s\20\\\20ok", "web ftp "]),
        (
            "list deps",
            ["exp web http 'web:ftp'", "cmp web http web:ftp", "exp web ftp 'NONE'", "cmp web ftp NONE"],
        ),
        ("list group web", ["hostgroup web h1 h2"]),
        ("list state", ["scheduler running"]),
        ("list disabled", []),
        ("list alerthist", []),
        ("list opstatus nosuch", []),
        ("LIST  state", ["scheduler running"]),
        ("list\tstate", ["scheduler running"]),
    ],
)
async def test_lists_end_with_their_own_words(say: Callable[[str], Any], line: str, reply: list[str]) -> None:
    assert await say(line) == [*reply, f"220 list {line.split()[1]} completed"]


@pytest.mark.parametrize(
    ("line", "final"),
    [
        ("", "520 invalid command"),
        (" version", "520 invalid command"),
        ("versionx", "520 invalid command"),
        ("exit", "520 invalid command"),
        ("dump", "520 command could not be executed, unknown command"),
        ("list", "520 unknown list command"),
        ("list WATCH", "520 unknown list command"),
        ("list group nosuch", "520 list group error, undefined group"),
        ("list opstatus web,nosuch", "520 web,nosuch does not exist"),
        ("list dtlog", "520 list dtlog error, dtlogging is not turned on"),
        ("protid 1", "520 protocol mismatch"),
        ("login ann", "530 login unsuccessful"),
        ("checkauth nosuch", "520 command could not be executed"),
        ("checkauth list", "220 command authorized"),
        ("reload nosuch", "520 unknown reload command"),
        ("clear timers web nosuch", "520 unknown group"),
        ("clear timers web http", "220 clear timers completed"),
        ("clear", "520 unknown clear command"),
        ("savestate", "520 savestate error, arguments required"),
        ("savestate nosuch", "220 savestate completed"),
        ("loadstate", "220 loadstate completed"),
        ("test", "520 test error"),
        ("test alert web http 1 nosuch", "520 period not defined"),
        ("test alert web nosuch 1 x", "520 web nosuch not defined"),
        ("test alert web http 1 wd {Sun-Sat}", "220 test alert completed"),
        ("test monitor web nosuch", "220 test monitor completed"),
        ("set maxkeep x", "520 maxkeep,x not defined"),
        ("set web http opstatus nosuch", "520 undefined opstatus"),
        ("set web http _timer soon", "520 _timer must be a number of seconds"),
        ("get", "520 , not defined"),
        ("ack web http x", "520 service is in a non-failure state"),
        ("ack web nosuch x", "520 unknown service"),
        ("ack nosuch nosuch x", "520 unknown group"),
        ("disable", "520 command could not be executed"),
        ("disable watch nosuch", '520 disable error, unknown watch "nosuch"'),
        ("disable service web nosuch", "520 disable error, unknown service"),
        ("disable host h1 x y", "520 disable host failed, host(s) x y do not exist"),
        ("enable service web nosuch", "520 enable error, unknown group"),
        ("enable watch nosuch", "520 enable error, unknown watch"),
        ("setview nosuch", "504 unknown view nosuch"),
        ("setview a b", "500 Unknown setview command"),
        ("start", "220 start completed"),
    ],
)
async def test_final_lines_are_those_that_clients_know(
    say: Callable[[str], Any], line: str, final: str
) -> None:
    assert (await say(line))[-1] == final


async def test_stopping_is_said_with_its_time(say: Callable[[str], Any]) -> None:
    await say("stop")
    assert (await say("list state"))[0] == "scheduler stopped since 1790000000"


async def test_disabled_things_are_listed_saved_and_enabled(daemon: Any, say: Callable[[str], Any]) -> None:
    for line in ("disable host h2", "disable service web ftp", "disable watch web"):
        await say(line)
    assert (await say("list disabled"))[:-1] == ["group web: h2", "watch web", "watch web service ftp"]
    assert await say("list group web") == ["hostgroup web h1 *h2", "220 list group completed"]
    for line in ("enable host h2", "enable service web ftp", "enable watch web"):
        await say(line)
    assert (await say("list disabled"))[:-1] == []
    assert daemon.saved == ["disabled"] * 6


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("disable host h2", "220 disable host completed"),
        ("disable service web ftp", "220 disable service completed"),
        ("disable watch web", "220 disable watch completed"),
        ("enable host h2", "220 enable completed"),
        ("enable service web ftp", "220 enable completed"),
        ("enable watch web", "220 enable watch completed"),
        ("ack web http mine", "220 ack completed"),
    ],
)
async def test_what_is_in_force_but_not_saved_is_a_success_that_says_so(
    daemon: Any, say: Callable[[str], Any], line: str, done: str
) -> None:
    daemon.result(HTTP, 1, "h1\n")
    daemon.trouble = "disk full"
    assert await say(line) == [f"{done}; it is in force, but not saved: disk full"]
    assert await say("savestate all") == ["520 savestate error, it is in force, but not saved: disk full"]
    daemon.trouble = ""
    assert await say(line) == [done] or line == "disable host h2"  # which is disabled by now


async def test_a_host_name_is_no_pattern(
    new_daemon: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(new_daemon("hostgroup g a.b axb\n\nwatch g\n    service s\n"), Gate(None))
    await answer(session, "disable host a.b")
    assert (await answer(session, "list group g"))[0] == "hostgroup g *a.b axb"


async def test_an_acknowledgement_has_user_and_comment(daemon: Any, say: Callable[[str], Any]) -> None:
    daemon.result(HTTP, 1, "h1\n")
    assert await say(r"ack web http 'on\20it'") == ["220 ack completed"]
    assert r" ackcomment=:\20on\20it " in (await say("list opstatus"))[0]
    assert daemon.steps[-1].keys == (HTTP,)


async def test_set_echoes_as_it_is_and_get_escapes(say: Callable[[str], Any]) -> None:
    assert await say(r"set web http description 'a\20b'") == [
        "web http description='a b'",
        "220 set completed",
    ]
    assert await say("get web http description") == [
        r"web http description='a\20b'",
        "220 get completed",
    ]


async def test_the_timer_is_the_daemons(daemon: Any, say: Callable[[str], Any]) -> None:
    await say("set web http _timer 5")
    assert daemon.timers == {HTTP: 5.0}
    assert (await say("get web http _timer"))[0] == "web http _timer='5'"


async def test_setting_the_status_stores_its_number(say: Callable[[str], Any]) -> None:
    assert await say("set web http opstatus linkdown") == ["220 set completed"]
    assert (await say("get web http _op_status"))[0] == "web http _op_status='4'"


async def test_a_test_of_a_monitor_starts_it(daemon: Any, say: Callable[[str], Any]) -> None:
    assert await say("test monitor web http") == ["220 test monitor completed"]
    assert daemon.checked == [HTTP]


async def test_a_monitor_without_an_interval_never_runs(new_daemon: Callable[[str], Any]) -> None:
    daemon = new_daemon("hostgroup g h\n\nwatch g\n    service s\n        monitor x.monitor\n")
    assert await answer(Session(daemon, Gate(None)), "test monitor g s") == ["220 test monitor completed"]
    assert daemon.checked == []


async def test_a_misspelt_kind_of_alert_calls_nothing(daemon: Any, say: Callable[[str], Any]) -> None:
    assert await say("test alertx web http 1 wd {Sun-Sat}") == ["220 test alert completed"]
    assert daemon.steps == []


async def test_running_monitors_are_listed_with_their_processes(
    daemon: Any, say: Callable[[str], Any]
) -> None:
    daemon.pids[HTTP] = 4711
    assert (await say("list pids"))[1:] == ["web http 4711", "220 list pids completed"]


async def test_a_test_of_the_file_shows_all_errors(daemon: Any, say: Callable[[str], Any]) -> None:
    assert await say("test config") == ["220 test config completed OK, no errors found"]
    daemon.text = "hostgroup g h\n\nwatch g\n    service s\n        nonsense here\n"
    *errors, final = await say("test config")
    assert final == "520 test config completed, errors found in config file"
    assert errors[0].startswith("mon.cf:5: ")


async def test_a_reset_with_errors_says_so(daemon: Any, say: Callable[[str], Any]) -> None:
    assert (await say("reset"))[0].startswith("220 reset PID ")
    daemon.text = "nonsense = 1\n"
    assert (await say("reset"))[0].endswith(" failed, error in config file")


async def test_the_downtime_log_is_shown_without_its_comments(
    daemon: Any, say: Callable[[str], Any], tmp_path: Path
) -> None:
    daemon.downtime_log = tmp_path / "down.log"
    assert await say("list dtlog") == ["520 list dtlog error, cannot open dtlog"]
    daemon.downtime_log.write_text("# start\n\n1 web http 2 3 4 h1\n")
    assert await say("list dtlog") == ["1 web http 2 3 4 h1", "220 list dtlog completed"]


async def test_what_the_daemon_refuses_is_told(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise ControlError("the disk is full")

    monkeypatch.setattr(daemon, "start_scheduler", full)
    reply = await answer(Session(daemon, Gate(None)), "start")
    assert reply == ["520 command could not be executed: the disk is full"]


async def test_a_dump_is_for_a_daemon_that_was_started_for_it(daemon: Any, say: Callable[[str], Any]) -> None:
    daemon.debug = True
    assert await say("dump") == ["220 dump completed"]


async def test_monremote_hears_every_name_by_itself(daemon: Any, say: Callable[[str], Any]) -> None:
    for command in (
        "disable host h1 h2",
        "enable watch web",
        "disable service web ftp",
        "test monitor web http",
    ):
        await say(command)
    await say("disable watch nosuch")
    assert daemon.remote == [
        ("disable", "host", "h1"),
        ("disable", "host", "h2"),
        ("enable", "watch", "web"),
        ("disable", "service", "web", "ftp"),
        ("test", "web", "http"),
    ]


async def test_services_are_gone_through_once_whatever_the_words_of_a_line(
    say: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_through: list[object] = []

    class Counted(dict[Any, Any]):
        def __iter__(self) -> Any:
            gone_through.append(self)
            return super().__iter__()

    once = await say("list opstatus web")
    monkeypatch.setattr(Session, "services", property(lambda session: Counted(session.book.services)))
    assert await say(f"list opstatus {' '.join(map(str, range(1000)))} {'web ' * 1000}") == once
    assert len(gone_through) == 1


async def test_an_alias_that_is_asked_for_does_not_exist_from_then_on(say: Callable[[str], Any]) -> None:
    assert await say("list aliases nosuch") == ["alias nosuch", "", "220 list aliases completed"]
    assert await say("list aliases") == ["220 list aliases completed"]


async def test_a_monitor_that_is_set_is_bound_anew(daemon: Any, say: Callable[[str], Any]) -> None:
    await say("set web http monitor 'other.monitor'")
    await say("set web http interval 30")
    assert daemon.rebound == [HTTP]
