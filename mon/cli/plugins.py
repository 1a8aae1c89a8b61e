"""``mon plugins``, ``mon monitor``, ``mon alert``: what plugins there are, and running one by hand."""

import argparse
import asyncio
import os
import socket
import time

from mon.catalog import Bound, Catalog, Check, Form, Kind, bind, chosen, manual
from mon.catalog.linking import deadline
from mon.cli.common import add_config, find, options
from mon.cli.exits import WRONG_USAGE
from mon.cli.output import say, say_text
from mon.cli.preview import line_of, outage, preview
from mon.daemon.loading import catalog_of, load
from mon.daemon.places import Places, places
from mon.errors import PluginError
from mon.model.config import CommandLine, Host, Service, Settings
from mon.model.moment import Moment
from mon.model.notice import AlertType, Delivery, Fate, HostReport, Notice
from mon.model.result import OpStatus, RunResult
from mon.plugin import Probe, Render
from mon.runner import Runner, Worker

PREVIEW = "--preview"
BY_HAND = "by-hand"
"""The watch and the service of what is run by hand."""


def plugins_add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [NAME]``."""
    add_config(parser)
    parser.add_argument("name", nargs="?", help="print the manual of this one")


def monitor_add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] NAME [OPTIONS] HOST...``."""
    add_config(parser)
    parser.add_argument("name", metavar="NAME", help="http, http.monitor, mon:http.monitor or a path")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="its options, and the hosts")


def alert_add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] NAME [--preview WATCH SERVICE] [OPTIONS]``."""
    add_config(parser)
    parser.add_argument("name", metavar="NAME", help="mail, mail.alert, mon:mail.alert or a path")
    parser.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="...", help="its options; or --preview WATCH SERVICE"
    )


def plugins_run(arguments: argparse.Namespace) -> int:
    """List all plugins, or print one's manual."""
    where = _places(arguments)
    catalog = catalog_of(where)
    if arguments.name:
        say_text(_manuals(catalog, arguments.name))
        return 0
    for title, found in (("monitors", catalog.monitors()), ("alerts", catalog.alerts())):
        say(f"{title}:")
        for plugin in found:
            whose = f" ({plugin.path})" if plugin.form is Form.PYTHON else ""
            say(f"  {plugin.name:<16} {plugin.summary}{whose}")
    return 0


def monitor_run(arguments: argparse.Namespace) -> int:
    """Run a monitor once, print what it said; its exit status."""
    where = _places(arguments)
    bound = _bind(where, Kind.MONITOR, arguments)
    if not bound.extra and bound.plugin.form is not Form.EXECUTABLE:
        say(f"mon: which hosts? (mon plugins {bound.plugin.name} has its manual)", error=True)
        return WRONG_USAGE
    result = asyncio.run(_check(bound, where))
    if result is None:
        return WRONG_USAGE
    say_text(result.output)
    return result.status


def alert_run(arguments: argparse.Namespace) -> int:
    """Send a test notice, print what became of it; 0 if it was sent.  With --preview only show it."""
    if arguments.words[:1] == [PREVIEW]:
        return _preview(arguments)
    where = _places(arguments)
    delivery = asyncio.run(_send(_bind(where, Kind.ALERT, arguments), where))
    say(delivery.fate.value + (f": {delivery.why}" if delivery.why else ""))
    return 0 if delivery.fate is Fate.SENT else 1


def _preview(arguments: argparse.Namespace) -> int:
    words = arguments.words[1:]
    if len(words) < 2:
        say(f"mon: {PREVIEW} needs a watch and a service of {arguments.config}", error=True)
        return WRONG_USAGE
    loaded = load(options(arguments))
    key = (words[0], words[1])
    bound = line_of(loaded.plan, loaded.catalog, key, arguments.name, words[2:])
    now = Moment(time.time(), time.monotonic())
    say_text(preview(bound, outage(loaded.plan, key, now), Render(loaded.places.templatedirs)))
    return 0


