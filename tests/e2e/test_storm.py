"""Two thousand services fail at once: one mail if they are collated, two thousand if not; checks go on."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from real_things import Daemon, Postbox, free_port, until
from serving import Servers

Start = Callable[..., Daemon]

COUNT, INTERVAL = 2000, 3.0
STORM = 600.0
"""Seconds that a busy machine may take for two thousand of anything: a net only."""

CONFIG = """\
hostgroup {group} localhost=127.0.0.1

watch {group}
{services}
"""
SERVICE = """\
    service s{number}
        interval {interval:g}s
        monitor tcp.monitor -p {port} --expect GOOD -t 15
        period
            numalerts 1
            alert mail.alert --no-html --smtp-host 127.0.0.1 --port {smtp} --from a@b.invalid c@d.invalid
{collate}"""


class Greeter:
    """A real TCP server that says whether all is well, and counts who asked."""

    def __init__(self) -> None:
        self.port, self.word, self.asked = free_port(), b"GOOD\n", 0
        self._loop, self._servers = asyncio.new_event_loop(), Servers()
        self._loop.run_until_complete(self._servers.listen(self._greet, port=self.port))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        writer.write(self.word)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._servers.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def greeter() -> Iterator[Greeter]:
    one = Greeter()
    yield one
    one.close()


def config(greeter: Greeter, postbox: Postbox, collate: str) -> str:
    services = (
        SERVICE.format(
            number=number, interval=INTERVAL, port=greeter.port, smtp=postbox.port, collate=collate
        )
        for number in range(COUNT)
    )
    return CONFIG.format(group="farm", services="".join(services))


def services(daemon: Daemon, new: str) -> int:
    """How many have come to this opinion."""
    return sum(
        event["event"] == "transition" and event["new"] == new and not event["host"]
        for event in tuple(daemon.events)
    )


def storm(daemon: Daemon, greeter: Greeter) -> None:
    """All fail, and while not one mail of it could be delivered all are checked twice more."""
    until(lambda: services(daemon, "ok") >= COUNT, "all services", STORM)
    greeter.word = b"BAD\n"
    until(lambda: services(daemon, "fail") >= COUNT, "all failures", STORM)
    before = greeter.asked
    until(lambda: greeter.asked - before >= 2 * COUNT, "two more rounds", STORM)


def test_two_thousand_failures_are_one_mail(start: Start, greeter: Greeter, postbox: Postbox) -> None:
    daemon = start(config(greeter, postbox, "            collate 30s\n"))
    storm(daemon, greeter)
    subject, text = postbox.mail(f"DOWN {COUNT} services")
    assert len(subject) < 80
    assert f"... and {COUNT - 50} more services" in text
    assert len(postbox.mails) == 1
    sent = daemon.ask("why", "farm", "s7").stdout
    assert "alerts of group to mail.alert" in sent and "in one message" in sent, sent


def test_two_thousand_mails_do_not_stop_the_checks(start: Start, greeter: Greeter, postbox: Postbox) -> None:
    postbox.hold()
    daemon = start(config(greeter, postbox, ""))
    storm(daemon, greeter)
    assert not postbox.mails
    # All of them are on their way: not one was given up to keep the pace.
    assert until(daemon.status, "the status")["pending"] == COUNT
    postbox.let_go()
    until(lambda: postbox.mails, "a mail")
    daemon.kill()  # before its mail server goes, with which it is talking
