"""``mon alert NAME --preview WATCH SERVICE``: what would be sent, for an outage that is made up here.

The engine and the pools are the real ones, with the configuration as it is, so the messages say what real
ones would; nothing is sent or kept, and the daemon is not asked.
"""

from collections.abc import Iterable, Sequence

from mon.catalog import Bound, Catalog, Kind, Plan, bind
from mon.daemon.telling import pool_lines
from mon.engine import Book
from mon.errors import ControlError
from mon.model.config import AlertKind, AlertLine, CommandLine, Dependencies, Key, Period, Service
from mon.model.moment import Moment
from mon.model.notice import Notice
from mon.model.pool import Table
from mon.model.result import Cause, HostResult, RunResult, Verdict
from mon.pool.pools import Pools
from mon.render import Render
from mon.structs import Struct, replace

LASTED, REFUSED = 95.0, "Connection refused"
"""How long the outage lasted when it is over, in seconds, and what was wrong."""


def preview(bound: Bound, notices: Iterable[Notice], render: Render) -> str:
    """What the alert would say to each of the notices.

    Raises ControlError for an alert that has no preview.
    """
    show = bound.plugin.preview
    if show is None:
        raise ControlError(f"{bound.plugin.name} has no preview: mon alert {bound.plugin.name} sends a test")
    rule = "-" * 72
    return "\n".join(f"{show(notice, bound.values, render).rstrip()}\n{rule}" for notice in notices)


def line_of(plan: Plan, catalog: Catalog, key: Key, name: str, words: Sequence[str]) -> Bound:
    """The alert with these options, or without any as the service's own lines have it.

    Raises ControlError when there is no such service, PluginError for wrong options.
    """
    service = plan.config.services.get(key)
    if service is None:
        known = " ".join("/".join(each) for each in list(plan.config.services)[:10])
        raise ControlError(f"there is no service {'/'.join(key)}: {known or 'there is none at all'}")
    plugin = catalog.find(Kind.ALERT, name)
    lines = (plan.alerts.get(line) for period in service.periods for line in period.lines)
    own = next((each for each in lines if each is not None and each.plugin == plugin), None)
    if own is not None and not words:
        return own
    return bind(plugin, CommandLine(" ".join(words), (name, *words), hosts=False))


def outage(plan: Plan, key: Key, now: Moment) -> tuple[Notice, Notice]:
    """The messages about an outage of the service: its first host refuses; then all is well."""
    service = _told(plan.config.services[key])
    book = Book(replace(plan.config, services={**plan.config.services, key: service}), now)
    play = _Play(plan, book, key)
    play.round(now.later(-LASTED - 10.0), down=False)
    failure = play.round(now.later(-LASTED), down=True)
    assert failure is not None  # a failure after a success is told: see _told
    recovery = play.round(now, down=False)
    return failure, recovery or failure


def _told(service: Service) -> Service:
    """The service with one period that holds nothing back."""
    command = CommandLine("preview", ("preview",))
    lines = (AlertLine(AlertKind.ALERT, command), AlertLine(AlertKind.UPALERT, command))
    name = service.periods[0].key if service.periods else ""
    return replace(
        service,
        periods=(Period(label=name, lines=lines),),
        dependencies=Dependencies(),
        exclude_period="",
        redistribute=None,
    )


class _Play(Struct, frozen=True):
    """One service goes through its outage."""

    plan: Plan
    book: Book
    key: Key

    def round(self, at: Moment, *, down: bool) -> Notice | None:
        """All hosts are ok, or the first one is down; what would be said then."""
        hosts = [host.name for host in self.plan.config.hosts(self.key[0])]
        results = [self._result(host, at, down=down and host == hosts[0]) for host in hosts]
        for result in results:
            self.book.host_result(result)
        status = int(down)
        summary = hosts[0] if down and hosts else ""
        output = "\n".join([summary, *(f"{result.host}: {result.detail}" for result in results)]) + "\n"
        run = RunResult(*self.key, status, output, at, at, tuple(results))
        notice = next((each.notice for each in self.book.result(run, at, {}).decisions if each.notice), None)
        return (
            replace(notice, pools=pool_lines(self._pools(hosts, at, down=down), self.key, at))
            if notice
            else None
        )

    def _result(self, host: str, at: Moment, *, down: bool) -> HostResult:
        if down:
            return HostResult(*self.key, host, Verdict.DOWN, REFUSED, 0.0, at, Cause.REFUSED, 1)
        return HostResult(*self.key, host, Verdict.OK, "answered", 0.01, at)

    def _pools(self, hosts: Sequence[str], at: Moment, *, down: bool) -> Pools:
        """The pools when every voter has spoken, and found the first host down."""
        pools = Pools(self.plan.pools, at)
        for plan in self.plan.pools:
            pools.adopt(plan.name, Table(None), None, at, max_age=lambda _: 0.0)
            for voter in plan.voters:
                for member in plan.members:
                    bad = down and (voter.watch, voter.service) == self.key and member.check == hosts[0]
                    good = HostResult(voter.watch, voter.service, member.check, Verdict.OK, "", 0.0, at)
                    worst = replace(good, verdict=Verdict.DOWN, detail=REFUSED, cause=Cause.REFUSED, status=1)
                    for _ in range(max(voter.fall, voter.rise)):
                        pools.vote(worst if bad else good, at)
        pools.first_round_over(at)
        return pools
