"""News of a pool as a whole goes where the failures of its voters go."""

from mon.catalog import Plan
from mon.daemon.announce import BALANCER, FLOOR, News, announcement, floor_news
from mon.daemon.announce import POOL as POOL_TOPIC
from mon.model.config import AlertKind, AlertLine, CommandLine, Config, Period, Service
from mon.model.moment import Moment
from mon.model.notice import AlertType
from mon.model.pool import Floor, Member, Pool, ServerId, Table, VirtualId, Voter
from mon.pool.wish import Wanted
from mon.structs import replace

NO = News(BALANCER, "no", "the kernel says no")
NOW = Moment(1_800_000_000.0, 10.0)
POOL = Pool("web", VirtualId("tcp", "10.0.0.9", 80), ("memory",), voters=(Voter("farm", "http"),))


def line(text: str, kind: AlertKind = AlertKind.ALERT) -> AlertLine:
    return AlertLine(kind, CommandLine(text, tuple(text.split())))


VOTE, MAIL = line("vote web"), line("tell ops")
MAIL_UP = line("tell ops", AlertKind.UPALERT)


def plan(*periods: Period) -> Plan:
    service = Service("farm", "http", periods=periods)
    return Plan(Config(services={service.key: service}), votes=frozenset({VOTE}))


def test_it_goes_to_the_lines_beside_the_vote_and_never_to_the_vote() -> None:
    step = announcement(plan(Period(lines=(VOTE, MAIL, MAIL_UP))), POOL, NO, NOW)
    (decision,) = step.decisions
    assert (decision.line, decision.notice.summary) == (MAIL, "pool web: the kernel says no")


def test_its_end_goes_to_the_upalert_lines() -> None:
    (decision,) = announcement(plan(Period(lines=(VOTE, MAIL, MAIL_UP))), POOL, News(BALANCER), NOW).decisions
    assert (decision.line, decision.type) == (MAIL_UP, AlertType.UP)


def test_who_is_named_in_two_periods_is_told_once() -> None:
    periods = Period("a", lines=(VOTE, MAIL)), Period("b", lines=(VOTE, MAIL))
    assert len(announcement(plan(*periods), POOL, NO, NOW).decisions) == 1


def test_a_period_without_a_vote_is_about_other_things() -> None:
    assert announcement(plan(Period(lines=(MAIL,))), POOL, NO, NOW).decisions == ()


MEMBERS = tuple(Member(ServerId(f"10.0.0.{n}", 80), f"w{n}", f"w{n}") for n in (1, 2, 3))
SHOP = replace(POOL, name="shop", members=MEMBERS, floor=Floor(share=0.5))
HELD = Wanted(
    Table(None),
    why={MEMBERS[1].id: "in, held by the floor: farm/http down (refused)"},
    held=(MEMBERS[1].id,),
)
CALL = line("page ops", AlertKind.FLOORALERT)


def test_the_message_names_pool_floor_servers_and_why() -> None:
    news = floor_news(SHOP, HELD)
    (decision,) = announcement(plan(Period(lines=(VOTE, MAIL))), SHOP, news, NOW).decisions
    assert decision.notice.summary == (
        "pool shop: the floor keeps w2 in against the votes (floor 50% (2 of 3))"
    )
    assert decision.notice.detail == "w2 10.0.0.2:80: in, held by the floor: farm/http down (refused)\n"
    told = decision.notice.environment
    assert (told["MON_POOL"], told["MON_FLOOR"], told["MON_HELD"]) == ("shop", "50% (2 of 3)", "w2")


def test_a_flooralert_is_called_for_the_floor_both_ways_and_for_nothing_else() -> None:
    there = plan(Period(lines=(VOTE, MAIL, MAIL_UP, CALL)))
    called = [
        (decision.line, decision.type)
        for news in (floor_news(SHOP, HELD), News(FLOOR), NO)
        for decision in announcement(there, SHOP, news, NOW).decisions
    ]
    assert called == [(CALL, AlertType.FAILURE), (CALL, AlertType.UP), (MAIL, AlertType.FAILURE)]


def test_without_a_flooralert_the_alerts_of_the_period_tell_of_the_floor() -> None:
    periods = Period("a", lines=(VOTE, CALL, MAIL)), Period("b", lines=(VOTE, MAIL_UP, MAIL))
    begun = announcement(plan(*periods), SHOP, floor_news(SHOP, HELD), NOW)
    assert [decision.line for decision in begun.decisions] == [CALL, MAIL]
    ended = announcement(plan(*periods), SHOP, News(FLOOR), NOW)
    assert [decision.line for decision in ended.decisions] == [CALL, MAIL_UP]
    assert ended.decisions[0].notice.summary == "pool shop: well again: the floor keeps nobody in any more"


def test_each_topic_is_a_story_of_its_own() -> None:
    there = plan(Period(lines=(VOTE, MAIL)))
    stories = {
        announcement(there, SHOP, news, NOW).decisions[0].notice.thread
        for news in (NO, floor_news(SHOP, HELD), News(POOL_TOPIC, "x", "x"))
    }
    assert stories == {"balancer/shop", "floor/shop", "pool/shop"}
