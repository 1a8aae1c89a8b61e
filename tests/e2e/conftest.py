"""The daemon as a process, and what it watches and tells: real servers, real SMTP, real HTTP."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from real_things import Daemon, Postbox, Site, free_port


@pytest.fixture
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Daemon]]:
    """``start(text)`` writes mon.cf and runs the daemon on it; ``start()`` runs it on what is there.

    A test module may choose the event loops by a parameter.
    """
    running: list[Daemon] = []
    config = tmp_path / "mon.cf"

    def begin(text: str | None = None) -> Daemon:
        if text is not None:
            config.write_text(
                f"statedir = {tmp_path}/state\nmondir = {tmp_path}\nalertdir = {tmp_path}\n\n{text}"
            )
        (tmp_path / "state").mkdir(exist_ok=True)
        running.append(Daemon(config, getattr(request, "param", "uvloop")))
        return running[-1]

    yield begin
    for daemon in running:
        if daemon.process.poll() is None:
            daemon.kill()


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.down()


@pytest.fixture
def hook() -> Iterator[Site]:
    one = Site()
    yield one
    one.down()


@pytest.fixture
def farm() -> Iterator[list[Site]]:
    """Three servers of one port, on 127.0.1.1 to 3."""
    port = free_port()
    sites = [Site(f"127.0.1.{n}", port) for n in (1, 2, 3)]
    yield sites
    for one in sites:
        one.down()


@pytest.fixture
def closed_postbox() -> Iterator[Postbox]:
    box = Postbox()
    yield box
    box.close()


@pytest.fixture
def postbox(closed_postbox: Postbox) -> Postbox:
    closed_postbox.open()
    return closed_postbox


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """``program(name, text)`` makes an executable of the operator's."""

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        os.chmod(path, 0o755)
        return path

    return make
