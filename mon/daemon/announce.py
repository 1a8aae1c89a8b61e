"""Telling people about a pool as a whole: its balancer does not obey, the floor holds, nobody serves.

It goes where the failures of its voters go: to the alert lines beside the vote lines (law 1).  What is to be
said of the floor goes to the ``flooralert`` lines of a period that has any.
"""

from collections.abc import Iterator

from mon.catalog import Plan
from mon.daemon.sight import by_name
from mon.daemon.telling import floor_words
from mon.engine import Step
from mon.model.config import AlertKind, AlertLine, Period
from mon.model.moment import Moment
from mon.model.notice import AlertType, Decision, Notice
from mon.model.pool import Pool, Voter
from mon.model.result import OpStatus
from mon.pool.wish import Wanted
from mon.structs import Struct

BALANCER, POOL, FLOOR = "balancer", "pool", "floor"
"""Topics: each is told, and told to be over, for itself."""

WELL = {
    BALANCER: "well again: the balancer obeys",
    POOL: "well again",
    FLOOR: "well again: the floor keeps nobody in any more",
}


class News(Struct, frozen=True):
    """What there is to say on a topic: ``text``, and ``detail`` lines.

    ``about`` tells one piece of news from the next, "" is: all is well.
    """

    topic: str
    about: str = ""
    text: str = ""
    detail: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


def pool_news(plan: Pool, wish: Wanted) -> News:
    """What there is to say of the pool as a whole, the floor left out."""
    return News(POOL, wish.concerns, by_name(plan, wish.concerns))


def floor_news(plan: Pool, wish: Wanted) -> News:
    """Whom the floor holds in, and why they would be out."""
    if not wish.held:
        return News(FLOOR)
    names = {member.id: member.name for member in plan.members}
    held = sorted(wish.held)
    who = ", ".join(names[id_] for id_ in held)
    floor = floor_words(plan)
    return News(
        FLOOR,
        about=" ".join(map(str, held)),
        text=f"the floor keeps {who} in against the votes (floor {floor})",
        detail=tuple(f"{names[id_]} {id_}: {wish.why.get(id_, '')}" for id_ in held),
        environment=(("MON_FLOOR", floor), ("MON_HELD", who)),
    )


def announcement(plan: Plan, pool: Pool, news: News, now: Moment) -> Step:
    """The alerts that tell the news about the pool."""
    lines: dict[tuple[AlertKind, str], Decision] = {}
    for voter in pool.voters:
        for period, line in _lines(plan, voter, news):
            lines.setdefault((line.kind, line.command.text), _decision(pool, voter, period, line, news, now))
    return Step(decisions=tuple(lines.values()))


def periods_of(plan: Plan, voter: Voter) -> Iterator[Period]:
    """The periods in which a service votes on the pool."""
    service = plan.config.services.get((voter.watch, voter.service))
    for period in service.periods if service else ():
        if any(line in plan.votes for line in period.lines):
            yield period


def _lines(plan: Plan, voter: Voter, news: News) -> Iterator[tuple[Period, AlertLine]]:
    for period in periods_of(plan, voter):
        lines = period.of_kind(AlertKind.FLOORALERT) if news.topic == FLOOR else ()
        lines = lines or period.of_kind(AlertKind.ALERT if news.about else AlertKind.UPALERT)
        for line in lines:
            if line not in plan.votes:
                yield period, line


def _decision(pool: Pool, voter: Voter, period: Period, line: AlertLine, news: News, now: Moment) -> Decision:
    said = f"pool {pool.name}: {news.text or WELL[news.topic]}"
    type_ = AlertType.FAILURE if news.about else AlertType.UP
    environment = {
        "MON_GROUP": voter.watch,
        "MON_SERVICE": voter.service,
        "MON_ALERTTYPE": type_.value,
        "MON_LAST_SUMMARY": said,
        "MON_POOL": pool.name,
        "MON_VIRTUAL": str(pool.id),
    }
    notice = Notice(
        type=type_,
        watch=voter.watch,
        service=voter.service,
        period=period.key,
        at=now.wall,
        status=1 if news.about else 0,
        opstatus=OpStatus.FAIL if news.about else OpStatus.OK,
        summary=said,
        output="".join(f"{line}\n" for line in (said, *news.detail)),
        description=f"pool {pool.name}, {pool.id}",
        story=f"{news.topic}/{pool.name}",
        environment={**environment, **dict(news.environment)},
    )
    why = "the pool as a whole"
    return Decision(voter.watch, voter.service, period.key, line, type_, "send", why, now, notice)
