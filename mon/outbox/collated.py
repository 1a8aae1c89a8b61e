"""Many notices to one that says them all: each service once, the failing first.  Pure."""

from collections.abc import Iterable, Mapping, Sequence

from mon.engine.step import Closed
from mon.model.config import Key
from mon.model.notice import AlertType, Grouped, HeldService, Notice
from mon.model.result import OpStatus
from mon.render import some
from mon.structs import replace

DETAILED = 50
"""So many services are told with what they printed and their hosts' details; of the others the summary."""

LISTED = 100
"""So many services stand in what a program reads; of the others the number."""

NAMED = 20
"""So many other services of the group that still fail are named."""

OUTPUT, REPORTS = 2000, 20
"""Of each service: so many characters of its output, so many hosts."""

EVERYWHERE = frozenset(("MON_STATEDIR", "MON_LOGDIR", "MON_CFBASEDIR"))
"""Variables that are the same for all services."""


def collated(notices: Sequence[Notice], closed: Closed) -> Notice:
    """One notice about all of these, which are in the order of their decisions; at least one is there.

    Of a single service it is the notice of that service, as without collation.
    """
    members = sorted(folded(notices), key=lambda member: (not member.is_failure, not _held(member, closed)))
    group = _group(notices[-1].group, members, closed)
    if len(members) > 1:
        return _all(members, group, closed)
    held = _held(members[0], closed)
    return replace(members[0], group=group, held=held[:LISTED], held_total=len(held))


def folded(notices: Iterable[Notice]) -> list[Notice]:
    """Each service once, with its last news; what came before it in the window is its remark."""
    stories: dict[Key, list[Notice]] = {}
    for notice in notices:
        stories.setdefault(notice.key, []).append(notice)
    return [_folded(story) for story in stories.values()]


def _folded(story: Sequence[Notice]) -> Notice:
    first, last = story[0], story[-1]
    last = replace(last, last_message=first.last_message)
    failed = next((each for each in reversed(story[:-1]) if each.is_failure), None)
    if not last.is_failure and failed is not None:
        remark = f"it failed, and was well again before this was sent: {failed.summary}"
    elif any(not each.is_failure for each in story[:-1]):
        remark = "it was well in between"
    else:
        return last
    return replace(last, remark=remark, output=f"{last.output.rstrip()}\n\n{remark}\n")


def _held(member: Notice, closed: Closed) -> tuple[HeldService, ...]:
    return closed.held.get(member.key, ()) if member.is_failure else ()


def _group(before: Grouped | None, members: Sequence[Notice], closed: Closed) -> Grouped | None:
    if before is None:
        return None
    shown = {member.key for member in members if member.is_failure}
    others = ["/".join(key) for key in closed.failing if key not in shown]
    return replace(
        before, failing=len(closed.failing), others=tuple(others[:NAMED]), more=len(others[NAMED:])
    )


def _all(whole: Sequence[Notice], group: Grouped | None, closed: Closed) -> Notice:
    members = [_short(each, _held(each, closed), number < DETAILED) for number, each in enumerate(whole)]
    bad = [member for member in members if member.is_failure]
    types = {member.type for member in bad}
    type_ = AlertType.UP if not bad else types.pop() if len(types) == 1 else AlertType.FAILURE
    watches, services = {each.watch for each in members}, {each.service for each in members}
    name = group.name if group else ""
    made = Notice(
        type=type_,
        watch=watches.pop() if len(watches) == 1 else name if " " not in name else f"{len(watches)}-watches",
        service=services.pop() if len(services) == 1 else f"{len(members)}-services",
        period=members[0].period if len({member.period for member in members}) == 1 else "",
        at=max(member.at for member in members),
        status=max(member.status for member in members),
        opstatus=OpStatus.FAIL if bad else OpStatus.OK,
        summary=summary(members),
        output=printed(members, group),
        hosts=tuple(dict.fromkeys(_hosts(whole, bad=bool(bad))))[:LISTED],
        first_failure=min((each.first_failure for each in members if each.first_failure), default=0.0),
        last_failure=max(each.last_failure for each in members),
        last_message=max(each.last_message for each in members),
        group=group,
        members=tuple(members),
    )
    return replace(made, environment=_environment(made, whole[0].environment))


def summary(members: Sequence[Notice]) -> str:
    """``3 services fail: web/http web/https db/mysql; 1 is well again: web/smtp``."""
    bad = ["/".join(member.key) for member in members if member.is_failure]
    well = ["/".join(member.key) for member in members if not member.is_failure]
    parts = []
    if bad:
        parts.append(f"{_count(len(bad), 'fails', 'fail')}: {some(bad, 200)}")
    if well:
        parts.append(f"{_count(len(well), 'is well again', 'are well again')}: {some(well, 200)}")
    return "; ".join(parts)


def printed(members: Sequence[Notice], group: Grouped | None) -> str:
    """What a program gets on its stdin: the summary as the first line, then a line for each service."""
    lines = [summary(members), ""]
    for member in members[:LISTED]:
        word = member.type.value if member.is_failure else "well again"
        lines.append(f"{'/'.join(member.key)}: {word}: {member.summary[:200]}")
        if member.held_total:
            names = (f"{held.watch}/{held.service}" for held in member.held)
            lines.append(f"    held because of it: {member.held_total}: {some(names, 200)}")
        if member.remark:
            lines.append(f"    {member.remark[:300]}")
    if members[LISTED:]:
        lines.append(f"... and {len(members) - LISTED} more")
    if group and group.others:
        more = f" +{group.more} more" if group.more else ""
        lines += ["", f"still failing: {' '.join(group.others)}{more}"]
    return "\n".join(lines) + "\n"


def _count(number: int, one: str, many: str) -> str:
    return f"1 service {one}" if number == 1 else f"{number} services {many}"


def _hosts(members: Iterable[Notice], *, bad: bool) -> Iterable[str]:
    """The hosts that are down, where that is known; else all."""
    for member in members:
        if member.is_failure is bad:
            yield from (report.host for report in member.down) if member.down else member.hosts


def _short(member: Notice, held: tuple[HeldService, ...], detailed: bool) -> Notice:
    """A member without what nobody will read in a long message."""
    link = member.environment.get("LINK")
    return replace(
        member,
        output=member.output[:OUTPUT] if detailed else "",
        summary=member.summary[:OUTPUT],
        hosts=member.hosts[:LISTED] if detailed else (),
        reports=member.down[: REPORTS if detailed else 1],
        held=held[:LISTED] if detailed else (),
        held_total=len(held),
        environment={"LINK": link} if link else {},
        pools=(),
        group=None,
    )


def _environment(whole: Notice, one: Mapping[str, str]) -> dict[str, str]:
    """The variables of a program that is told all at once."""
    return {
        **{name: value for name, value in one.items() if name in EVERYWHERE},
        "MON_GROUP": whole.watch,
        "MON_SERVICE": whole.service,
        "MON_ALERTTYPE": whole.type.value,
        "MON_OPSTATUS": str(int(whole.opstatus)),
        "MON_RETVAL": str(whole.status),
        "MON_LAST_SUMMARY": whole.summary,
        "MON_LAST_OUTPUT": whole.output,
        "MON_FIRST_FAILURE": str(int(whole.first_failure)),
        "MON_LAST_FAILURE": str(int(whole.last_failure)),
        "MON_COLLATED": str(len(whole.members)),
    }
