"""Large files."""

import time
from pathlib import Path

from mon.config import load

SERVICE = """    service s{0}
        interval 10s
        monitor http.monitor -p 80 -u /healthz
        period
            alert mail.alert root
            upalert mail.alert root
"""


def test_ten_thousand_services_are_read_in_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "mon.cf"
    path.write_text("hostgroup web h1\n\nwatch web\n" + "".join(map(SERVICE.format, range(10_000))))
    begun = time.process_time()
    found = load(str(path))
    assert time.process_time() - begun < 2  # half a second on an idle machine
    assert not found.problems
    assert len(found.config.services) == 10_000
