"""Operators' Python, in a process that can be killed."""

import asyncio
import os
import pwd
import signal
import time
from pathlib import Path

import pytest

from mon.catalog import Catalog, Check, bind
from mon.errors import StoreError
from mon.model.config import CommandLine, Host, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType, Fate, Notice
from mon.model.result import Cause, OpStatus, Verdict
from mon.model.weight import Weighed
from mon.runner import Runner, Worker
from mon.runner.messages import Frames, Job, Word, frame
from mon.structs import replace
from mon.worker import main


@pytest.fixture
async def worker():
    worker = Worker()
    yield worker
    await worker.close()


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.py"):
        (tmp_path / name).write_text("import os, time\nfrom mon.plugin import *\n" + text)
        return str(tmp_path / name)

    return write


HANG = "def check(host):\n    open({!r}, 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
"""A check that says who it is, and hangs."""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until(holds, seconds=5.0):
    for _ in range(int(seconds / 0.05)):
        if holds():
            return True
        await asyncio.sleep(0.05)
    return False


def written(path):
    return path.exists() and path.read_text() != ""


async def ask(worker, path, *hosts, timeout=10.0, **more):
    said = []
    last = await worker.run(Job(0, path=path, hosts=hosts, timeout=timeout, **more), said.append)
    return said, last


async def test_a_check_answers_for_its_host(worker, write):
    path = write("def check(host, *, port=1): return f'{host} {port}'\n")
    said, last = await ask(worker, path, "web1", options={"port": 80})
    assert [(word.host, word.verdict, word.detail) for word in said] == [("web1", Verdict.OK, "web1 80")]
    assert (last.end, last.trouble) == (True, "")


async def test_options_of_every_type_get_there(worker, write):
    given = {"tls": True, "port": 80, "share": 0.5, "name": "x", "words": ["a", "b"], "none": None}
    path = write(
        "def check(host, *, tls=False, port=1, share=1.0, name='', words=(), none=''):\n"
        "    return repr((tls, port, share, name, words, none))\n"
    )
    said, _ = await ask(worker, path, "web1", options=given)
    assert said[0].detail == repr(tuple(given.values()))


async def test_a_check_may_wait(worker, write):
    path = write("import asyncio\nasync def check(host):\n    await asyncio.sleep(0)\n    return 'yes'\n")
    said, _ = await ask(worker, path, "web1")
    assert said[0].detail == "yes"


@pytest.mark.parametrize(
    ("body", "verdict", "detail"),
    [
        ("raise Down('no', cause=Cause.REFUSED)", Verdict.DOWN, "no"),
        ("raise Unknown('?')", Verdict.UNKNOWN, "?"),
        ("1 / 0", Verdict.UNKNOWN, "ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", Verdict.UNKNOWN, "SystemExit: 0"),
    ],
)
async def test_what_it_raises_is_its_verdict(worker, write, body, verdict, detail):
    said, _ = await ask(worker, write(f"def check(host): {body}\n"), "web1")
    assert (said[0].verdict, said[0].detail) == (verdict, detail)


async def test_a_file_may_change_between_two_checks(worker, write):
    for answer in ("one", "one", "another"):
        path = write(f"def check(host): return '{answer}'\n")
        said, _ = await ask(worker, path, "web1")
        assert said[0].detail == answer


async def test_a_sweep_reports_host_by_host(worker, write):
    path = write("def sweep(hosts, report):\n    report(hosts[1], 'down', 'gone', Cause.TIMEOUT)\n")
    said, _ = await ask(worker, path, "a", "b")
    assert [(word.host, word.verdict, word.cause) for word in said] == [("b", Verdict.DOWN, Cause.TIMEOUT)]


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        ("time.sleep(60)", "stopped after 0.5 s"),
        ("\n    while True: pass", "stopped after 0.5 s"),
        ("os._exit(3)", "ended with status 3"),
        ("os.kill(os.getpid(), 9)", "ended by signal 9"),
        ("os.closerange(0, 100)\n    time.sleep(60)", "ended with status 0"),
    ],
)
async def test_whatever_it_does_the_job_ends(worker, write, body, trouble):
    said, last = await ask(worker, write(f"def check(host):\n    {body}\n"), "web1", timeout=0.5)
    assert (said, last.trouble) == ([], trouble) or last.trouble.startswith("ended by signal 9")


