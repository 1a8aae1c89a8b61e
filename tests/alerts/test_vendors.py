"""What the templates make is what the receivers' own pages ask for, whatever a monitor says.

vendors.json holds, for each template, the page and what it says, as a JSON schema.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mon.alerts.webhook import compose

from mon.model.notice import AlertType, Grouped, HeldService, HostReport, Notice, PoolLine, ServerLine
from mon.model.result import OpStatus
from mon.render import OURS, Render
from mon.structs import replace

HERE = Path(__file__).parent
VENDORS = json.loads((HERE / "vendors.json").read_text(encoding="utf-8"))
RENDER = Render()
VALUE = {"chat_id": "-100123", "topic": "mon-topic"}
SECRETS = {"token": "TOKEN", "user": "USER", "routing_key": "ROUTING"}
AT = 1_700_000_000.0
DOWN = Notice(
    type=AlertType.FAILURE,
    watch="web",
    service="http",
    period="always",
    at=AT,
    status=1,
    opstatus=OpStatus.FAIL,
    summary="web1",
    output="web1\nconnection refused\n",
    hosts=("web1", "web2"),
    reports=(HostReport("web1", "down", "connection refused", AT - 5), HostReport("web2", "ok")),
    description="The shop",
    first_failure=AT - 12,
    last_success=AT - 14,
    environment={"LINK": "https://wiki.example/shop"},
    id="abc123",
    pools=(PoolLine("web", "tcp 192.0.2.80:80", (ServerLine("web1", "10.0.0.1:80", 0, "out"),)),),
)
UP = replace(DOWN, type=AlertType.UP, at=AT + 60)
GROUP = Grouped("team", "group/team/1700000000", failing=25, others=("db/sql",) * 20, more=5)


def together(count: int, type_: AlertType = AlertType.FAILURE) -> Notice:
    """Many services in one message, as long as it may get."""
    held = tuple(HeldService("net", f"s{n}", AT) for n in range(100))
    one = replace(DOWN, type=type_, summary="s" * 400, held=held, held_total=2000, remark="r" * 300)
    members = tuple(replace(one, service=f"service{n}", watch=f"watch{n % 9}") for n in range(count))
    return replace(DOWN, type=type_, service=f"{count}-services", group=GROUP, members=members, reports=())


every = pytest.mark.parametrize("vendor", VENDORS)


def body(vendor: str, notice: Notice = DOWN, **value: str) -> Any:
    made, trouble = compose(notice, vendor, RENDER, value=VALUE | value, secrets=SECRETS)
    assert trouble == ""
    return json.loads(made)


def check(vendor: str, notice: Notice, **value: str) -> None:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(VENDORS[vendor]["schema"], format_checker=checker).validate(
        body(vendor, notice, **value)
    )


def test_each_template_has_its_page() -> None:
    ours = {path.name.removesuffix(".json.j2") for folder in OURS for path in folder.glob("*.json.j2")}
    assert ours == set(VENDORS)
    assert all(vendor["page"] and vendor["checked"] for vendor in VENDORS.values())


@every
@pytest.mark.parametrize("type_", list(AlertType))
def test_a_notice_of_each_kind_is_as_the_page_says(vendor: str, type_: AlertType) -> None:
    check(vendor, replace(DOWN, type=type_))
    check(vendor, Notice(type_, "web", "http", "", AT, 0, OpStatus.UNTESTED, "", ""))


@every
def test_a_flood_stays_within_the_limits(vendor: str) -> None:
    names = tuple(f"{'n' * 200}{number}" for number in range(300))
    reports = tuple(HostReport(name, "down", "<&>" * 3000, AT) for name in names)
    pools = tuple(
        PoolLine(name, "tcp x", (), outlook="the floor keeps " + " ".join(names)) for name in names[:20]
    )
    check(
        vendor,
        replace(
            DOWN, hosts=names, reports=reports, output="x\n" * 100_000, description="d" * 9000, pools=pools
        ),
    )
    check(vendor, replace(DOWN, watch="w" * 300, service="s" * 300))


@every
@settings(max_examples=25, deadline=None)
@given(st.text(), st.text())
def test_whatever_a_monitor_says_it_is_as_the_page_says(vendor: str, summary: str, detail: str) -> None:
    reports = (HostReport("web1", "down", detail, AT),)
    check(vendor, replace(DOWN, summary=summary, output=f"{summary}\n{detail}", ack=detail, reports=reports))
    check(vendor, replace(DOWN, summary=summary, output=f"{summary}\n{detail}", reports=()))


@pytest.mark.parametrize("vendor", sorted(set(VENDORS) - {"opsgenie-close"}))
def test_the_fact_is_in_the_message(vendor: str) -> None:
    assert "DOWN web/http: web1 (1 of 2)" in json.dumps(body(vendor))


def test_slack_shows_what_a_monitor_said_as_text_and_mentions_nobody() -> None:
    said = json.dumps(body("slack", replace(DOWN, reports=(HostReport("web1", "down", "<!channel> a & b"),))))
    assert "<!channel>" not in said and "&lt;!channel&gt; a &amp; b" in said


def test_pagerduty_resolves_and_acknowledges_the_incident_of_the_same_outage() -> None:
    events = [
        body("pagerduty", replace(DOWN, type=t)) for t in (AlertType.FAILURE, AlertType.ACK, AlertType.UP)
    ]
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge", "resolve"]
    assert len({event["dedup_key"] for event in events}) == 1
    later = body("pagerduty", replace(DOWN, first_failure=AT + 900))
    assert later["dedup_key"] != events[0]["dedup_key"]


def test_opsgenie_closes_by_the_alias_it_was_opened_with() -> None:
    assert body("opsgenie")["alias"] == DOWN.thread == UP.thread


def test_alertmanager_sees_one_alert_begin_and_end() -> None:
    (begun,), (ended,) = body("alertmanager"), body("alertmanager", UP)
    assert (begun["labels"], begun["startsAt"]) == (ended["labels"], ended["startsAt"])
    assert begun["endsAt"] == "2023-11-15T22:13:20.000Z" and ended["endsAt"] == "2023-11-14T22:14:20.000Z"
    assert body("alertmanager", lasts="60")[0]["endsAt"] == "2023-11-14T22:14:20.000Z"


def test_pushover_wakes_until_acknowledged_if_asked_to() -> None:
    check("pushover", DOWN, priority="2")
    assert (body("pushover", priority="2")["retry"], body("pushover")["priority"]) == (60, 1)
    assert body("pushover", UP, priority="2")["priority"] == 0


@pytest.mark.parametrize("vendor", ["telegram", "ntfy", "pushover", "pagerduty"])
def test_what_a_template_lacks_is_told(vendor: str) -> None:
    made, trouble = compose(DOWN, vendor, RENDER)
    assert "has no attribute" in trouble and json.loads(made)["template_error"]


@pytest.mark.parametrize(("vendor", "name"), [("pagerduty", "dedup_key"), ("opsgenie", "alias")])
def test_news_of_a_pool_is_an_incident_of_its_own_that_ends(vendor: str, name: str) -> None:
    begun = replace(DOWN, story="pool/shop", first_failure=0.0, summary="pool shop: the floor keeps web1 in")
    ended = replace(begun, type=AlertType.UP, at=AT + 60, summary="pool shop: well again")
    assert body(vendor, begun)[name] == body(vendor, ended)[name] == "pool/shop"
    (alert,) = body("alertmanager", begun)
    assert alert["labels"]["story"] == "pool/shop" and "story" not in body("alertmanager")[0]["labels"]
    check("alertmanager", begun)
    assert body("ntfy", begun)["title"] == "POOL shop: the floor keeps web1 in"
    assert body("ntfy", ended)["title"] == "POOL shop: well again"


@every
@pytest.mark.parametrize("count", [2, 3, 2000])
@pytest.mark.parametrize("type_", [AlertType.FAILURE, AlertType.UP])
def test_what_is_told_together_fits_as_well(vendor: str, count: int, type_: AlertType) -> None:
    check(vendor, together(count, type_))


def test_an_incident_ends_when_all_of_the_group_is_well() -> None:
    up = together(3, AlertType.UP)
    assert body("pagerduty", up)["event_action"] == "trigger"
    well = replace(up, group=replace(GROUP, failing=0, others=(), more=0))
    assert body("pagerduty", well)["event_action"] == "resolve"
    assert body("pagerduty", up)["dedup_key"] == body("pagerduty", together(3))["dedup_key"]


def test_an_alertmanager_groups_by_itself() -> None:
    alerts = body("alertmanager", together(3))
    assert [each["labels"]["service"] for each in alerts] == ["service0", "service1", "service2"]
