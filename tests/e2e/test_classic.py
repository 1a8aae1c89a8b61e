"""What classic clients and files meet in a daemon as a process: set, login, state files, histories."""

import resource
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from real_things import Daemon, free_port, until

Start = Callable[..., Daemon]
Program = Callable[[str, str], Path]
Say = Callable[..., list[str]]

CONFIG = """\
authfile = {top}/auth.cf
authtype = userfile
userfile = {top}/users
monremote = {top}/remote --to other
historicfile = {top}/alerts
dtlogging = yes
dtlogfile = {top}/downtimes
serverbind = 127.0.0.1
serverport = {port}
trapport = {port}

hostgroup farm 127.0.0.1 127.0.0.2

watch farm
    service here
        interval 200ms
        monitor first.monitor
        period
            alert tell.alert
            upalert tell.alert
"""

AUTH = "command section\nlist: all\nget: all\nset: joe\ndisable: joe\nack: joe\nsavestate: joe\nreset: joe\n"


@pytest.fixture
def classic(start: Start, program: Program, tmp_path: Path) -> Callable[[], tuple[Daemon, Say]]:
    """Start the daemon; ``say`` gives it commands as joe, over one connection."""
    (tmp_path / "auth.cf").write_text(AUTH)
    (tmp_path / "users").write_text("joe: $apr1$saltsalt$9/tMzdzSc6dIiPlJw6UTa.\n")
    program(
        "first.monitor", f"#!/bin/sh\n[ -e {tmp_path}/broken ] || exit 0\necho 127.0.0.1 broken\nexit 1\n"
    )
    program("second.monitor", "#!/bin/sh\necho second $1\nexit 3\n")
    program("tell.alert", f"#!/bin/sh\necho $* >> {tmp_path}/told\n")
    program("remote", f"#!/bin/sh\necho $* >> {tmp_path}/passed-on\n")

    def begin() -> tuple[Daemon, Say]:
        port = free_port()
        daemon = start(CONFIG.format(top=tmp_path, port=port))
        daemon.wait_for("started")

        def say(*commands: str) -> list[str]:
            with socket.create_connection(("127.0.0.1", port), 10) as line, line.makefile("rw") as file:
                file.write("\n".join(["login joe geheim", *commands, "quit"]) + "\n")
                file.flush()
                return [text.rstrip("\n") for text in file]

        return daemon, say

    return begin


def test_a_user_of_htpasswd_logs_in_and_may_do_more(classic: Callable[[], tuple[Daemon, Say]]) -> None:
    _, say = classic()
    assert say("disable host 127.0.0.2")[:2] == ["220 login accepted", "220 disable host completed"]
    wrong = say("login joe wrong", "login ann geheim", "login joe")
    assert wrong[1:4] == ["530 login unsuccessful"] * 3


def test_a_word_on_a_full_disk_is_a_success_that_says_it_is_not_saved(
    classic: Callable[[], tuple[Daemon, Say]],
) -> None:
    daemon, say = classic()
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    said = say("disable host 127.0.0.2")[1]
    assert said.startswith("220 disable host completed; it is in force, but not saved: ")
    assert "group farm: 127.0.0.2" in say("list disabled")


def test_a_monitor_that_is_set_is_what_runs_until_a_reset(classic: Callable[[], tuple[Daemon, Say]]) -> None:
    daemon, say = classic()
    daemon.wait_for("transition", new="ok", host="")
    assert "220 set completed" in say("set farm here monitor 'second.monitor\\20x'")
    daemon.wait_for("transition", new="fail", host="", why="second x")
    mark = len(daemon.events)
    assert any(line.startswith("220 reset") for line in say("reset keepstate"))
    daemon.wait_for("transition", new="ok", host="", since=mark)


def test_the_program_of_monremote_hears_what_clients_turn_off(
    classic: Callable[[], tuple[Daemon, Say]], tmp_path: Path
) -> None:
    daemon, say = classic()
    say("disable watch farm")
    heard = tmp_path / "passed-on"
    until(lambda: heard.exists() and heard.read_text() == "--to other disable watch farm\n", daemon)


def test_an_outage_is_in_both_journals(classic: Callable[[], tuple[Daemon, Say]], tmp_path: Path) -> None:
    daemon, say = classic()
    (tmp_path / "broken").touch()
    daemon.wait_for("alert", type="failure", fate="sent")
    (tmp_path / "broken").unlink()
    daemon.wait_for("alert", type="up", fate="sent")
    kinds = [line.split()[:3] for line in (tmp_path / "alerts").read_text().splitlines()]
    assert kinds == [["alert", "farm", "here"], ["upalert", "farm", "here"]]
    assert (tmp_path / "downtimes").read_text().splitlines()[-1].endswith(" 0.2 127.0.0.1 broken")
    daemon.stop()
    _, say = classic()
    listed = say("list alerthist")
    assert [line.split("\\20")[0] for line in listed[1:3]] == ["alert", "upalert"]


def test_what_the_classic_mon_has_left_is_known_at_the_first_start_and_left_again(
    classic: Callable[[], tuple[Daemon, Say]], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "disabled").write_text("disable watch farm\ndisable host 127.0.0.2\n")
    fields = "group=farm\tservice=here\top_status=0\texitval=1\tconsec_failures=7\tlast_summary=since\\20long"
    (state / "opstatus").write_text(f"{fields}\tfirst_failure=1700000000\tlast_failure=1700000001\n")
    (tmp_path / "broken").touch()
    daemon, say = classic()
    listed = say("list disabled", "get farm here _first_failure")
    assert {"group farm: 127.0.0.2", "watch farm"} <= set(listed)
    assert "farm here _first_failure='1700000000'" in listed
    daemon.stop()
    (line,) = (state / "opstatus").read_text().splitlines()
    assert "\top_status=0\t" in line and "\tfirst_failure=1700000000\t" in line
    (state / "disabled").unlink()  # by now state.db is what counts
    daemon, say = classic()
    assert "watch farm" in say("list disabled")
