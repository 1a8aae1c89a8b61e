"""An outside watcher hears of mon while it is well, and no longer when part of the alerting path stalls."""

import json
import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from real_things import Daemon, Site, until

Start = Callable[..., Daemon]

CONFIG = """\
deadman 300ms webhook.alert http://127.0.0.1:{hook}/beat

hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
"""

POOL = """\
resync = 300ms

virtual shop 192.0.2.1:80
    balancer exec {python} {top}/balancer {top}/table.json
    real 127.0.0.1:{port}

"""

MANUAL = Path(__file__).parents[2] / "docs" / "balancers.md"


def test_it_beats_while_checks_run(start: Start, site: Site, hook: Site) -> None:
    daemon = start(CONFIG.format(port=site.port, hook=hook.port))
    until(lambda: len(hook.posts) >= 3, daemon)
    assert json.loads(hook.posts[0])["summary"] == "mon is well: 1 services, 0 pools"
    hook.down()
    assert "not sent" in daemon.wait_for("deadman")["message"]


def hear(daemon: Daemon, word: str, since: int) -> int:
    """Wait until mon says this of its sign of life; the number of the next event."""
    until(lambda: any(word in event["message"] for event in daemon.events[since:]), daemon)
    return len(daemon.events)


def test_it_stops_while_a_balancer_does_not_answer_and_while_the_disk_takes_nothing(
    start: Start, site: Site, hook: Site, tmp_path: Path
) -> None:
    program = re.findall(r"```python\n(#!.*?)```", MANUAL.read_text(), re.DOTALL)[0]
    (tmp_path / "balancer").write_text(program)
    pool = POOL.format(python=sys.executable, top=tmp_path, port=site.port)
    daemon = start(pool + CONFIG.format(port=site.port, hook=hook.port))
    until(lambda: hook.posts, daemon)

    (tmp_path / "table.json").write_text("rubbish")
    at = hear(daemon, "no deadman message: pool shop: ", 0)
    beats = len(hook.posts)
    (tmp_path / "table.json").unlink()
    at = hear(daemon, "deadman messages go on", at)
    until(lambda: len(hook.posts) > beats, daemon)

    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    at = hear(daemon, "no deadman message: the outbox cannot be written: ", at)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    hear(daemon, "deadman messages go on", at)
