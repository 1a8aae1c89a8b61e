"""Converters."""

import pytest

from mon.config import values, virtuals
from mon.config.place import Misfit, Place
from mon.model.config import AlertAfter, AlertEvery, EveryMode
from mon.model.pool import Floor, Forward, Real
from mon.model.source import Problem, Severity, Source


@pytest.fixture
def problems() -> list[Problem]:
    return []


@pytest.fixture
def place(problems: list[Problem]) -> Place:
    return Place(Source("mon.cf", 1), problems)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1.5M", 90), ("2h", 7200), ("1D", 86400), ("200ms", 0.2), ("0.5s", 0.5), ("05m", 300)],
)
def test_a_time_is_a_number_and_a_unit(text: str, seconds: float, place: Place) -> None:
    assert values.time(text, place) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "5", ".5s", "1.s", "1h30m", "-5s", "5 s", "1w", "1.2.3s", "٣s", "0s", "0.0h"]
)
def test_anything_else_is_no_time(text: str, place: Place) -> None:
    with pytest.raises(Misfit):
        values.time(text, place)


def test_a_time_shorter_than_a_second_is_not_for_the_classic_mon(
    place: Place, problems: list[Problem]
) -> None:
    values.time("1s", place)
    values.time("250ms", place)
    assert [problem.severity for problem in problems] == [Severity.CLASSIC]


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1", True), ("0", False), ("maybey", True), ("NO", False), ("yes and no", True), ("n", False)],
)
def test_unack_summary_reads_any_text_with_a_y_or_an_n(text: str, meant: bool, place: Place) -> None:
    assert values.unack_summary(text, place) is meant


def test_unack_summary_may_stand_alone_in_a_service(place: Place, problems: list[Problem]) -> None:
    assert values.unack_summary_word("", place)
    assert [problem.severity for problem in problems] == [Severity.CLASSIC]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1h", AlertEvery(3600)),
        ("1h   STRICT", AlertEvery(3600, EveryMode.STRICT)),
        ("90s observe_detail", AlertEvery(90, EveryMode.OBSERVE_DETAIL)),
        ("90s summary", AlertEvery(90, EveryMode.SUMMARY)),
        ("90s ignore_summary", AlertEvery(90, EveryMode.IGNORE_SUMMARY)),
    ],
)
def test_alertevery_is_a_time_and_a_mode(text: str, meant: AlertEvery, place: Place) -> None:
    assert values.alertevery(text, place) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3", AlertAfter(3)),
        ("0", AlertAfter(0)),
        ("90s", AlertAfter(None, 90)),
        ("1d", AlertAfter(None, 86400)),
        ("3  30m", AlertAfter(3, 1800)),
        ("about 3 30m", AlertAfter(3, 1800)),
    ],
)
def test_alertafter_is_a_number_or_a_time_or_both(text: str, meant: AlertAfter, place: Place) -> None:
    assert values.alertafter(text, place) == meant


@pytest.mark.parametrize(("text", "meant"), [("1", (1, 1)), ("2-5", (2, 5)), ("0-255", (0, 255))])
def test_a_range_of_exit_statuses_is_inclusive(text: str, meant: tuple[int, int], place: Place) -> None:
    assert values.exit_range(text, place) == meant


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("web1", "web1", None),
        ("web1:80", "web1", 80),
        ("192.0.2.1:80", "192.0.2.1", 80),
        ("[2001:db8::1]:80", "2001:db8::1", 80),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("2001:db8::1", "2001:db8::1", None),
    ],
)
def test_an_endpoint_is_a_host_and_perhaps_a_port(
    text: str, host: str, port: int | None, place: Place
) -> None:
    assert virtuals.endpoint(text, place) == (host, port)


def test_a_real_server_takes_its_options_in_any_order(place: Place) -> None:
    text = "web1:8080 forward ipip upper 100 check www weight 10 lower 5"
    assert virtuals.real(text, place) == Real("web1", 8080, 10, Forward.IPIP, 5, 100, "www")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("50%", Floor(share=0.5)), ("100% hard", Floor(share=1.0, hard=True)), ("2", Floor(count=2))],
)
def test_a_floor_is_a_share_or_a_count(text: str, meant: Floor, place: Place) -> None:
    assert virtuals.floor(text, place) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("300", (300, None)),
        ("5m", (300, None)),
        ("300 netmask 24", (300, 24)),
        ("60s netmask 255.255.0.0", (60, 16)),
    ],
)
def test_persistence_is_seconds_and_a_netmask(text: str, meant: tuple[int, int | None], place: Place) -> None:
    assert virtuals.persistent(text, place) == meant
