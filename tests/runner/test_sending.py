"""Alerts, called once."""

import asyncio
import time

import pytest

from mon.catalog.plan import Kind
from mon.errors import Undeliverable
from mon.model.config import CommandLine
from mon.model.moment import Moment
from mon.model.notice import AlertType, Fate, Notice
from mon.model.result import OpStatus
from mon.runner import Runner
from mon.runner.sending import arguments


@pytest.fixture
def notice():
    def notice(type_=AlertType.FAILURE, output="web1\ndetail\n", **more):
        return Notice(
            type_,
            "farm",
            "http",
            "",
            1_700_000_000.7,
            1,
            OpStatus.FAIL,
            "web1",
            output,
            ("web1", "web2"),
            **more,
        )

    return notice


async def test_a_program_gets_the_classic_arguments_stdin_and_environment(
    runner, bound, notice, program, tmp_path
):
    path = program(
        f'{{ for w in "$@"; do echo "[$w]"; done; echo $MON_ALERTTYPE $MON_ATTEMPT; cat; }} > {tmp_path}/out'
    )
    given = notice(AlertType.UP, environment={"MON_ALERTTYPE": "up"})
    delivery = await runner.send(bound(path, "a b", kind=Kind.ALERT), given, attempt=2)
    assert delivery.fate is Fate.SENT
    words = ["-s", "http", "-g", "farm", "-h", "web1 web2", "-t", "1700000000", "-u", "a b"]
    assert (tmp_path / "out").read_text() == "".join(f"[{w}]\n" for w in words) + "up 2\nweb1\ndetail\n"


@pytest.mark.parametrize(
    ("type_", "flag"),
    [("failure", None), ("startup", None), ("test", None), ("up", "-u"), ("ack", "-a"), ("disable", "-D"),
     ("trap", "-T"), ("traptimeout", "-O")],
)  # fmt: skip
def test_the_flag_says_why_it_is_called(bound, notice, tmp_path, type_, flag):
    words = arguments(bound(tmp_path / "x.alert", "to@example.com"), notice(AlertType(type_)))
    assert words[9:] == ((flag, "to@example.com") if flag else ("to@example.com",))


@pytest.mark.parametrize(
    ("text", "fate", "why"),
    [
        ("exit 0", Fate.SENT, ""),
        ("echo no such user; exit 1", Fate.FAILED, "exit status 1: no such user"),
        ("exit 75", Fate.RETRY, "exit status 75"),
        ("kill -9 $$", Fate.RETRY, "ended by signal 9 (SIGKILL)"),
    ],
)
async def test_the_exit_status_decides(runner, bound, notice, program, text, fate, why):
    delivery = await runner.send(bound(program(text)), notice())
    assert (delivery.fate, delivery.why) == (fate, why)


async def test_what_cannot_be_started_is_tried_again(runner, bound, notice, program):
    delivery = await runner.send(bound(program("", mode=0o644)), notice())
    assert (delivery.fate, delivery.why) == (Fate.RETRY, "could not be started: it is not executable")


async def test_output_without_end_reaches_a_program_cut(runner, bound, notice, program, tmp_path):
    await runner.send(bound(program(f"wc -c > {tmp_path}/n")), notice(output="ü" * 2_000_000))
    assert int((tmp_path / "n").read_text()) == 1 << 20


async def test_one_of_ours_is_called_with_the_notice(runner, native, notice):
    seen = []

    async def send(notice, *, to):
        seen.append((notice.summary, to))

    assert (await runner.send(native(send, "send", to="me"), notice())).fate is Fate.SENT
    assert seen == [("web1", "me")]


async def test_one_of_ours_may_block(runner, native, notice, ticker):
    def send(notice):
        time.sleep(1)

    assert (await runner.send(native(send, "send"), notice())).fate is Fate.SENT
    assert max(ticker) < 0.5


@pytest.mark.parametrize(
    ("error", "fate", "why"),
    [
        (Undeliverable("greylisted"), Fate.RETRY, "greylisted"),
        (Undeliverable("no such user", permanent=True), Fate.FAILED, "no such user"),
        (OSError(111, "Connection refused"), Fate.RETRY, "the alert failed: ConnectionRefusedError"),
    ],
)
async def test_what_it_raises_says_whether_to_try_again(runner, native, notice, error, fate, why):
    def send(notice):
        raise error

    delivery = await runner.send(native(send, "send"), notice())
    assert delivery.fate is fate
    assert delivery.why.startswith(why)


async def test_whom_it_did_not_serve_is_passed_on(runner, native, notice):
    def send(notice):
        raise Undeliverable("later", left=["a"], refused={"b": "no"})

    delivery = await runner.send(native(send, "send"), notice())
    assert (delivery.left, delivery.refused) == (("a",), {"b": "no"})


async def test_an_action_that_still_runs_at_the_end_is_left_to_finish(
    bound, notice, program, tmp_path, until
):
    runner = Runner(None, None, None, clock=lambda: Moment(time.time(), time.monotonic()))
    text = f"trap '' TERM; sleep 1; seq 1 100000; cat > {tmp_path}/in; echo $$ > {tmp_path}/done"
    task = asyncio.create_task(runner.send(bound(program(text)), notice()))
    await asyncio.sleep(0.2)
    async with asyncio.timeout(1):
        await runner.close(0.1)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await until((tmp_path / "done").exists)
    assert (tmp_path / "in").read_text() == "web1\ndetail\n"


async def test_a_message_that_hangs_is_given_up_at_the_end(native, notice):
    runner = Runner(None, None, None, clock=lambda: Moment(time.time(), time.monotonic()))

    async def send(notice):
        await asyncio.sleep(60)

    task = asyncio.create_task(runner.send(native(send, "send"), notice()))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(1):
        await runner.close(0.1)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_plain_command_gets_its_own_words_and_nothing_else(runner, notice, program, tmp_path):
    said = tmp_path / "said"
    path = program(f'(printf "%s|" "$@"; echo "$MON_POOL $MON_ATTEMPT"; cat) > {said}')
    line = CommandLine("x", (str(path), "a b", ";", "$HOME", "*"), hosts=False)
    delivery = await runner.call(line, notice(environment={"MON_POOL": "web"}), attempt=2)
    assert delivery.fate is Fate.SENT and delivery.duration > 0
    assert said.read_text() == "a b|;|$HOME|*|web 2\nweb1\ndetail\n"
