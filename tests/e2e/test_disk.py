"""The disk fails under the running daemon: checks and alerts go on, loudly, and all is saved later."""

import os
import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from real_things import PATIENCE, WATCH, Daemon, Postbox, Site, until

Start = Callable[..., Daemon]


def checked(daemon: Daemon) -> Daemon:
    """Wait for the first result."""
    daemon.wait_for("transition", watch="web", service="http", host="", new="ok")
    return daemon


def limit(daemon: Daemon, size: int) -> None:
    """No file of the daemon may grow beyond so many bytes: to SQLite that is a full disk."""
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_costs_no_alert_and_all_is_saved_when_there_is_room(
    start: Start, site: Site, postbox: Postbox
) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    limit(daemon, 1)
    site.down()
    assert "web/http" in postbox.mail("DOWN")[0]
    assert daemon.wait_for("store")["level"] == "error"
    assert "the disk: " in daemon.ask("alerts").stdout
    status = daemon.ask("status")
    assert (status.returncode, "the state cannot be saved: " in status.stdout) == (3, True)
    limit(daemon, resource.RLIM_INFINITY)
    until(lambda: any("being saved again" in event["message"] for event in daemon.events), daemon)
    daemon.kill()
    again = start()
    again.wait_for("started")
    site.up()
    assert "web/http" in postbox.mail("UP")[0]  # what was told while the disk was full is known
    assert [subject.partition(" ")[0] for subject, _ in postbox.mails] == ["DOWN", "UP"]
    assert "2 sent" in again.ask("alerts").stdout


