"""Real programs that misbehave in every way we know."""

import asyncio
import errno
import os
import signal

import pytest

from mon.runner.child import OUTPUT_LIMIT
from mon.runner.launch import Command
from mon.runner.spawn import Spawner


async def test_a_program_says_something_and_ends(spawner, program):
    ended = await spawner.run(Command((str(program("echo web1; echo more; exit 3")),)), 5)
    assert (ended.status, ended.output, ended.trouble) == (3, "web1\nmore\n", "")


async def test_stderr_goes_with_stdout_in_order(spawner, program):
    ended = await spawner.run(Command((str(program("echo a; echo b >&2; echo c")),)), 5)
    assert ended.output == "a\nb\nc\n"


async def test_stdin_is_empty_unless_given(spawner, program):
    assert (await spawner.run(Command((str(program("cat")),)), 5)).output == ""


async def test_a_huge_stdin_does_not_hold_up_the_loop(spawner, program, ticker):
    command = Command((str(program("sleep 0.3; wc -c")),), stdin=b"x" * 1_000_000)
    assert (await spawner.run(command, 5)).output.strip() == "1000000"
    assert max(ticker) < 0.5


async def test_a_program_that_does_not_read_its_stdin_ends_well(spawner, program):
    ended = await spawner.run(Command((str(program("exec <&-; exit 0")),), stdin=b"x" * 1_000_000), 5)
    assert (ended.status, ended.trouble) == (0, "")


async def test_a_program_that_hangs_is_stopped_at_its_deadline(spawner, program):
    ended = await spawner.run(Command((str(program("echo begun; sleep 60")),)), 0.3)
    assert ended.trouble == "stopped after 0.3 s"
    assert ended.output == "begun\n"
    assert ended.status > 128


async def test_a_program_that_ignores_sigterm_is_killed(spawner, program):
    ended = await spawner.run(Command((str(program("trap '' TERM; while :; do sleep 1; done")),)), 0.2)
    assert ended.status == 128 + signal.SIGKILL


async def test_a_run_is_over_when_the_program_exits_though_a_daemon_keeps_the_pipe(
    spawner, program, tmp_path, alive
):
    text = f"echo started; setsid sleep 60 & echo $! > {tmp_path}/pid"
    ended = await spawner.run(Command((str(program(text)),)), 5)
    pid = int((tmp_path / "pid").read_text())
    assert (ended.status, ended.output, ended.trouble) == (0, "started\n", "")
    assert alive(pid)  # it ended by itself: what it started on purpose is left alone
    os.kill(pid, signal.SIGKILL)


async def test_a_flood_is_dropped_and_said(spawner, program, ticker):
    ended = await spawner.run(Command((str(program("head -c 100000000 /dev/zero | tr '\\0' x")),)), 30)
    assert ended.status == 0
    assert ended.output.endswith(f"\n({100_000_000 - OUTPUT_LIMIT} bytes more of output were dropped)")
    assert max(ticker) < 0.5


async def test_an_endless_flood_is_stopped_and_holds_up_nobody(spawner, program, ticker):
    ended = await spawner.run(Command((str(program("exec yes")),)), 1)
    assert ended.trouble == "stopped after 1 s"
    assert max(ticker) < 0.5


async def test_a_program_that_burns_cpu_holds_up_nobody(spawner, program, ticker):
    await spawner.run(Command((str(program("while :; do :; done")),)), 0.5)
    assert max(ticker) < 0.5


async def test_death_by_signal_is_no_success(spawner, program):
    ended = await spawner.run(Command((str(program("kill -9 $$")),)), 5)
    assert (ended.status, ended.trouble) == (137, "ended by signal 9 (SIGKILL)")


async def test_without_a_first_line_the_shell_runs_it(spawner, program):
    path = program('echo "$# $1"', head="")
    assert (await spawner.run(Command((str(path), "a b")), 5)).output == "1 a b\n"


@pytest.mark.parametrize(
    ("mode", "head", "why"),
    [
        (0o644, "#!/bin/sh\n", "could not be started: it is not executable"),
        (
            0o755,
            "#!/no/such/interpreter\n",
            "could not be started: its interpreter /no/such/interpreter is not there",
        ),
        (
            0o755,
            "#!/bin/sh\r\n",
            "could not be started: its lines end in CRLF, so its interpreter would be /bin/sh\\r",
        ),
    ],
)
async def test_what_cannot_be_started_says_why(spawner, program, mode, head, why):
    ended = await spawner.run(Command((str(program("exit 0", mode=mode, head=head)),)), 5)
    assert (ended.trouble, ended.started, ended.status) == (why, False, 1)


