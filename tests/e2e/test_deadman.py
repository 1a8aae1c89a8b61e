"""An outside watcher hears of mon while it is well, and no longer when the scheduler stops."""

import json
from collections.abc import Callable

from real_things import Daemon, Site, until

Start = Callable[..., Daemon]

CONFIG = """\
deadman 300ms webhook.alert http://127.0.0.1:{hook}/beat

hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 1
"""


def test_it_beats_while_checks_run(start: Start, site: Site, hook: Site) -> None:
    daemon = start(CONFIG.format(port=site.port, hook=hook.port))
    until(lambda: len(hook.posts) >= 3, daemon)
    assert json.loads(hook.posts[0])["summary"] == "mon is well: 1 services, 0 pools"
    hook.down()
    assert "not sent" in daemon.wait_for("deadman")["message"]