async def test_a_flood_of_output_goes_nowhere(worker, write, capfd):
    path = write(
        "import sys\ndef check(host):\n    for _ in range(100): print('x' * 100000)\n    return 'fine'\n"
    )
    said, _ = await ask(worker, path, "web1")
    assert said[0].detail == "fine"
    assert capfd.readouterr().out == ""


async def test_what_outlives_its_check_is_killed(worker, write, tmp_path):
    path = write(
        "def check(host):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        f"        open('{tmp_path}/pid', 'w').write(str(os.getpid()))\n"
        "        time.sleep(60)\n"
        "    time.sleep(0.3)\n    return 'fine'\n"
    )
    said, _ = await ask(worker, path, "web1")
    assert said[0].detail == "fine"
    pid = int((tmp_path / "pid").read_text())
    assert await until(lambda: not alive(pid))


async def test_one_that_hangs_delays_no_other_one(worker, write):
    slow = asyncio.create_task(
        ask(worker, write("def check(host): time.sleep(60)\n", "slow.py"), "a", timeout=3)
    )
    async with asyncio.timeout(2.5):
        said, _ = await ask(worker, write("def check(host): return 'fine'\n"), "b")
    assert said[0].detail == "fine"
    slow.cancel()


async def test_a_plugin_that_kills_the_worker_costs_only_what_runs(worker, write):
    hanging = asyncio.create_task(ask(worker, write("def check(host): time.sleep(60)\n", "slow.py"), "a"))
    await asyncio.sleep(0.8)
    await ask(worker, write("def check(host): os.kill(os.getppid(), 9)\n", "bad.py"), "b")
    assert (await hanging)[1].trouble == "the worker process died"
    said, _ = await ask(worker, write("def check(host): return 'fine'\n"), "c")
    assert said[0].detail == "fine"


async def test_a_cancelled_job_is_ended(worker, write, tmp_path):
    task = asyncio.create_task(ask(worker, write(HANG.format(f"{tmp_path}/pid")), "a", timeout=60))
    assert await until(lambda: written(tmp_path / "pid"))
    task.cancel()
    pid = int((tmp_path / "pid").read_text())
    assert await until(lambda: not alive(pid))


async def test_closing_kills_what_runs(write, tmp_path):
    worker = Worker()
    task = asyncio.create_task(ask(worker, write(HANG.format(f"{tmp_path}/pid")), "a", timeout=60))
    assert await until(lambda: written(tmp_path / "pid"))
    async with asyncio.timeout(2):
        await worker.close()
    assert (await task)[1].trouble == "ended"
    assert not alive(int((tmp_path / "pid").read_text()))


NOTICE = Notice(AlertType.FAILURE, "farm", "http", "", 1.0, 1, OpStatus.FAIL, "web1", "web1\n", ("web1",))


@pytest.mark.parametrize(
    ("body", "fate", "why"),
    [
        ("pass", Fate.SENT, ""),
        ("assert notice.summary == 'web1' and notice.key == ('farm', 'http')", Fate.SENT, ""),
        ("raise Undeliverable('later')", Fate.RETRY, "later"),
        ("raise Undeliverable('never', permanent=True)", Fate.FAILED, "never"),
        ("1 / 0", Fate.RETRY, "ZeroDivisionError: division by zero"),
    ],
)
async def test_an_alert_is_sent_from_there(worker, write, tmp_path, body, fate, why):
    write(f"def send(notice): {body}\n")
    runner = Runner(None, None, worker, clock=_now)
    plugin = Catalog((), [tmp_path]).find("alert", "mine.alert")
    delivery = await runner.send(bind(plugin, CommandLine("", ("mine.alert",))), NOTICE)
    assert (delivery.fate, delivery.why) == (fate, why)
    await runner.close(0)