async def test_too_many_arguments_are_no_success(spawner, program):
    ended = await spawner.run(Command((str(program("exit 0")), "x" * 200_000)), 5)
    assert ended.trouble == "could not be started: its arguments and variables are too long"


async def test_nul_and_bytes_that_are_no_utf8_become_text(spawner, program):
    ended = await spawner.run(Command((str(program("printf 'a\\000b\\377\\303\\274'")),)), 5)
    assert ended.output == "ab\\xffü"


async def test_variables_are_given_and_cut_at_what_exec_takes(spawner, program):
    command = Command(
        (str(program('echo "$MON_GROUP ${#MON_BIG}"')),), {"MON_GROUP": "farm", "MON_BIG": "x" * 300_000}
    )
    assert (await spawner.run(command, 5)).output == f"farm {128 * 1024 - len('MON_BIG=') - 1}\n"


async def test_what_systemd_gave_to_us_is_not_given_on(program):
    spawner = Spawner({"NOTIFY_SOCKET": "/run/x", "PATH": "/bin:/usr/bin"})
    ended = await spawner.run(Command((str(program("env")),)), 5)
    assert "NOTIFY_SOCKET" not in ended.output
    await spawner.close()


async def test_a_secret_of_the_daemon_reaches_the_program_whose_line_names_it(program):
    spawner = Spawner(
        {"PATH": os.environ["PATH"], "SECRET": "hunter2", "http_proxy": "p"}, also=["http_proxy"]
    )
    path = str(program('echo "$SECRET $http_proxy"'))
    assert (await spawner.run(Command((path, "-h", "web1")), 5)).output == " p\n"
    assert (await spawner.run(Command((path, "--password", "env:SECRET")), 5)).output == "hunter2 p\n"
    await spawner.close()


async def test_a_cancelled_run_ends_its_program(spawner, program, tmp_path, alive, until):
    task = asyncio.create_task(
        spawner.run(Command((str(program(f"echo $$ > {tmp_path}/pid; sleep 60")),)), 60)
    )
    assert await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await spawner.close()
    assert not alive(int((tmp_path / "pid").read_text()))


async def test_programs_leave_no_descriptors_behind(spawner, program):
    path = str(program("echo x; exit 1"))
    await spawner.run(Command((path,)), 5)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        await spawner.run(Command((path,), stdin=b"x"), 5)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_a_program_can_run_as_another_user(spawner, program, tmp_path):
    ended = await spawner.run(Command(("id", "-un"), user="nobody"), 5)
    assert ended.output == "nobody\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("text", "status", "trouble"),
    [("exec /no/such/program", 127, ""), (None, 1, "could not be started"), ("exit 126", 126, "")],
)
async def test_as_another_user_a_script_that_ends_like_that_was_started(
    spawner, tmp_path_factory, text, status, trouble
):
    path = tmp_path_factory.mktemp("open") / "x"
    for folder in path.parents[:3]:
        folder.chmod(0o755)  # pytest's own are root's alone
    if text is not None:
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    ended = await spawner.run(Command((str(path),), user="nobody"), 5)
    assert (ended.status, ended.trouble[:20], ended.started) == (status, trouble, not trouble)


async def test_a_user_that_is_not_there_is_said(spawner):
    ended = await spawner.run(Command(("true",), user="no-such-user"), 5)
    assert ended.trouble == "could not be started: there is no user no-such-user"


async def test_without_descriptors_nothing_runs_unwatched(spawner, program, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "pidfd_open", _no_descriptor)
    ended = await spawner.run(Command((str(program(f"sleep 0.3; touch {tmp_path}/ran")),)), 5)
    assert ended.trouble == "could not be started: Too many open files"
    await asyncio.sleep(0.5)
    assert not (tmp_path / "ran").exists()


def _no_descriptor(pid):
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


async def test_many_that_hang_are_ended_together(spawner, program, ticker):
    path = str(program("trap '' TERM; setsid sleep 60 & wait"))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    ended = await asyncio.gather(*(spawner.run(Command((path,)), 1) for _ in range(40)))
    assert {each.trouble for each in ended} == {"stopped after 1 s"}
    assert loop.time() - begun < 6
    assert max(ticker) < 0.5
