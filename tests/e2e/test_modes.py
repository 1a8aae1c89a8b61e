"""What mon keeps of what monitors printed is not for everybody's eyes."""

import stat
from collections.abc import Callable
from pathlib import Path

from real_things import Daemon, Site, until

Start = Callable[..., Daemon]

SITE = """\
logdir = {directory}
dtlogging = yes
dtlogfile = downtime.log
historicfile = history
pidfile = {directory}/mon.pid

hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alert file.alert {directory}/told
"""


def test_what_is_kept_cannot_be_read_by_everybody(start: Start, site: Site, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    daemon = start(SITE.format(directory=logs, port=site.port))
    until((logs / "mon.pid").exists, daemon)
    site.down()
    until((logs / "told").exists, daemon)
    daemon.stop()
    files = [each for folder in (logs, tmp_path / "state") for each in folder.iterdir()]
    assert {"told", "history", "downtime.log", "opstatus", "disabled", "state.db"} <= {f.name for f in files}
    assert [f.name for f in files if stat.S_IMODE(f.stat().st_mode) & 0o007] == []
