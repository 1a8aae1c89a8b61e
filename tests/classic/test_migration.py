"""The steps of docs/migrating.md: from the classic mon to ours on the same files, and back."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from classic_daemons import AUTH, OURS, Daemon, Site, classic, fields_of, serving, until

pytestmark = pytest.mark.skipif(not Path("/usr/bin/moncmd").exists(), reason="Debian's mon is not installed")

CONFIG = """\
historicfile = history.log
dtlogging = yes
dtlogfile = downtime.log

hostgroup web w1 w2 w3

hostgroup db d1

watch web
    service http
        description the front
        interval 1s
        monitor said.monitor web
        period wd {Sun-Sat}
            alert noted.alert first
            upalert noted.alert first
            alertevery 1h
            alertafter 2
        period LATER: wd {Sun-Sat}
            alert noted.alert second
            upalert noted.alert second
            numalerts 1
    service off
        interval 1h
        monitor said.monitor web

watch db
    service sql
        interval 1s
        monitor said.monitor db
        depend SELF:up
        period wd {Sun-Sat}
            alert noted.alert third
            upalert noted.alert third
            alertevery 1h strict
    service up
        interval 1s
        monitor said.monitor up
        period wd {Sun-Sat}
            alert noted.alert fourth
"""

SAID = """\
test -e "$MON_STATEDIR/$1.ok" && { echo; echo "all of $1 well"; exit 0; }
echo "$2"; printf 'no = answer\\tfrom "%s"\\n' "$2"; exit 3
"""

NOTED = """\
read -r summary
for word; do last=$word; done
echo "$MON_ALERTTYPE $last $summary" >> "$MON_STATEDIR/noted"
"""

OPERATORS_WORDS = ("ack web http 'we know'", "disable service web off", "disable host w3")

KEPT = (
    *("opstatus", "last_opstatus", "exitval", "last_success", "ack", "ackcomment", "alerts_sent", "monitor"),
    *("last_summary", "last_detail", "first_failure", "last_alert"),
)
"""The fields of a status line that a move leaves as they are."""


def test_there_and_back_in_five_steps(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", CONFIG, auth=AUTH)
    site.program("mon.d/said.monitor", SAID)
    site.program("alert.d/noted.alert", NOTED)
    state, called = site.top / "state", site.top / "state" / "noted"
    (state / "up.ok").touch()

    with serving(site, classic()) as real:
        until(lambda: len(lines(called)) == 3 and known(real), real)

        # 1. look
        look = subprocess.run(
            [sys.executable, "-m", "mon", "check", "-c", str(site.config), *site.plugins()],
            capture_output=True, text=True, cwd=site.top,
        )  # fmt: skip
        assert look.returncode == 0, look.stdout + look.stderr

        # 2. stop the scheduler, save
        assert [line[:4] for line in moncmd(site, *OPERATORS_WORDS, "stop")] == ["220 "] * 4
        until(lambda: idle(real), real)
        assert moncmd(site, "savestate all") == ["220 savestate completed"]
        before = picture(real)
        assert before["web/http"]["ackcomment"]
        assert before["web/http"]["alerts_sent"] == "2"

        # 3. end it
        assert moncmd(site, "term") == ["220 terminating server"]
        until(lambda: real.process.poll() is not None, real)

    # 4. ours on the same files
    with serving(site, OURS, "-l", "all", "-S") as ours:
        assert picture(ours) == before
        assert moncmd(site, "start") == ["220 start completed"]
        checked = ours.status()["web/http"]["last_check"]
        until(lambda: ours.status()["web/http"]["last_check"] > checked, ours)
        assert len(lines(called)) == 3  # nobody is told again
        (state / "web.ok").touch()
        until(lambda: len(lines(called)) == 5, ours)
        # what the one told people, the other takes back
        assert sorted(lines(called)[3:]) == ["up first w1", "up second w1"]
        (state / "up.ok").unlink()
        until(lambda: "failure fourth d1" in lines(called), ours)

        # 5. and back
        assert moncmd(site, "stop") == ["220 stop completed"]
        until(lambda: idle(ours), ours)
        assert moncmd(site, "savestate all") == ["220 savestate completed"]
        after = picture(ours)
        assert moncmd(site, "term") == ["220 terminating server"]
        until(lambda: ours.process.poll() is not None, ours)
        assert ours.process.returncode == 0
    so_far = len(lines(called))
    with serving(site, classic(), "-l", "all", "-S") as real:
        assert picture(real) == after
        (state / "db.ok").touch()
        (state / "up.ok").touch()
        assert moncmd(site, "start") == ["220 start completed"]
        until(lambda: "up third " in lines(called)[so_far:], real)
        assert lines(called)[so_far:] == ["up third "]


def test_mon_run_takes_the_classic_files_over_and_leaves_them_behind(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", CONFIG.replace("interval 1s", "interval 1h"), auth=AUTH)
    site.config.write_text(site.settings() + site.config.read_text())
    site.program("mon.d/said.monitor", SAID)
    site.program("alert.d/noted.alert", NOTED)
    with serving(site, classic()) as real:
        real.run("web/http", "db/sql", "db/up")
        for command in (
            "ack web http 'we know'",
            "disable service web off",
            "disable host w3",
            "savestate all",
        ):
            assert moncmd(site, command)[-1].startswith("220 ")
        before = picture(real)
        assert moncmd(site, "term") == ["220 terminating server"]
        until(lambda: real.process.poll() is not None, real)
    with serving(site, (*OURS, "run")) as ours:
        until(lambda: picture(ours) == before, ours)
        assert moncmd(site, "enable service web off") == ["220 enable completed"]
        after = picture(ours)
        ours.stop()
    with serving(site, classic(), "-l", "all", "-S") as real:
        assert picture(real) == after


def moncmd(site: Site, *commands: str) -> list[str]:
    words = ["/usr/bin/moncmd", "-s", "localhost", "-p", str(site.port)]
    done = subprocess.run(words, input="\n".join(commands), capture_output=True, text=True, timeout=30)
    return done.stdout.splitlines()


def known(daemon: Daemon) -> bool:
    """Has every service said something?"""
    return all(one["opstatus"] in "01" for key, one in daemon.status().items() if key != "web/off")


def idle(daemon: Daemon) -> bool:
    """Is no monitor running any more?"""
    return daemon.ask("list pids")[1:] == ["220 list pids completed"]


def picture(daemon: Daemon) -> dict[str, object]:
    """What a client sees of everything that a move keeps."""
    commands = ("disabled", "alerthist", "dtlog", "watch", "descriptions")
    first, *others = daemon.replies("list opstatus", *(f"list {word}" for word in commands))
    kept: dict[str, object] = {
        key: {name: fields.get(name) for name in KEPT} for key, fields in fields_of(first).items()
    }
    return kept | {word: sorted(reply) for word, reply in zip(commands, others, strict=True)}


def lines(file: Path) -> Sequence[str]:
    return file.read_text().splitlines() if file.exists() else ()
