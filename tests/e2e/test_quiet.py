"""What an operator says by hand: be quiet for a while, somebody knows; and what mon says of it."""

import re
from collections.abc import Callable

from real_things import Daemon, Postbox, Site, until

Start = Callable[..., Daemon]

WATCH = """\
hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alert   mail.alert --smtp-host 127.0.0.1 --port {smtp} --from mon@test.invalid ops@test.invalid
            alertevery 1h
"""


def test_a_silence_holds_alerts_through_a_restart_until_it_is_ended(
    start: Start, site: Site, postbox: Postbox
) -> None:
    daemon = start(WATCH.format(port=site.port, smtp=postbox.port))
    daemon.wait_for("transition", watch="web", service="http", host="", new="ok")
    assert "give a reason" in daemon.ask("silence", "web", "--for", "1h").stderr
    assert (
        "no failure alerts until" in daemon.ask("silence", "web", "--for", "1h", "--reason", "kernel").stdout
    )
    daemon.kill()
    again = start()
    again.wait_for("started")
    assert again.ask("silence").stdout.endswith(": kernel\n")
    assert ": kernel)" in again.ask("status").stdout
    site.down()
    again.wait_for("transition", watch="web", service="http", host="", new="fail")
    until(lambda: ": kernel (rule: silenced)" in again.ask("why", "web", "http").stdout, again)
    assert postbox.mails == []
    assert again.ask("silence", "web", "--end").stdout == "web: alerts are sent again\n"
    assert "web/http" in postbox.mail("DOWN")[0]
    assert "is acknowledged by" in again.ask("ack", "web", "http", "disk", "ordered").stdout
    assert re.search(r"\(acknowledged \S+ ago by .*: disk ordered\)", again.ask("status").stdout)
