"""What people and programs talk to the classic mon with, talking to ours: moncmd, Mon::Client, scripts."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from classic_daemons import AUTH, OURS, Daemon, Site, of_both, serving, until

MODULE = Path("/usr/share/perl5/Mon/Client.pm")
MONCMD = (sys.executable, "-m", "mon.cli.moncmd")
DEBIANS = "/usr/bin/moncmd"

pytestmark = pytest.mark.skipif(not MODULE.exists(), reason="Debian's mon-client is not installed")

CONFIG = """\
authtype = userfile
userfile = {top}/users
dtlogging = yes
dtlogfile = downtime.log
monerrfile = /dev/null

hostgroup web w1 w2

hostgroup db d1

alias shop
    the web shop
    service web http

view mine web

watch web
    service http
        description the "front" of it
        interval 1h
        monitor said.monitor web
        period always: wd {{Sun-Sat}}
            alert quiet.alert
            upalert quiet.alert
            alertevery 1h
    service traps
        description what others say
        traptimeout 1h
        period wd {{Sun-Sat}}
            alert quiet.alert

watch db
    service sql
        interval 1h
        monitor said.monitor db
        depend web:http
        period wd {{Sun-Sat}}
            alert quiet.alert
"""

SAID = 'test -e "$MON_STATEDIR/$1.ok" && exit 0\necho "$2"\necho "no answer from $2"\nexit 3\n'


def site(top: Path, config: str = CONFIG) -> Site:
    """A site whose monitor succeeds while a file WATCH.ok lies in its state directory."""
    site = Site(top, config.format(top=top), auth=AUTH.replace("term: all", "term: joe"))
    site.program("mon.d/said.monitor", SAID)
    site.program("alert.d/quiet.alert", 'cat > /dev/null; echo "$*" >> "$MON_STATEDIR/alerts"')
    hashed = subprocess.check_output(["perl", "-e", "print crypt('secret', '$6$saltsalt')"], text=True)
    (top / "users").write_text(f"# who may\njoe: {hashed}\n")
    return site


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Ours."""
    with serving(site(tmp_path / "site"), OURS) as daemon:
        yield daemon


# -- Mon::Client ------------------------------------------------------------------------------------------


class Client:
    """A Perl process with one Mon::Client."""

    def __init__(self, port: int) -> None:
        words = ["perl", str(Path(__file__).with_name("client.pl")), str(port)]
        self.called: set[str] = {"new"}
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, method: str, *arguments: object) -> list[Any]:
        """``[what it returned, its error]``."""
        assert self.process.stdin
        assert self.process.stdout
        self.called.add(method)
        self.process.stdin.write(json.dumps([method, *arguments]) + "\n")
        self.process.stdin.flush()
        found: list[Any] = json.loads(self.process.stdout.readline())
        return found

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.communicate(timeout=20)


def script(client: Client, daemon: Daemon) -> list[Any]:
    """Every call there is, in an order that makes sense; what each of them gave."""
    said: list[Any] = []

    def call(*words: object) -> list[Any]:
        found = client.call(*map(str, words))
        said.append([words, found])
        return found

    for words in FIRST:
        call(*words)
    daemon.run("web/http")
    daemon.run("db/sql")
    for words in FAILING:
        call(*words)
    client.call("port", str(daemon.site.trapport))
    call(
        "send_trap", "group", "web", "service", "traps", "retval", 1, "opstatus", "fail",
        "summary", "it's \\ broken", "detail", "two\nlines",
    )  # fmt: skip
    client.call("port", str(daemon.site.port))
    until(lambda: daemon.status()["web/traps"]["opstatus"] == "0", daemon)
    call("list_opstatus")
    (daemon.site.top / "state" / "web.ok").touch()
    daemon.run("web/http")
    for words in LAST:
        call(*words)
    return said


