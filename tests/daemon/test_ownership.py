"""What mon put on a balancer is known to be mon's as soon as it is there."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from mon.balancer.memory import Memory
from mon.daemon.loading import load
from mon.daemon.options import Options
from mon.daemon.parts import Parts
from mon.model.moment import Moment
from mon.model.result import HostResult, Verdict

CONFIG = """\
statedir = {directory}
hostgroup farm w1=192.0.2.1

virtual shop 192.0.2.10:80
    balancer memory
    real w1 weight 10
    fall 1
    rise 1

watch farm
    service http
        interval 1h
        monitor http.monitor
        period
            alert lvs.alert shop
"""


def clock() -> Moment:
    return Moment(time.time(), time.monotonic())


def saved(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [
            name for name, body in connection.execute("SELECT name, body FROM pool") if b"192.0.2.1" in body
        ]


async def test_a_new_server_is_saved_without_waiting_for_the_next_flush(tmp_path: Path) -> None:
    """The calendar does not run here, so whatever is saved was saved because of the change."""
    (tmp_path / "mon.cf").write_text(CONFIG.format(directory=tmp_path))
    options = Options(config=tmp_path / "mon.cf")
    loaded = load(options)
    parts, balancer = Parts(loaded, options, clock), Memory()
    parts.keeper._lines._open = lambda words: balancer
    parts.adopt(loaded)
    try:
        await parts.keeper.start({})
        parts.checks._heard(HostResult("farm", "http", "w1", Verdict.OK, "said", 0.0, clock()))
        for _ in range(1000):
            if saved(loaded.places.state_db):
                break
            await asyncio.sleep(0.02)
        assert balancer.tables
        assert saved(loaded.places.state_db)
    finally:
        await parts.checks.close()
        await parts.runner.close(0.0)
        await parts.background.close()
        await parts.keeper.close()
        await parts.probe.close()
        parts.close_files()
