"""A real Alertmanager takes our alerts, sees two of them as one, and sees it end."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from mon.alerts.webhook import send

from mon.model.notice import AlertType, HostReport, Notice
from mon.model.result import OpStatus
from mon.render import Render
from mon.structs import replace

CONFIG = """
route: {receiver: none}
receivers: [{name: none}]
"""


def ask(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


@pytest.fixture
def alertmanager(tmp_path: Path, free_port: int) -> Iterator[str]:
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("Alertmanager is not installed")
    (tmp_path / "am.yml").write_text(CONFIG)
    words = [program, f"--config.file={tmp_path}/am.yml", f"--storage.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{free_port}", "--cluster.listen-address="]  # fmt: skip
    url = f"http://127.0.0.1:{free_port}/api/v2"
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 20
        while True:
            with suppress(OSError):
                ask(f"{url}/status")
                break
            assert time.monotonic() < end and server.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait(10)


def test_it_takes_an_alert_and_its_end(alertmanager: str) -> None:
    now = time.time()
    notice = Notice(
        AlertType.FAILURE, "web", "http", "p", now, 1, OpStatus.FAIL, "web1", "web1\n", ("web1", "web2"),
        (HostReport("web1", "down", "refused"),), first_failure=now - 5,
    )  # fmt: skip
    for again in (notice, replace(notice, at=now + 1)):
        said = send(again, [f"{alertmanager}/alerts"], template="alertmanager", render=Render())
        assert said.startswith("200 OK")
    (active,) = ask(f"{alertmanager}/alerts")
    assert active["annotations"]["summary"] == "DOWN web/http: web1 (1 of 2)"
    assert active["labels"] == {"alertname": "mon", "watch": "web", "service": "http", "severity": "critical"}
    up = replace(notice, type=AlertType.UP, at=time.time())
    send(up, [f"{alertmanager}/alerts"], template="alertmanager", render=Render())
    assert ask(f"{alertmanager}/alerts") == []
