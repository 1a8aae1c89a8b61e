"""Many notices in one: each service once, the root cause first, and never longer than one can read."""

from mon.engine import Closed
from mon.letter import letter
from mon.model.notice import AlertType, Grouped, HeldService, HostReport, Notice
from mon.model.result import OpStatus
from mon.outbox.collated import collated
from mon.render import Render
from mon.structs import replace

AT = 1_700_000_000.0
RENDER = Render()
GROUP = Grouped("team", f"group/team/{int(AT)}")
NOTHING = Closed("team/1")


def notice(service: str, watch: str = "web", type: AlertType = AlertType.FAILURE, **more: object) -> Notice:
    values: dict[str, object] = {
        "type": type,
        "watch": watch,
        "service": service,
        "period": "always",
        "at": AT + 5,
        "status": 1,
        "opstatus": OpStatus.FAIL,
        "summary": "h1",
        "output": "h1\n",
        "hosts": ("h1", "h2"),
        "reports": (HostReport("h1", "down", "refused", AT), HostReport("h2", "ok")),
        "first_failure": AT,
        "group": GROUP,
        "environment": {"MON_STATEDIR": "/state", "MON_LAST_OUTPUT": "x", "LINK": f"https://wiki/{service}"},
    }
    return Notice(**values | more)  # type: ignore[arg-type]


def subject(one: Notice) -> str:
    return letter(one, RENDER).subject


def text(one: Notice) -> str:
    return letter(one, RENDER, zone="UTC").text


def test_one_service_reads_as_if_it_were_not_collated() -> None:
    one = collated([notice("http")], NOTHING)
    assert one.members == ()
    assert subject(one) == "DOWN web/http: h1 (1 of 2)"
    assert one.thread == GROUP.thread


def test_three_services_are_told_by_watch_with_their_hosts() -> None:
    one = collated([notice("http"), notice("sql", "db"), notice("https")], NOTHING)
    assert subject(one) == "DOWN 3 services: web/http db/sql web/https"
    said = text(one)
    assert said.index("\ndb\n") > said.index("\nweb\n") > 0
    assert "  DOWN https: h1\n      h1: refused\n      since 22:13:20\n" in said
    assert "https://wiki/http" in said
    assert "Everything it said" not in said


def test_services_of_one_watch_need_not_repeat_it() -> None:
    assert (
        subject(collated([notice("http"), notice("https")], NOTHING)) == "DOWN 2 services in web: http https"
    )


def test_two_thousand_services_fit_and_the_others_are_counted() -> None:
    notices = [notice(f"service{n}", f"watch{n % 3}", output="x" * 10_000) for n in range(2000)]
    one = collated(notices, NOTHING)
    written = letter(one, RENDER, zone="UTC")
    assert written.subject.startswith("DOWN 2000 services: watch0/service0")
    assert len(written.subject) < 80 and "more" in written.subject
    assert "... and 1950 more services:\n" in written.text and "    watch0 650: service51 " in written.text
    assert "1950 more services" in written.html
    assert len(written.text) < 20_000
    assert len(one.output.splitlines()) < 110 and "... and 1900 more" in one.output


def test_a_service_that_recovered_in_the_window_says_both() -> None:
    up = notice("http", type=AlertType.UP, at=AT + 9)
    one = collated([notice("http"), notice("sql", "db"), up], NOTHING)
    assert subject(one) == "DOWN 1 service, UP 1: db/sql"
    assert "UP http after 9 s\n      (it failed, and was well again before this was sent: h1)" in text(one)


def test_a_single_service_that_recovered_in_the_window_says_both() -> None:
    one = collated([notice("http"), notice("http", type=AlertType.UP, at=AT + 9)], NOTHING)
    assert (one.type, one.members) == (AlertType.UP, ())
    assert subject(one) == "UP web/http after 9 s"
    assert "(it failed, and was well again before this was sent: h1)" in text(one)


def test_recoveries_say_who_of_the_group_is_still_down() -> None:
    closed = Closed("team/1", failing=(("db", "sql"), ("db", "ldap")))
    ups = [notice(name, type=AlertType.UP) for name in ("http", "https")]
    one = collated(ups, closed)
    assert subject(one) == "UP 2 services, 2 still down in web: http https"
    assert "Still down, as was told: db/sql db/ldap" in text(one)
    assert not one.over and one.incident != one.thread
    assert collated(ups, NOTHING).over


def test_the_root_cause_comes_first_with_those_behind_it() -> None:
    held = tuple(HeldService("web", f"s{n}", AT if n < 2 else 0.0) for n in range(30))
    closed = Closed("team/1", held={("net", "ping"): held})
    one = collated([notice("sql", "db"), notice("ping", "net")], closed)
    assert subject(one) == "DOWN net/ping, 30 held because of it; 1 more: db/sql"
    assert "held because of it: 30 services\n        web/s0 (fails since 22:13:20)" in text(one)
    assert "... and 10 more" in text(one)
    assert text(one).index("\nnet\n") < text(one).index("\ndb\n")
    alone = collated([notice("ping", "net")], closed)
    assert subject(alone) == "DOWN net/ping: h1 (1 of 2), 30 held because of it"
    assert "Held because of it: 30 services\n    web/s0 (fails since 22:13:20)" in text(alone)


def test_a_program_gets_the_classic_shape() -> None:
    one = collated([notice("http"), notice("sql", "db")], NOTHING)
    assert (one.watch, one.service) == ("team", "2-services")
    first, blank, *rest = one.output.splitlines()
    assert first == one.summary == "2 services fail: web/http db/sql"
    assert (blank, rest) == ("", ["web/http: failure: h1", "db/sql: failure: h1"])
    assert one.environment["MON_GROUP"] == "team"
    assert one.environment["MON_STATEDIR"] == "/state"
    assert one.environment["MON_COLLATED"] == "2"
    assert "LINK" not in one.environment


def test_a_message_without_a_name_for_its_group_says_how_many_watches() -> None:
    plain = replace(GROUP, name="to mail.alert ops")
    one = collated([notice("http", group=plain), notice("http", "db", group=plain)], NOTHING)
    assert (one.watch, one.service) == ("2-watches", "http")