def _places(arguments: argparse.Namespace) -> Places:
    """Where plugins are: as the configuration says, as usual if there is none."""
    if os.path.exists(arguments.config):
        return find(arguments)
    return places(Settings(), classic=False, environ=os.environ)


def _manuals(catalog: Catalog, name: str) -> str:
    """The manuals of the monitor and the alert of this name.

    Raises PluginError when there is neither.
    """
    pages = []
    errors: list[PluginError] = []
    for kind in Kind:
        try:
            pages.append(manual(catalog.find(kind, name)))
        except PluginError as error:
            errors.append(error)
    if not pages:
        raise errors[1 if name.endswith(".alert") else 0]
    return "\n".join(pages)


def _bind(where: Places, kind: Kind, arguments: argparse.Namespace) -> Bound:
    name = arguments.name
    if "/" in name:
        name = os.path.abspath(name)
    catalog = catalog_of(where)
    plugin = catalog.find(kind, name)
    if line := chosen(plugin, name, catalog):
        say(f"mon: {line}", error=True)
    return bind(plugin, CommandLine(" ".join(arguments.words), (name, *arguments.words), hosts=False))


async def _check(bound: Bound, where: Places) -> RunResult | None:
    hosts = tuple(Host(word) for word in bound.extra)
    service = Service(BY_HAND, BY_HAND)
    check = Check(service, bound, hosts, deadline(service, bound, votes=False))
    environment = {"MON_GROUP": BY_HAND, "MON_SERVICE": BY_HAND, **_directories(where)}
    async with _Hand(where) as runner:
        return await runner.round(check, (), environment, lambda part: None)


async def _send(bound: Bound, where: Places) -> Delivery:
    async with _Hand(where) as runner:
        return await runner.send(bound, notice(_directories(where), time.time()))


class _Hand:
    """A runner for one run."""

    def __init__(self, where: Places) -> None:
        self._where = where

    async def __aenter__(self) -> Runner:
        self._probe = Probe(advise=lambda text: say(f"mon: {text}", error=True))
        templates = [str(each) for each in self._where.templatedirs]
        self._runner = Runner(
            self._probe,
            Render(self._where.templatedirs),
            Worker(),
            clock=lambda: Moment(time.time(), time.monotonic()),
            templates=templates,
        )
        return self._runner

    async def __aexit__(self, *_: object) -> None:
        await self._runner.close(0.0)
        await self._probe.close()


def _directories(where: Places) -> dict[str, str]:
    return {
        "MON_STATEDIR": str(where.statedir),
        "MON_LOGDIR": str(where.logdir),
        "MON_CFBASEDIR": str(where.cfbasedir),
    }


def notice(environment: dict[str, str], now: float) -> Notice:
    """A failure that nobody has: one host down, one up."""
    reports = (
        HostReport("host1", "down", "this is a test: connection refused", now),
        HostReport("host2", "ok", "this is a test: answered"),
    )
    summary = "host1"
    variables = {
        "MON_GROUP": BY_HAND,
        "MON_SERVICE": BY_HAND,
        "MON_ALERTTYPE": "test",
        "MON_OPSTATUS": str(int(OpStatus.FAIL)),
        "MON_RETVAL": "1",
        "MON_LAST_SUMMARY": summary,
        "MON_DESCRIPTION": f"a test from {socket.gethostname()}",
        **environment,
    }
    return Notice(
        type=AlertType.TEST,
        watch=BY_HAND,
        service=BY_HAND,
        period="",
        at=now,
        status=1,
        opstatus=OpStatus.FAIL,
        summary=summary,
        output=f"{summary}\n" + "".join(f"{report.host}: {report.detail}\n" for report in reports),
        hosts=tuple(report.host for report in reports),
        reports=reports,
        description=f"a test from {socket.gethostname()}",
        first_failure=now,
        last_failure=now,
        environment=variables,
    )