async def test_whom_an_alert_did_not_serve_comes_back_and_is_told_the_next_time(worker, write, tmp_path):
    write("def send(notice): raise Undeliverable(notice.left, left=['a'], refused={'b': 'no'})\n")
    runner = Runner(None, None, worker, clock=_now)
    plugin = Catalog((), [tmp_path]).find("alert", "mine.alert")
    bound = bind(plugin, CommandLine("", ("mine.alert",)))
    delivery = await runner.send(bound, replace(NOTICE, left=("a", "c")))
    assert (delivery.why, delivery.left, delivery.refused) == ("('a', 'c')", ("a",), {"b": "no"})
    await runner.close(0)


def _now():
    return Moment(time.time(), time.monotonic())


async def test_an_operators_monitor_goes_the_whole_way(worker, write, tmp_path):
    write("def check(host, *, port=1):\n    if host == 'b': raise Down('no')\n    return f'{host}:{port}'\n")
    plugin = Catalog([tmp_path]).find("monitor", "mine")
    monitor = bind(plugin, CommandLine("", ("mine", "--port", "80")))
    check = Check(Service("farm", "mine"), monitor, (Host("a"), Host("b")), 5)
    runner = Runner(None, None, worker, clock=_now)
    result = await runner.round(check, check.hosts, {}, lambda part: None)
    assert (result.status, result.output) == (1, "b\nb: no\na: a:80\n")
    await runner.close(0)


async def test_a_broken_file_is_trouble_with_its_line(worker, write):
    _, last = await ask(worker, write("1 / 0\n"), "a")
    assert "mine.py:3: ZeroDivisionError" in last.trouble


def test_messages_arrive_whole_in_any_pieces():
    data = frame(Word(1, "a")) + frame(Word(2, "b"))
    frames = Frames()
    assert len([message for byte in data for message in frames.feed(bytes([byte]))]) == 2


def test_a_message_that_is_too_long_is_refused():
    with pytest.raises(StoreError):
        Frames().feed(b"\xff\xff\xff\xff")


def test_wrong_words_are_wrong_usage(capsys):
    assert main(["sing"]) == 2
    assert "usage" in capsys.readouterr().err


async def _die(path, pid_file):
    worker = Worker()
    task = asyncio.create_task(ask(worker, path, "a", timeout=60))
    await until(lambda: written(pid_file) or task.done())
    os.kill(os.getpid(), signal.SIGKILL)


def test_it_goes_when_the_daemon_goes(write, tmp_path):
    pid = os.fork()
    if pid == 0:  # a daemon that dies without a word
        try:
            asyncio.run(_die(write(HANG.format(f"{tmp_path}/pid")), tmp_path / "pid"))
        finally:
            os._exit(1)
    os.waitpid(pid, 0)
    child = int((tmp_path / "pid").read_text())
    assert asyncio.run(until(lambda: not alive(child)))


async def test_operators_python_may_suggest_a_weight(worker, write):
    path = write(
        "def check(host): return Weighed('load 3', '50%') if host == 'a' else Weighed('load', 'x')\n"
    )
    said, _ = await ask(worker, path, "a", "b")
    assert [(word.detail, str(word.weight)) for word in said[:1]] == [("load 3", "50%")]
    assert said[0].said == Weighed("load 3", "50%")
    assert (said[1].verdict, said[1].weight) == (Verdict.UNKNOWN, None)
    path = write("def sweep(hosts, report): report('a', Verdict.OK, Weighed('swept', 7))\n", "swept.py")
    said, _ = await ask(worker, path, "a")
    assert [word.said for word in said] == [Weighed("swept", 7)]


