"""Starts every plugin of a folder through our runner, side by side, and by itself; prints what came of it.

Run by test_corpus_plugins.py in a network namespace of its own, with plugins as another user.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mon.catalog import Bound, Check, Form, Plugin
from mon.catalog.plan import Description, Kind
from mon.model.config import CommandLine, Host, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType, Notice
from mon.model.result import OpStatus
from mon.runner import Runner, Spawner

HOST, USER, SECONDS = "127.0.0.1", "nobody", 20.0
ENVIRONMENT = {
    "MON_GROUP": "farm",
    "MON_SERVICE": "check",
    "MON_STATEDIR": "/nonexistent",
    "RES_NAMESERVERS": HOST,
}


def bound(path: Path, kind: Kind) -> Bound:
    plugin = Plugin(path.name, kind, path, Form.EXECUTABLE, False, Description("", "", ""))
    return Bound(plugin, {}, CommandLine(path.name, (path.name,)))


async def monitor(runner: Runner, path: Path) -> dict[str, Any]:
    check = Check(Service("farm", path.name), bound(path, Kind.MONITOR), (Host(HOST),), SECONDS)
    result = await runner.round(check, check.hosts, ENVIRONMENT, lambda _: None)
    assert result is not None
    verdicts = {host.host: host.verdict.value for host in result.hosts}
    return {"status": result.status, "output": result.output, "trouble": result.trouble, "verdicts": verdicts}


async def alert(runner: Runner, path: Path) -> dict[str, Any]:
    notice = Notice(
        AlertType.FAILURE, "farm", "check", "p", 1_700_000_000, 1, OpStatus.FAIL, HOST,
        f"{HOST}\nno answer\n", (HOST,), environment={**ENVIRONMENT, "MON_ALERTTYPE": "failure"},
    )  # fmt: skip
    delivery = await runner.send(bound(path, Kind.ALERT), notice)
    return {"fate": delivery.fate.value, "output": delivery.why}


def by_itself(path: Path) -> int | None:
    try:
        return subprocess.run(
            ["setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups", str(path), HOST],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            env={**os.environ, **ENVIRONMENT}, timeout=SECONDS,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        return None


async def beats(lengths: list[float]) -> None:
    """How long each turn of the loop was held up."""
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(0.02)
        lengths.append(loop.time() - before)


async def main(paths: list[Path]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    runner = Runner(
        None, None, None, clock=lambda: Moment(1_700_000_000, loop.time()), spawner=Spawner(user=USER)
    )
    lengths: list[float] = []
    beat = loop.create_task(beats(lengths))
    calls = [(alert if path.suffix == ".alert" else monitor)(runner, path) for path in paths]
    found = dict(zip((path.name for path in paths), await asyncio.gather(*calls), strict=True))
    beat.cancel()
    await runner.close(1)
    ended = [path for path in paths if found[path.name].get("trouble") == "" and path.suffix != ".alert"]
    alone = await asyncio.gather(*(asyncio.to_thread(by_itself, path) for path in ended))
    for path, status in zip(ended, alone, strict=True):
        found[path.name]["alone"] = status
    return {"found": found, "held up": max(lengths)}


if __name__ == "__main__":
    there = sorted(path for path in Path(sys.argv[1]).iterdir() if os.access(path, os.X_OK))
    print(json.dumps(asyncio.run(main(there))))