FIRST: Sequence[tuple[object, ...]] = (
    ("host",), ("username", "joe"), ("password", "wrong"), ("prot",), ("list_watch",), ("connect",),
    ("connected",),
    ("protid",), ("protid", 1), ("version",), ("login",), ("password", "secret"), ("checkauth", "term"),
    ("login",), ("checkauth", "term"), ("checkauth", "nonsense"),
    ("list_watch",), ("list_group", "web"), ("list_group", "nobody"), ("list_descriptions",), ("list_deps",),
    ("list_aliases",), ("list_views",), ("list_opstatus",), ("list_disabled",), ("list_alerthist",),
    ("list_failurehist",), ("list_failures",), ("list_successes",), ("list_dtlog",), ("list_state",),
    ("list_pids",), ("ack", "web", "http", "nothing to acknowledge"), ("test", "monitor", "ghost", "such"),
    ("test_config",), ("set_maxkeep", 7), ("get_maxkeep",), ("servertime",),
)  # fmt: skip
FAILING: Sequence[tuple[object, ...]] = (
    ("list_failures",), ("list_failurehist",), ("ack", "web", "http", "I'm on \"it\""), ("list_opstatus",),
    ("disable_watch", "db"), ("disable_service", "web", "http"), ("disable_host", "w2"),
    ("disable_host", "no"),
    ("disable_watch", "no"), ("disable_service", "web", "no"), ("list_disabled",), ("list_group", "web"),
    ("savestate", "disabled"), ("enable_watch", "db"), ("enable_service", "web", "http"),
    ("enable_host", "w2"), ("enable_watch", "no"), ("enable_service", "ghost", "no"), ("list_disabled",),
    ("loadstate", "disabled"),
    ("list_disabled",), ("enable_watch", "db"), ("enable_service", "web", "http"), ("enable_host", "w2"),
    ("stop",), ("stop",), ("list_state",), ("start",), ("list_state",),
    ("set", "web", "http", "description", "an 'other' text"), ("get", "web", "http", "description"),
    ("get", "ghost", "such", "description"), ("list_descriptions",),
    ("test", "alert", "web", "http", 1, "always"), ("test", "upalert", "web", "http", 0, "always"),
    ("test", "startupalert", "web", "http", 0, "always"), ("test", "alert", "web", "http", 1, "never"),
    ("setview", "mine"), ("getview",), ("list_watch",), ("list_opstatus",), ("setview", "none"), ("setview",),
    ("getview",), ("clear",),
)  # fmt: skip
LAST: Sequence[tuple[object, ...]] = (
    ("list_opstatus",), ("list_successes",), ("list_alerthist",), ("list_dtlog",),
    ("reload", "auth"), ("reload",), ("reset", "keepstate"), ("list_successes",), ("list_failures",),
    ("reset", "stopped"), ("list_state",), ("list_failures",), ("list_opstatus",), ("error",), ("quit",),
    ("disconnect",), ("connected",), ("connect",), ("login",), ("term",), ("error",),
)  # fmt: skip

MASKS = (
    (re.compile(r"(?:(?<!\d)|(?<=\\[0-9a-f]{2}))1\d{9}(?!\d)"), "<TIME>"),
    (re.compile(r"PID \d+@\S+"), "PID <PID>"),
    (re.compile(r'"(timer|monitor_duration|failure_duration|downtime|pid)":"?-?\d*"?'), r'"\1":"<N>"'),
    (re.compile(r'"depstatus":"[01]?"'), '"depstatus":"<N>"'),  # ours keeps it over `reset keepstate`
)


def test_every_call_of_mon_client_gives_what_the_real_mon_gives(tmp_path: Path) -> None:
    called = set[str]()

    def told(daemon: Daemon) -> list[Any]:
        with Client(daemon.site.port) as client:
            said = [normal(one, daemon) for one in script(client, daemon)]
        called.update(client.called)
        until(lambda: daemon.process.poll() is not None, daemon)  # by `term`
        assert daemon.process.returncode == 0
        return said

    found = of_both(lambda name: site(tmp_path / name), told)
    pairs = zip(found["ours"], found["real"], strict=True)
    different = [f"ours {ours}\nreal {real}\n" for ours, real in pairs if ours != real]
    assert not different, "\n".join(different)
    assert called == set(re.findall(r"^sub ([a-z]\w*)", MODULE.read_text(), re.MULTILINE))


def normal(said: Any, daemon: Daemon) -> Any:
    """Without what differs between two runs; the classic mon has no order of lines."""
    text = json.dumps(said, separators=(",", ":"), sort_keys=True)
    text = text.replace(str(daemon.site.top), "<DIR>").replace(str(daemon.process.pid), "<PID>")
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    words, (result, error) = json.loads(text)
    hashes = not (result and isinstance(result[0], str)) or words[0] in ("list_views",)
    if words[0].startswith("list_") and result and isinstance(result[0], str) and len(result) % 2 == 0:
        result = dict(zip(result[::2], result[1::2], strict=True))  # a Perl hash
        hashes = False
    return [words, sorted(result, key=json.dumps) if hashes else result, error]


