"""A template becomes text; a broken one becomes the fallback and says where it is broken."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.errors import RenderError
from mon.model.notice import HostReport
from mon.render import OURS, Render, clock, duration, iso, some, unsaid, zone_named

BROKEN = {
    "{{ nobody }}": r"template x.j2 line 1: 'nobody' is undefined",
    "a\n{{ 1 / 0 }}": r"template x.j2 line 2: division by zero",
    "a\n\n{% if %}": r"template x.j2 line 3: Expected an expression",
    "{% include 'gone.j2' %}": r"template gone.j2 not found",
    "{{ ''.__class__.__mro__ }}": r"unsafe",
    "{{ words.append(1) }}": r"unsafe",
    "{% for i in range(10**9) %}{% endfor %}": r"Range too big",
    "{% include 'x.j2' %}": r"recursion",
}


def rendered(directory: Path, text: str) -> Render:
    (directory / "x.j2").write_text(text)
    return Render([directory])


def test_values_get_into_the_text(tmp_path: Path) -> None:
    assert rendered(tmp_path, "{{ a }} & {{ b.name }}").render("x.j2", a="<", b=Path("/q/r")) == "< & r"


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_template_says_where(tmp_path: Path, text: str) -> None:
    with pytest.raises(RenderError, match=BROKEN[text]):
        rendered(tmp_path, text).render("x.j2", words=[])


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_template_becomes_the_fallback_and_says_so(tmp_path: Path, text: str) -> None:
    shown = rendered(tmp_path, text).text("x.j2", "web is down\n", words=[])
    assert shown.startswith("web is down\n(template ")


def test_a_template_that_is_not_text_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_bytes(b"\xff\xfe")
    assert Render([tmp_path]).has("x.j2")
    with pytest.raises(RenderError, match="decode"):
        Render([tmp_path]).render("x.j2")


def test_the_operators_directory_comes_first(tmp_path: Path) -> None:
    (tmp_path / "mail.subject.j2").write_text("mine")
    assert Render([tmp_path]).render("mail.subject.j2") == "mine"
    assert Render().has("mail.subject.j2")


def test_a_template_that_was_edited_is_read_anew(tmp_path: Path) -> None:
    render = rendered(tmp_path, "one")
    assert render.render("x.j2") == "one"
    (tmp_path / "x.j2").write_text("two, longer")
    assert render.render("x.j2") == "two, longer"


def test_what_is_nowhere_is_not_there() -> None:
    assert not Render().has("nothing.j2")
    assert Render().text("nothing.j2", "plain") == "plain\n(template nothing.j2 not found)\n"


def test_no_template_reaches_outside_its_directories(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "templates").mkdir()
    with pytest.raises(RenderError, match="not found"):
        Render([tmp_path / "templates"]).render("../secret")


def test_html_is_escaped_and_text_is_not(tmp_path: Path) -> None:
    for name in ("a.html.j2", "a.txt.j2"):
        (tmp_path / name).write_text("{{ word }}")
    render = Render([tmp_path])
    assert render.render("a.html.j2", word="<b>") == "&lt;b&gt;"
    assert render.render("a.txt.j2", word="<b>") == "<b>"


def test_our_templates_are_found() -> None:
    assert any(directory.is_dir() for directory in OURS)


def test_clock_is_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    assert clock(86400.0) == "1970-01-02 02:00:00"
    assert clock(86400.0, "%H:%M") == "02:00"
    assert clock(0.0) == clock(None) == "never"
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "250 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (12.4, "12 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (11400, "3 h 10 min"),
        (90000, "1 d 1 h"),
        (-5, "0 s"),
    ],
)
def test_durations_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_names_are_shown_as_long_as_they_fit() -> None:
    assert some(["web1", "web2"]) == "web1 web2"
    assert some(["web1", "web2", "web3"], 13) == "web1 +2 more"
    assert some([]) == ""


@given(st.lists(st.text("abc", min_size=1, max_size=12), min_size=2), st.integers(20, 80))
def test_shown_names_fit_and_none_is_forgotten(names: list[str], width: int) -> None:
    text = some(names, width)
    assert len(text) <= width or text.startswith(names[0])
    head, _, more = text.partition(" +")
    assert len(head.split()) + int(more.split()[0] if more else 0) == len(names)


def test_a_name_that_is_missing_in_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="has no attribute 'chat_id'"):
        rendered(tmp_path, '{{ {"to": value.chat_id} | tojson }}').render("x.j2", value={})


def test_the_zone_is_that_of_the_reader(tmp_path: Path) -> None:
    render = rendered(tmp_path, '{{ at | clock("%H:%M %Z") }}')
    assert render.render("x.j2", at=1_700_000_000.0, zone="Europe/Berlin") == "23:13 CET"
    assert render.render("x.j2", at=1_700_000_000.0, zone="America/New_York") == "17:13 EST"
    assert clock(1_690_000_000.0, "%H:%M %Z", "Europe/Berlin") == "06:26 CEST"


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../../etc/passwd", "Europe", "x\0y"])
def test_a_zone_that_is_none_is_told_and_costs_no_message(name: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        zone_named(name)
    assert clock(1_700_000_000.0, zone=name) == clock(1_700_000_000.0)


def test_programs_get_times_in_utc() -> None:
    assert iso(1_700_000_000.5) == "2023-11-14T22:13:20.500Z"


def test_what_the_hosts_details_say_is_not_said_twice() -> None:
    reports = (HostReport("web1", "down", "refused"), HostReport("web2", "ok", "200 OK"))
    output = "web1\nweb1: refused\nweb2: 200 OK\n\n\n\ncertificate ends soon\n"
    assert unsaid(output, reports, "web1") == "certificate ends soon"
    assert unsaid("a\n  b\n", ()) == "a\n  b"
