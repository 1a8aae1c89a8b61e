"""The classic contract to the letter (PROTOCOL 8 and 9): tiny programs, each with its way of answering."""

import os
import signal
from pathlib import Path
from typing import NamedTuple

import pytest

from mon.model.moment import Moment
from mon.model.notice import AlertType, Fate, Notice
from mon.model.result import OpStatus
from mon.runner import Runner, Spawner

BIG = 3_000_000


class Said(NamedTuple):
    """What a program does, and what is made of it.  ``trouble``: it gave no verdict of its own."""

    name: str
    text: str
    status: int
    summary: str
    detail: str
    hosts: dict[str, str]
    trouble: str = ""
    head: str = "#!/bin/sh\n"


OK = {"web1": "ok", "web2": "ok"}
FIRST = {"web1": "down", "web2": "ok"}
BOTH = {"web1": "down", "web2": "down"}
NOTHING = {"web1": "unknown", "web2": "unknown"}

TABLE = (
    Said("success", "exit 0", 0, "", "", OK),
    Said("success that talks", "echo all well; echo more", 0, "all well", "more\n", OK),
    Said("a host", "echo web1; echo why; exit 1", 1, "web1", "why\n", FIRST),
    Said("hosts", "echo web2 web1; exit 2", 2, "web2 web1", "", BOTH),
    Said("any status", "echo web1; exit 255", 255, "web1", "", FIRST),
    Said("no newline at the end", "printf web1; exit 1", 1, "web1", "", FIRST),
    Said("carriage returns", "printf 'web1\\r\\nwhy\\r\\n'; exit 1", 1, "web1\r", "why\r\n", FIRST),
    Said("prose", "echo it is all broken; exit 1", 1, "it is all broken", "", NOTHING),
    Said("prose with a host", "echo 'web1: timeout'; exit 1", 1, "web1: timeout", "", FIRST),
    Said("a blank first line", "echo; echo web1 is down; exit 1", 1, "", "web1 is down\n", NOTHING),
    Said("blanks as a first line", "echo '  '; echo why; exit 1", 1, "  ", "why\n", NOTHING),
    Said("blank lines", "echo web1; echo; echo; echo why; exit 1", 1, "web1", "\n\nwhy\n", FIRST),
    Said("nothing at all", "exit 1", 1, "", "", NOTHING),
    Said("only on stderr", "echo web1 >&2; echo why >&2; exit 1", 1, "web1", "why\n", FIRST),
    Said("stderr first", "echo warning >&2; echo web1; exit 1", 1, "warning", "web1\n", NOTHING),
    Said("a hash on stderr of a success", "echo careful >&2; exit 0", 0, "careful", "", OK),
    Said("no #! line", "echo web1; exit 1", 1, "web1", "", FIRST, head=""),
    Said("an empty file", "", 0, "", "", OK, head=""),
    Said("a comment before #!", "echo web1; exit 1", 1, "web1", "", FIRST, head="# old\n#!/no/such/shell\n"),
    Said("perl", "print qq(web1\\n); exit 3", 3, "web1", "", FIRST, head="#!/usr/bin/perl\n"),
    Said("perl that dies", "die qq(web1 no\\n)", 255, "web1 no", "", FIRST, head="#!/usr/bin/perl\n"),
    Said("reads its stdin", "cat; echo web1; exit 1", 1, "web1", "", FIRST),
    Said("closes its stdin", "exec <&-; echo web1; exit 1", 1, "web1", "", FIRST),
    Said("closes its output", "echo web1; exec >&- 2>&-; sleep 0.2; exit 1", 1, "web1", "", FIRST),
    Said("daemonises a child", "echo web1; (setsid sleep 30 &); exit 1", 1, "web1", "", FIRST),
    Said("leaves a child", "sleep 30 & echo web1; exit 1", 1, "web1", "", FIRST),
    Said("changes its directory", "cd /; echo web1; exit 1", 1, "web1", "", FIRST),
    Said("is not UTF-8", "printf 'web1\\n\\377\\n'; exit 1", 1, "web1", "\\xff\n", FIRST),
    Said("NUL", "printf 'web1\\0\\nx\\n'; exit 1", 1, "web1", "x\n", FIRST),
    Said("a last command that is not there", "no-such-command 2>/dev/null", 127, "", "", NOTHING),
    Said("status of a child killed", "echo web1; exit 137", 137, "web1", "", FIRST),
    Said(
        "death by a signal", "echo web1; kill -9 $$", 128 + signal.SIGKILL,
        "ended by signal 9 (SIGKILL)", "web1\n", NOTHING, "ended by signal 9 (SIGKILL)",
    ),
    Said(
        "death by a pipe", "echo web1; kill -PIPE $$", 128 + signal.SIGPIPE,
        "ended by signal 13 (SIGPIPE)", "web1\n", NOTHING, "ended by signal 13 (SIGPIPE)",
    ),
    Said(
        "does not end", "echo web1; sleep 60", 128 + signal.SIGTERM,
        "stopped after 2 s", "web1\n", NOTHING, "stopped after 2 s",
    ),
)  # fmt: skip