def test_mon_client_sees_its_acknowledgement_and_its_login(daemon: Daemon) -> None:
    with Client(daemon.site.port) as client:
        for words in (("username", "joe"), ("password", "secret"), ("connect",), ("login",)):
            client.call(*words)
        daemon.run("web/http")
        assert client.call("ack", "web", "http", "it's 50% done")[1] is None
        listed = client.call("list_opstatus")[0]
        opstatus = dict(zip(listed[::2], listed[1::2], strict=True))
        assert opstatus["web"]["http"]["ackcomment"] == "joe: it's 50% done"


# -- moncmd -----------------------------------------------------------------------------------------------

COMMANDS = (
    "list watch", "list state", "list group web", "list group no", "list opstatus web,http", "list disabled",
    "list views", "list aliases", "list deps", "disable host w1", "disable service web http", "list disabled",
    "enable host w1", "enable service web http", "set web http description 'a b'", "get web http description",
    "checkauth term", "term", "nonsense", "protid 9745", "version", "savestate", "savestate all",
    "test monitor no such", "reset keepstate", "quit",
)  # fmt: skip


def moncmd(
    program: Sequence[str], port: int, *words: str, stdin: str = "", **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run one of them against a port of this machine."""
    command = [*program, "-s", "localhost", "-p", str(port), *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, **more)


@pytest.mark.parametrize("command", COMMANDS)
def test_our_moncmd_prints_what_debians_prints(shared: Daemon, command: str) -> None:
    theirs, ours = (both(shared, program, command) for program in ((DEBIANS,), MONCMD))
    assert (ours.returncode, steady(ours.stdout), ours.stderr) == (
        theirs.returncode, steady(theirs.stdout), theirs.stderr,
    )  # fmt: skip
    assert ours.stdout


def both(shared: Daemon, program: Sequence[str], command: str) -> subprocess.CompletedProcess[str]:
    shared.ask("enable host w1")  # what is disabled already does not exist
    return moncmd(program, shared.site.port, *command.split())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with serving(site(tmp_path_factory.mktemp("shared") / "site"), OURS) as daemon:
        yield daemon


def steady(text: str) -> str:
    return re.sub(r"timer=\d+", "timer=N", text)


@pytest.mark.parametrize("program", [(DEBIANS,), MONCMD], ids=["debians", "ours"])
def test_commands_come_from_standard_input_too(shared: Daemon, program: Sequence[str]) -> None:
    done = moncmd(program, shared.site.port, stdin="list state\nlist watch\nnonsense\n")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["scheduler running", "220 list state completed"]
    assert sorted(lines[2:5]) == ["db sql", "web http", "web traps"]
    assert lines[5:] == ["220 list watch completed", "520 invalid command"]
    assert done.returncode == 0


@pytest.mark.parametrize("program", [(DEBIANS,), MONCMD], ids=["debians", "ours"])
def test_a_login_is_read_from_standard_input(shared: Daemon, program: Sequence[str]) -> None:
    lines = "user=joe\npass=secret\n\ncheckauth term\n"
    done = moncmd(program, shared.site.port, "-a", "-l", "joe", stdin=lines)
    assert done.stdout == "220 command authorized\n"
    refused = moncmd(program, shared.site.port, "-a", "-l", "joe", stdin="pass=wrong\n\nlist state\n")
    assert (refused.stdout, refused.returncode != 0) == ("", True)


def test_the_line_after_the_login_is_not_lost(shared: Daemon) -> None:
    done = moncmd(MONCMD, shared.site.port, "-al", "joe", stdin="pass=secret\ncheckauth term\n")
    assert done.stdout == "220 command authorized\n"
    done = moncmd(MONCMD, shared.site.port, "-al", "joe", "checkauth", "term", stdin="pass=secret\n")
    assert done.stdout == "220 command authorized\n"


def test_commands_come_from_a_file(shared: Daemon, tmp_path: Path) -> None:
    (tmp_path / "commands").write_text("list state\nquit\nlist state\n")
    done = moncmd(MONCMD, shared.site.port, "-f", str(tmp_path / "commands"))
    assert done.stdout.splitlines() == ["scheduler running", "220 list state completed", "220 quitting"]
    assert moncmd(MONCMD, shared.site.port, "-f", "/no/such").stderr.startswith("moncmd: could not open")


def test_a_refusal_is_a_status_where_that_is_asked_for(shared: Daemon) -> None:
    assert moncmd(MONCMD, shared.site.port, "nonsense").returncode == 0
    assert moncmd(MONCMD, shared.site.port, "-e", "nonsense").returncode == 1
    assert moncmd(MONCMD, shared.site.port, "-e", "list", "state").returncode == 0


def test_moncmd_says_what_is_wrong_with_its_own_words(shared: Daemon) -> None:
    site = shared.site
    assert moncmd(MONCMD, site.trapport, "list", "state").returncode == 1
    assert "could not connect to localhost: Connection refused" in moncmd(MONCMD, 1, "list").stderr
    assert moncmd(MONCMD, site.port, "-x").returncode == 2
    assert moncmd(MONCMD, site.port, "-h").stdout.startswith("usage: moncmd")
    assert "inadequate" in moncmd(MONCMD, site.port, "-a", "list").stderr
    assert moncmd(MONCMD, site.port, "-p", "no-such-service", "list").stderr == (
        "moncmd: there is no service no-such-service\n"
    )


# -- other programs of Debian's package -------------------------------------------------------------------

VIEWERS = (
    ("/usr/bin/monshow", "--server", "localhost", "--full", "--port"),
    ("/usr/bin/monshow", "--server", "localhost", "--disabled", "--port"),
    ("/usr/bin/monfailures", "--server", "localhost", "--user", "joe", "--password", "secret", "--port"),
)


def test_monshow_and_monfailures_show_the_same_of_both(tmp_path: Path) -> None:
    def views(daemon: Daemon) -> list[list[str]]:
        daemon.run("web/http")
        daemon.ask("ack web http 'known'", "disable host w2", "disable service web traps")
        return [viewed(words, daemon) for words in VIEWERS]

    shown = of_both(lambda name: site(tmp_path / name), views)
    assert shown["ours"] == shown["real"]
    assert all("http" in text or "w2" in text for text in map("\n".join, shown["ours"]))


def viewed(words: Sequence[str], daemon: Daemon) -> list[str]:
    """Its lines without times, in order."""
    done = subprocess.run([*words, str(daemon.site.port)], capture_output=True, text=True, timeout=60)
    text = re.sub(
        r"\b\d+\s*(?=\s*(s|sec|min|seconds)\b)|\d+:\d\d(:\d\d)?|\d+s\b|\b1\d{9}\b", "<T>", done.stdout
    )
    return sorted(re.sub(r"[ -]+", " ", line) for line in text.splitlines())


# -- programs that edit mon.cf ----------------------------------------------------------------------------

EDITED = """\
hostgroup web w1 w2

watch web
    service http
        interval 1s
        monitor said.monitor web
        period wd {{Sun-Sat}}
            alert quiet.alert
            alertevery 1h
    service slow
        interval 1s
        monitor slow.monitor
        period wd {{Sun-Sat}}

"""


def test_mon_cf_is_edited_in_place_and_reset_twenty_times_under_checks(tmp_path: Path) -> None:
    made = site(tmp_path / "site", EDITED)
    made.program("mon.d/slow.monitor", "sleep 0.7; exit 0")
    original = made.config.read_text()
    with serving(made, OURS) as daemon:
        until(lambda: daemon.status()["web/http"]["opstatus"] == "0", daemon)
        for command in ("ack web http 'known'", "disable service web slow", "disable host w2"):
            assert moncmd((DEBIANS,), made.port, command).stdout.startswith("220 ")
        failing = daemon.status()["web/http"]
        for number in range(20):
            extra = (
                f"watch extra{number}\n    service one\n        interval 1s\n        monitor said.monitor x\n"
            )
            made.config.write_text(original + f"hostgroup extra{number} e{number}\n\n" + extra)
            program = (DEBIANS,) if number % 2 else MONCMD
            assert moncmd(program, made.port, "reset", "keepstate").stdout.startswith("220 reset PID ")
            now = daemon.status()
            assert set(now) == {"web/http", "web/slow", f"extra{number}/one"}
            for name in ("opstatus", "first_failure", "ack", "ackcomment", "alerts_sent"):
                assert now["web/http"][name] == failing[name], (number, name)
            disabled = daemon.ask("list disabled")
            assert disabled == ["group web: w2", "watch web service slow", "220 list disabled completed"]
        checked = checks(daemon)
        made.config.write_text(original + "watch web\n    nonsense\n")
        assert "failed, error in config file" in moncmd(program, made.port, "reset", "keepstate").stdout
        assert set(daemon.status()) == {"web/http", "web/slow", "extra19/one"}
        until(lambda: checks(daemon) > checked, daemon)
    assert len((made.top / "state" / "alerts").read_text().splitlines()) == 1


def checks(daemon: Daemon) -> int:
    return int(daemon.status()["web/http"]["last_check"] or 0)
