"""What became of alerts, as an operator asks: what waits, try it now, give it up, why."""

import json
import time
from collections.abc import Callable
from typing import Any

from real_things import Daemon, Postbox, Site, until

Start = Callable[..., Daemon]

WATCH = """\
alertretry = 1h..1h for 1d

hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alertevery 1h
            alert mail.alert --smtp-host 127.0.0.1 --port {smtp} one@test.invalid
            alert mail.alert --smtp-host 127.0.0.1 --port {smtp} two@test.invalid
"""


def listed(daemon: Daemon, stage: str) -> list[dict[str, Any]]:
    return list(json.loads(daemon.ask("alerts", stage, "--json").stdout)["alerts"])


def test_an_operator_tries_one_again_and_gives_the_other_up(
    start: Start, site: Site, closed_postbox: Postbox
) -> None:
    daemon = start(WATCH.format(port=site.port, smtp=closed_postbox.port))
    daemon.wait_for("transition", watch="web", service="http", host="", new="ok")
    site.down()
    tried = until(
        lambda: len(found := [e for e in listed(daemon, "waiting") if e["why"]]) == 2 and found, daemon
    )
    assert all("Connection refused" in each["why"] and not listed(daemon, "sent") for each in tried)
    one, two = (each["id"] for each in sorted(tried, key=lambda each: str(each["alert"])))
    assert "give a reason" in daemon.ask("alerts", "drop", two[:8]).stderr
    daemon.ask("alerts", "drop", two[:8], "--reason", "the address is gone")
    closed_postbox.open()
    daemon.ask("alerts", "retry", one[:8])
    assert "DOWN web/http" in closed_postbox.mail("DOWN")[0]
    until(lambda: not listed(daemon, "waiting"), daemon)
    (expired,) = listed(daemon, "expired")
    assert expired["id"] == two and "the address is gone" in expired["why"]
    said = daemon.ask("why", "web", "http", "--at", time.strftime("%H:%M:%S")).stdout
    assert "the address is gone" in said and "taken by 127.0.0.1" in said
    assert len(closed_postbox.mails) == 1


BOTH = """\
alertretry = 200ms..500ms for 1d

hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            reminder 400ms
            alert   mail.alert --smtp-host 127.0.0.1 --port {smtp} a@test.invalid \\
                    within 1s else webhook.alert http://127.0.0.1:{hook}/
            upalert mail.alert --smtp-host 127.0.0.1 --port {smtp} a@test.invalid
"""


def test_behind_a_dead_mail_server_the_second_channel_goes_and_reminders_become_one(
    start: Start, site: Site, hook: Site, closed_postbox: Postbox
) -> None:
    daemon = start(BOTH.format(port=site.port, smtp=closed_postbox.port, hook=hook.port))
    daemon.wait_for("transition", watch="web", service="http", host="", new="ok")
    site.down()
    until(lambda: hook.posts, daemon)
    assert "sent this way because alert mail.alert" in hook.posts[0]
    assert "was not delivered in time: 127.0.0.1 port" in hook.posts[0]
    until(lambda: sum("a later one tells it too" in e["why"] for e in listed(daemon, "expired")) >= 3, daemon)
    assert len(listed(daemon, "waiting")) <= 2  # the last, and one that is just being tried
    closed_postbox.open()
    subject, text = closed_postbox.mail("DOWN")
    assert "web/http" in subject and "of it could not be delivered" in text
    site.up()
    closed_postbox.mail("UP web/http")
