"""The daemon's own life: reload, end, restart, and the power cut."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from real_things import LOOPS, WATCH, Daemon, Postbox, Site, until

Start = Callable[..., Daemon]
pytestmark = pytest.mark.parametrize("start", list(LOOPS), indirect=True)
Program = Callable[[str, str], Path]

DOWN = {"watch": "web", "service": "http", "host": "", "new": "fail"}


def service(daemon: Daemon) -> dict[str, object]:
    """web/http as ``mon status --json`` has it, {} while nobody answers."""
    status = daemon.status()
    return next((s for s in status["services"] if s["service"] == "http"), {}) if status else {}


def checked(daemon: Daemon) -> Daemon:
    """Wait for the first result."""
    until(lambda: service(daemon).get("last_check"), daemon)
    return daemon


def test_a_reload_with_an_error_says_so_and_changes_nothing(
    start: Start, site: Site, postbox: Postbox
) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    good = daemon.config.read_text()
    daemon.config.write_text(good.replace("interval 200ms", "intervall 200ms"))
    answer = daemon.ask("reload")
    assert answer.returncode == 1
    assert f"{daemon.config}:" in answer.stdout + answer.stderr
    assert "interval" in answer.stdout + answer.stderr
    site.down()
    daemon.wait_for("transition", **DOWN)


def test_a_reload_adds_a_service_and_forgets_nothing(start: Start, site: Site, postbox: Postbox) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    site.down()
    postbox.mail("DOWN")
    more = f"    service tcp\n        interval 1s\n        monitor tcp.monitor -p {postbox.port}\n"
    daemon.config.write_text(daemon.config.read_text() + more)
    answer = daemon.ask("reload")
    assert answer.returncode == 0, answer.stderr
    assert "tcp" in answer.stdout
    until(lambda: daemon.status() and len(daemon.status()["services"]) == 2, daemon)
    assert service(daemon)["opstatus"] == "fail"
    assert len(postbox.mails) == 1


def test_sighup_reloads(start: Start, site: Site, postbox: Postbox) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    daemon.config.write_text(daemon.config.read_text().replace("service http", "service front"))
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.status()["services"][0]["service"] == "front", daemon)


def test_sigterm_ends_it_though_a_monitor_will_not_end(start: Start, site: Site, program: Program) -> None:
    program(
        "stubborn.monitor",
        "#!/bin/sh\ntrap '' TERM HUP INT\necho $$ > $MON_STATEDIR/pid\nsleep 600 & wait; sleep 600\n",
    )
    daemon = start(
        "hostgroup web 127.0.0.1\n\nwatch web\n    service slow\n        interval 1s\n"
        "        monitor stubborn.monitor\n        period\n"
    )
    until((daemon.config.parent / "state" / "pid").exists, daemon)
    daemon.stop()


def test_a_restart_knows_what_was_known_and_tells_nobody_twice(
    start: Start, site: Site, postbox: Postbox
) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    site.down()
    postbox.mail("DOWN")
    daemon.wait_for("alert", kind="alert", fate="sent")
    daemon.stop()
    again = checked(start())
    assert service(again)["opstatus"] == "fail"
    assert not again.seen("transition", **DOWN)
    site.up()
    postbox.mail("UP")
    assert [subject.partition(" ")[0] for subject, _ in postbox.mails] == ["DOWN", "UP"]


def test_kill_9_loses_no_message(start: Start, site: Site, closed_postbox: Postbox) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=closed_postbox.port)))
    site.down()
    daemon.wait_for("alert", kind="alert", fate="retry")
    daemon.kill()
    closed_postbox.open()
    start()
    assert "web/http" in closed_postbox.mail("DOWN")[0]


def test_a_plugin_that_floods_or_hangs_delays_no_other_check(
    start: Start, site: Site, postbox: Postbox, program: Program
) -> None:
    program("flood.monitor", "#!/bin/sh\nexec yes\n")
    program("hang.monitor", "#!/bin/sh\ntrap '' TERM\nsleep 600\n")
    rogue = """\
    service {0}
        interval 1s
        timeout {1}
        monitor {2}.monitor
        period
"""
    rogues = (("flood", "3s", "flood"), ("hang", "3s", "hang"), ("endless", "1h", "hang"))
    text = WATCH.format(port=site.port, smtp=postbox.port)
    daemon = checked(start(text + "".join(rogue.format(*each) for each in rogues)))
    daemon.wait_for("transition", service="hang", host="", new="fail")
    daemon.wait_for("transition", service="flood", host="", new="fail")
    site.down()
    daemon.wait_for("transition", **DOWN)
    assert not daemon.seen("transition", service="endless")  # it hung through all of this
    daemon.stop()


def test_mon_test_shows_what_would_follow_and_sends_nothing(
    start: Start, site: Site, postbox: Postbox
) -> None:
    text = WATCH.format(port=site.port, smtp=postbox.port).replace("200ms", "1h")
    daemon = start(text)
    until(daemon.status, daemon)
    site.down()
    answer = daemon.ask("test", "web", "http")
    assert "127.0.0.1" in answer.stdout
    assert "mail.alert" in answer.stdout
    assert service(daemon)["opstatus"] == "untested"
    assert postbox.mails == []


def test_status_is_a_table_for_people(start: Start, site: Site, postbox: Postbox) -> None:
    daemon = checked(start(WATCH.format(port=site.port, smtp=postbox.port)))
    answer = daemon.ask("status")
    assert answer.returncode == 0
    assert "web" in answer.stdout
    assert "http" in answer.stdout