@pytest.mark.parametrize("said", TABLE, ids=lambda said: said.name)
async def test_a_monitor_is_understood(runner, bound, check, program, said):
    result = await round_of(
        runner, check(bound(program(said.text, head=said.head)), "web1", "web2", timeout=2)
    )
    assert (result.status, result.summary, result.detail) == (said.status, said.summary, said.detail)
    assert {host.host: host.verdict.value for host in result.hosts} == said.hosts
    assert result.trouble == said.trouble


async def round_of(runner, check, **environment):
    return await runner.round(check, check.hosts, environment, lambda _: None)


async def test_much_output_is_cut_and_its_summary_is_kept(runner, bound, check, program):
    text = f"echo web1; head -c {BIG} /dev/zero | tr '\\0' x; exit 1"
    result = await round_of(runner, check(bound(program(text)), "web1", "web2", timeout=20))
    assert (result.status, result.summary, result.trouble) == (1, "web1", "")
    assert len(result.output) < BIG / 2
    assert result.output.endswith(" characters are left out)\n")


async def test_arguments_stand_before_the_hosts_as_they_were_written(runner, bound, check, program):
    monitor = bound(program('for a; do echo "[$a]"; done; exit 1'), "-u", "a b", "", "$HOME", "*", "-x")
    result = await round_of(runner, check(monitor, "web1=10.0.0.1", "web2"))
    assert result.output.split() == [
        "[-u]",
        "[a",
        "b]",
        "[]",
        "[$HOME]",
        "[*]",
        "[-x]",
        "[10.0.0.1]",
        "[web2]",
    ]


async def test_two_semicolons_leave_out_the_hosts(runner, bound, check, program):
    monitor = bound(program('echo "$#: $*"; exit 1'), "-a", hosts=False)
    assert (await round_of(runner, check(monitor, "web1"))).summary == "1: -a"


async def test_a_monitor_has_our_environment_the_services_and_no_stdin(program, bound, check, tmp_path):
    spawner = Spawner({"PATH": os.environ["PATH"], "HOME": "/root"}, directory=str(tmp_path))
    runner = Runner(None, None, None, clock=lambda: Moment(0, 0), spawner=spawner)
    text = (
        'echo "$HOME $MON_GROUP $OURS"; pwd; readlink /proc/self/fd/0; test -t 0 || echo no terminal; exit 1'
    )
    result = await round_of(runner, check(bound(program(text)), "web1"), MON_GROUP="farm", OURS="'quoted'")
    assert result.output.splitlines() == ["/root farm 'quoted'", str(tmp_path), "/dev/null", "no terminal"]
    await runner.close(1)


# -- alerts -----------------------------------------------------------------------------------------------

FATES = (
    ("exit 0", Fate.SENT, ""),
    ("cat > /dev/null; echo told; exit 0", Fate.SENT, "told"),
    ("exec <&-; exit 0", Fate.SENT, ""),
    ("setsid sleep 30 & exit 0", Fate.SENT, ""),
    ("exit 1", Fate.FAILED, "exit status 1"),
    ("echo no such user >&2; exit 67", Fate.FAILED, "exit status 67: no such user"),
    ("exit 75", Fate.RETRY, "exit status 75"),
    ("kill -9 $$", Fate.RETRY, "ended by signal 9 (SIGKILL)"),
)


@pytest.mark.parametrize(("text", "fate", "why"), FATES)
@pytest.mark.parametrize("head", ["#!/bin/sh\n", ""], ids=["#!", "no #!"])
async def test_an_alerts_end_is_understood(runner, bound, program, text, fate, why, head):
    delivery = await runner.send(bound(program(text, "x.alert", head=head)), notice("x" * BIG))
    assert (delivery.fate, delivery.why) == (fate, why)


async def test_an_alert_gets_its_arguments_its_output_and_its_variables(
    runner, bound, program, tmp_path: Path
):
    seen = tmp_path / "seen"
    alert = bound(program(f'{{ echo "$#"; printf "%s\\n" "$@" "$MON_X"; cat; }} > {seen}'), "-l", "a b")
    await runner.send(alert, notice("web1\n\ndetail", {"MON_X": "it's"}, AlertType.UP))
    assert seen.read_text() == (
        "11\n-s\nhttp\n-g\nfarm\n-h\nweb1 web2\n-t\n1700000000\n-u\n-l\na b\nit's\nweb1\n\ndetail"
    )


def notice(output, environment=None, type_=AlertType.FAILURE):
    return Notice(
        type_, "farm", "http", "p", 1_700_000_000.7, 1, OpStatus.FAIL, "web1", output, ("web1", "web2"),
        environment=environment or {},
    )  # fmt: skip
