"""One mail to three: one has it, one is refused it for good, one has to wait; mon is killed in between."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from real_things import Daemon, Site, free_port, until
from serving import MailServer

Start = Callable[..., Daemon]

CONFIG = """\
alertretry = 100ms..300ms for 1h

hostgroup web 127.0.0.1

watch web
    service http
        interval 200ms
        monitor http.monitor -p {port} -t 15
        period
            alertevery 1h
            alert mail.alert --smtp-host 127.0.0.1 --port {smtp} has@x.test not@x.test late@x.test
            alert webhook.alert http://127.0.0.1:{hook}/
"""


class Picky:
    """A mail server with an opinion on recipients; ``had`` are those who have got a mail."""

    def __init__(self) -> None:
        self.port = free_port()
        self.had: list[str] = []
        self.asked: list[str] = []
        self.answers = {"not@x.test": "550 5.1.1 no such user", "late@x.test": "451 4.7.1 come back later"}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names its hooks after the commands of SMTP
        self, server: object, session: object, envelope: Any, address: str, options: object
    ) -> str:
        self.asked.append(address)
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.had += envelope.rcpt_tos
        return "250 ok"


@pytest.fixture
def picky() -> Iterator[Picky]:
    made = Picky()
    controller = MailServer(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    yield made
    controller.stop()


def test_each_has_it_once_and_who_is_refused_is_reported_at_once(
    start: Start, site: Site, hook: Site, picky: Picky
) -> None:
    daemon = start(CONFIG.format(port=site.port, smtp=picky.port, hook=hook.port))
    daemon.wait_for("transition", watch="web", service="http", host="", new="ok")
    site.down()
    until(
        lambda: any("refused for not@x.test: 550 5.1.1 no such user" in post for post in hook.posts), daemon
    )
    until(lambda: picky.asked.count("late@x.test") >= 3, daemon)
    daemon.kill()
    del picky.answers["late@x.test"]
    again = start()
    until(lambda: "late@x.test" in picky.had, again)
    until(lambda: "failed" in again.ask("alerts", "failed").stdout, again)
    assert "refused for not@x.test" in again.ask("alerts", "failed").stdout
    assert picky.had == ["has@x.test", "late@x.test"] and picky.asked.count("not@x.test") == 1
    assert sum("not delivered" in post for post in hook.posts) == 1