def test_a_locked_database_costs_no_alert(start: Start, site: Site, postbox: Postbox) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    with closing(sqlite3.connect(daemon.config.parent / "state/state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        site.down()
        assert "web/http" in postbox.mail("DOWN")[0]
        other.execute("ROLLBACK")
    site.up()
    assert "web/http" in postbox.mail("UP")[0]


def test_a_damaged_database_is_moved_aside_and_mon_begins_anew(
    start: Start, site: Site, postbox: Postbox
) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    daemon.stop()
    database = daemon.config.parent / "state/state.db"
    database.write_bytes(b"no database at all" * 1000)
    again = start()
    assert "was damaged" in again.wait_for("store")["message"]
    assert database.with_name("state.db.damaged-1").read_bytes().startswith(b"no database")
    site.down()
    assert "web/http" in postbox.mail("DOWN")[0]


def test_a_newer_database_is_refused_with_what_to_do(start: Start, site: Site, postbox: Postbox) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    daemon.stop()
    with closing(sqlite3.connect(daemon.config.parent / "state/state.db")) as database:
        database.execute("PRAGMA user_version = 99")
        database.execute("PRAGMA application_id = 99")
    again = start()
    assert again.process.wait(PATIENCE) == 1
    until(lambda: any("start that mon, or move the file away" in line for line in again.said), again)


SPACE = {
    "full": "mount -t tmpfs -o size=64k tmpfs {state} && ! dd if=/dev/zero of={state}/fill bs=1k count=99 &&",
    "read-only": "mount --bind {state} {state} && mount -o remount,ro,bind {state} &&",
    "absent": "mount -t tmpfs -o ro tmpfs {state}/.. &&",
}


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare")
@pytest.mark.parametrize("trouble", SPACE)
def test_a_start_on_a_disk_that_takes_nothing_checks_and_tells_and_ends_soon(
    tmp_path: Path, site: Site, postbox: Postbox, trouble: str
) -> None:
    state, config = tmp_path / "var" / "state", tmp_path / "mon.cf"
    state.mkdir(parents=True)
    config.write_text(f"statedir = {state}\n\n" + WATCH.format(port=site.port, smtp=postbox.port))
    mounts = SPACE[trouble].format(state=state)
    daemon = checked(Daemon(config, before=("unshare", "-m", "sh", "-c", f'{mounts} exec "$@"', "sh")))
    until(lambda: any("state cannot be saved" in text for _, text in postbox.mails), daemon)
    site.down()
    daemon.wait_for("transition", watch="web", service="http", host="", new="fail")
    until(lambda: any("127.0.0.1" in text for _, text in postbox.mails[1:]), daemon)
    daemon.stop()
    assert "not saved" in daemon.seen("stopped")["message"]


def test_a_start_beside_a_program_that_locks_the_database_knows_what_was_saved(
    start: Start, site: Site, postbox: Postbox
) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    site.down()
    assert "web/http" in postbox.mail("DOWN")[0]
    daemon.stop()
    with closing(sqlite3.connect(daemon.config.parent / "state/state.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        again = start()
        again.wait_for("started")
        site.up()
        assert "web/http" in postbox.mail("UP")[0]  # that it failed was known
        other.execute("ROLLBACK")
    until(lambda: any("can be written now" in event["message"] for event in again.events), again)
    again.stop()
    assert again.seen("stopped")["message"] == "stopped, everything is saved"


def test_the_end_does_not_wait_for_a_program_that_locks_the_database(
    start: Start, site: Site, postbox: Postbox
) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    with closing(sqlite3.connect(daemon.config.parent / "state/state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        daemon.stop()
        other.execute("ROLLBACK")
    assert "not saved" in daemon.seen("stopped")["message"]


@pytest.mark.parametrize("place", [19, 60, 107, 300, 4100])
def test_one_wrong_byte_of_a_database_stops_no_start(
    start: Start, site: Site, postbox: Postbox, place: int
) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    daemon.stop()
    for name in ("state.db", "history.db"):
        file = daemon.config.parent / "state" / name
        content = bytearray(file.read_bytes())
        content[place] ^= 0x80
        file.write_bytes(content)
    again = start()
    again.wait_for("started")
    site.down()
    assert "web/http" in postbox.mail("DOWN")[0]


def remove(directory: Path, pattern: str) -> None:
    for file in directory.glob(pattern):
        file.unlink()


def test_what_was_removed_under_a_running_daemon_is_made_anew_and_nothing_is_forgotten(
    start: Start, site: Site, postbox: Postbox
) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    site.down()
    assert "web/http" in postbox.mail("DOWN")[0]
    until(lambda: "taken by" in daemon.ask("why", "web", "http").stdout, daemon)  # noted, not only taken
    state = daemon.config.parent / "state"
    remove(state, "*.db*")
    remove(state, "mon.sock")
    until(lambda: (state / "mon.sock").is_socket() and (state / "history.db").exists(), daemon)
    assert "is acknowledged" in daemon.ask("ack", "web", "http", "new disks").stdout
    until(lambda: "new disks" in daemon.ask("status").stdout, daemon)
    daemon.kill()
    again = start()
    again.wait_for("started")
    assert "new disks" in again.ask("status").stdout
    site.up()
    assert "web/http" in postbox.mail("UP")[0]
    assert [subject.partition(" ")[0] for subject, _ in postbox.mails] == ["DOWN", "UP"]


def test_a_second_daemon_is_refused_and_touches_nothing_of_the_first(
    start: Start, site: Site, postbox: Postbox, tmp_path: Path
) -> None:
    text = WATCH.format(port=site.port, smtp=postbox.port)
    daemon = checked(start(f"pidfile = {tmp_path}/state/mon.pid\n\n{text}"))
    state = tmp_path / "state"
    remove(state, "*.db*")  # what it locked by name is gone
    refused = daemon.ask("run")
    assert refused.returncode == 1 and "in use by another mon" in refused.stderr
    assert (state / "mon.pid").read_text() == f"{daemon.process.pid}\n"
    assert "web" in daemon.ask("status").stdout
    daemon.stop()
    assert not (state / "mon.pid").exists()


def test_a_word_that_cannot_be_saved_is_not_said_to_be(start: Start, site: Site, postbox: Postbox) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    site.down()
    assert "web/http" in postbox.mail("DOWN")[0]
    limit(daemon, 1)
    said = daemon.ask("ack", "web", "http", "new disks")
    assert said.returncode != 0 and "in force, but not saved" in said.stderr
    assert "new disks" in daemon.ask("status").stdout
