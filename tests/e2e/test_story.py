"""From a failing server to the balancer and the people, and back."""

import json
from collections.abc import Callable

import pytest
from real_things import LOOPS, Daemon, Postbox, Site, until

Start = Callable[..., Daemon]
pytestmark = pytest.mark.parametrize("start", list(LOOPS), indirect=True)

POOL = """\
hostgroup web web1=127.0.1.1 web2=127.0.1.2 web3=127.0.1.3

virtual web 192.0.2.80:80
    balancer memory
    floor 1
    real web1:80 weight 10
    real web2:80 weight 10
    real web3:80 weight 10

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 3
        period
            alert   lvs.alert web
            upalert lvs.alert web
            alert   mail.alert --smtp-host 127.0.0.1 --port {smtp} --from mon@test.invalid ops@test.invalid
            upalert mail.alert --smtp-host 127.0.0.1 --port {smtp} --from mon@test.invalid ops@test.invalid
            alert   webhook.alert http://127.0.0.1:{hook}/
            upalert webhook.alert http://127.0.0.1:{hook}/
            alertevery 1h
"""


def on_stage(start: Start, farm: list[Site], postbox: Postbox, hook: Site) -> Daemon:
    daemon = start(POOL.format(port=farm[0].port, smtp=postbox.port, hook=hook.port))
    for number in (1, 2, 3):
        daemon.wait_for("pool", server=f"web{number} 127.0.1.{number}:80", new=10)
    return daemon


def test_a_dead_server_is_taken_out_and_told_of_and_put_back(
    start: Start, farm: list[Site], postbox: Postbox, hook: Site
) -> None:
    daemon = on_stage(start, farm, postbox, hook)
    farm[1].down()
    daemon.wait_for("transition", service="http", host="web2", new="down")
    daemon.wait_for("pool", server="web2 127.0.1.2:80", old=10, new=0)
    subject, text = postbox.mail("DOWN web/http")
    assert "web2" in subject
    assert "refused" in text
    body = json.loads(until(lambda: hook.posts, "a webhook")[0])
    assert [report["host"] for report in body["down"]] == ["web2"]
    since = len(daemon.events)
    farm[1].up()
    daemon.wait_for("transition", service="http", host="web2", new="ok", since=since)
    daemon.wait_for("pool", server="web2 127.0.1.2:80", new=10, since=since)
    postbox.mail("UP web/http")
    until(lambda: len(hook.posts) == 2, "the second webhook")
    assert not daemon.seen("pool", server="web1 127.0.1.1:80", old=10, new=0)
    assert len(postbox.mails) == 2


def test_a_server_that_hangs_or_answers_500_is_taken_out(
    start: Start, farm: list[Site], postbox: Postbox, hook: Site
) -> None:
    daemon = on_stage(start, farm, postbox, hook)
    farm[0].hang.set()
    daemon.wait_for("pool", server="web1 127.0.1.1:80", new=0)
    farm[2].status = 500
    daemon.wait_for("pool", server="web3 127.0.1.3:80", new=0)
    farm[0].hang.clear()
    daemon.wait_for("pool", server="web1 127.0.1.1:80", old=0, new=10)
    assert not daemon.seen("pool", server="web2 127.0.1.2:80", old=10, new=0)


def test_the_floor_keeps_the_last_server_in(
    start: Start, farm: list[Site], postbox: Postbox, hook: Site
) -> None:
    daemon = on_stage(start, farm, postbox, hook)
    for site in farm:
        site.status = 500
    for name in ("web1", "web2", "web3"):
        daemon.wait_for("transition", host=name, new="down")
    until(lambda: sorted(weights(daemon)) == [0, 0, 10], daemon)


def weights(daemon: Daemon) -> list[int]:
    status = daemon.status()
    return [server["weight"] for server in status["pools"][0]["servers"]] if status else []
