"""Law 6 under kill -9 at any instant: each message at least once, no action twice, all accounted for."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from mon.model.moment import Moment
from mon.model.notice import Delivery, Fate
from mon.outbox import Entry, Outbox
from mon.store import Stage, StateStore

ROUNDS = 8

LIFE = """
import asyncio, os, random, sys, time
from pathlib import Path
from mon.model.config import AlertKind, AlertLine, CommandLine
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Delivery, Fate, Notice
from mon.model.result import OpStatus
from mon.outbox import Outbox
from mon.store import Batch, StateStore

directory, life = Path(sys.argv[1]), sys.argv[2]

def note(file, text):
    descriptor = os.open(directory / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (text + "\\n").encode())
    os.close(descriptor)

async def send(entry, attempt):
    note("sent", entry.notice.summary)
    await asyncio.sleep(random.random() / 100)
    return Delivery(Fate.SENT, "")

def decision(number):
    command = "act.alert" if number % 2 else "mail.alert"
    name = f"{command}-{life}-{number}"
    line = AlertLine(AlertKind.ALERT, CommandLine(command, (command, str(number % 5))))
    notice = Notice(AlertType.FAILURE, "w", str(number), "p", 1.0, 1, OpStatus.FAIL, name, name)
    now = Moment(time.time(), time.monotonic())
    return Decision("w", str(number), "p", line, AlertType.FAILURE, "send", "", now, notice)

async def main():
    store = StateStore.open(directory / "state.db")
    outbox = Outbox(store, send, lambda: Moment(time.time(), time.monotonic()))
    await outbox.start()
    print("ready", flush=True)
    for number in range(100000):
        one = decision(number)
        draft = outbox.accept([one], is_action=lambda line: line.command.plugin == "act.alert")
        await store.commit(Batch(time.time(), entries=draft.entries))
        note("decided", one.notice.summary)
        outbox.settle(draft)

asyncio.run(main())
"""


def live_and_die(directory: Path, life: int, seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LIFE, str(directory), str(life)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)


async def rest_of(directory: Path, sent: list[str]) -> list[Stage]:
    """The last life, which is left to finish; how all entries ended."""

    async def send(entry: Entry, attempt: int) -> Delivery:
        sent.append(entry.notice.summary)
        return Delivery(Fate.SENT, "")

    store = StateStore.open(directory / "state.db")
    outbox = Outbox(store, send, lambda: Moment(time.time(), time.monotonic()))
    await outbox.start()
    while outbox.pending():  # noqa: ASYNC110 - it says so to nobody
        await asyncio.sleep(0.01)
    await outbox.stop(5.0)
    left = await store.unsent()
    ended = store._writer.submit(lambda db: db.execute("SELECT stage FROM outbox").fetchall()).result()
    store.close()
    assert left == ()
    return [Stage(stage) for (stage,) in ended]


async def test_no_message_is_lost_and_no_action_repeated(tmp_path: Path) -> None:
    chance = random.Random(7)
    for life in range(ROUNDS):
        await asyncio.to_thread(live_and_die, tmp_path, life, chance.uniform(0.02, 0.5))
    sent = (tmp_path / "sent").read_text().split()
    stages = await rest_of(tmp_path, sent)
    decided = (tmp_path / "decided").read_text().split()
    times = Counter(sent)
    messages = [name for name in decided if name.startswith("mail")]
    assert messages and not [name for name in messages if not times[name]]
    assert not [name for name, number in times.items() if name.startswith("act") and number > 1]
    assert all(stage.ended for stage in stages)