async def test_a_plugin_inherits_its_own_channel_and_nothing_else(worker, write):
    path = write(
        "def check(host):\n"
        "    found = {fd: os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')\n"
        "             if os.path.exists(f'/proc/self/fd/{fd}') or fd == '3'}\n"
        "    return ' '.join(sorted(f'{fd}:{to.partition(\":[\")[0]}' for fd, to in found.items()))\n"
    )
    busy = asyncio.create_task(ask(worker, write("def check(host): time.sleep(3)\n", "busy.py"), "a"))
    await asyncio.sleep(0.5)
    said, _ = await ask(worker, path, "web1")
    assert said[0].detail == "0:/dev/null 1:/dev/null 2:/dev/null 3:socket"
    busy.cancel()


FORGED = """
import gc, json, struct
def forge(fd, number, host):
    message = json.dumps({"id": number, "host": host, "verdict": "down", "detail": "forged"}).encode()
    try: os.write(fd, struct.pack(">I", len(message)) + message)
    except OSError: pass
def near(pid):
    # The worker and its jobs only: root could write into a file that a stranger has open.
    try: parent = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1]
    except OSError: return False
    ours = str(os.getppid()) in (pid, parent) and pid != str(os.getpid())
    return ours and not os.path.isfile(f"/proc/{pid}/fd/3")
"""


@pytest.mark.parametrize(
    "body",
    [
        "for n in range(100): forge(3, n, 'web1')",
        "for fd in range(100): forge(fd, 1, 'web1')",
        "for one in gc.get_objects():\n        if isinstance(one, int): forge(3, one, 'web1')",
        "for pid in os.listdir('/proc'):\n        if pid.isdigit() and near(pid):\n"
        "            try: forge(os.open(f'/proc/{pid}/fd/3', os.O_WRONLY), 1, 'web1')\n"
        "            except OSError: pass",
    ],
)
async def test_nobody_forges_what_another_check_says(worker, write, body):
    honest = write("def check(host):\n    time.sleep(1)\n    return 'well'\n", "honest.py")
    evil = write(f"{FORGED}def check(host):\n    {body}\n    return 'fine'\n", "evil.py")
    (heard, _), (forged, _) = await asyncio.gather(ask(worker, honest, "web1"), ask(worker, evil, "evil1"))
    assert [(word.host, word.detail) for word in heard] == [("web1", "well")]
    assert {word.host for word in forged} <= {"evil1"}


async def test_what_other_jobs_were_given_is_not_in_a_plugins_memory(worker, write):
    slow = write("def check(host, *, key=''): time.sleep(2)\n", "slow.py")
    busy = asyncio.create_task(ask(worker, slow, "a", options={"key": "hunter" + "2" * 9}))
    await asyncio.sleep(0.5)
    path = write(
        "import gc\ndef check(host):\n"
        "    return str(['hunter' + '2' * 9 in map(str, each.values()) for each in gc.get_objects()\n"
        "        if isinstance(each, dict) and 'key' in each])\n"
    )
    said, _ = await ask(worker, path, "web1")
    assert "True" not in said[0].detail
    busy.cancel()


async def test_a_flood_of_words_ends_the_job(worker, write):
    words = "for n in range(100_000): forge(3, n, 'web1')"
    _, last = await ask(worker, write(f"{FORGED}def check(host):\n    {words}\n"), "web1")
    assert last.trouble == "it said what is no answer"


async def test_a_secret_of_the_daemon_reaches_the_plugin_whose_line_names_it(write):
    worker = Worker({"PATH": os.environ["PATH"], "SECRET": "hunter2"})
    path = write(
        "def check(host, *, password=''): return str([os.environ.get('SECRET'), os.environ['HOME']])\n"
    )
    home = pwd.getpwuid(os.geteuid()).pw_dir
    said, _ = await ask(worker, path, "web1", options={"password": "env:SECRET"})
    assert said[0].detail == str(["hunter2", home])
    said, _ = await ask(worker, path, "web1", options={"password": "x"})
    assert said[0].detail == str([None, home])
    await worker.close()
