"""A template of an operator that never ends, or wants all memory, costs its text and not the mail."""

import os
import threading
from pathlib import Path

import pytest

from mon.errors import RenderError
from mon.letter import letter
from mon.model.notice import AlertType, HostReport, Notice
from mon.model.result import OpStatus
from mon.render import Render, bounded

NOTICE = Notice(
    AlertType.FAILURE, "web", "http", "", 1.7e9, 1, OpStatus.FAIL, "web1", "web1\n", ("web1",),
    (HostReport("web1", "down", "refused"),),
)  # fmt: skip

ENDLESS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a long string": "{{ 'x' * 10**9 }}",
    "a filter in C": "{{ 'x' | center(10**10) }}",
    "a width": "{{ '%9999999999d' | format(1) }}",
    "a number": "{{ 10 ** (10 ** 8) }}",
    "lorem ipsum": "{{ lipsum(n=99999) }}",
    "output": "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
    "itself": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "includes": "{% include 'x.j2' %}",
    "blocks": "{% set a = namespace(x='x') %}{% for i in range(99) %}{% set a.x = a.x * 2 %}{% endfor %}",
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=list(ENDLESS))
def test_what_has_no_end_is_ended_and_the_plain_text_stands_in(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.j2").write_text(text)
    said = Render([tmp_path]).text("x.j2", "plain", name="n")
    assert said.startswith("plain\n(template x.j2") and len(said) < 300


def test_a_mail_goes_with_its_plain_text_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "mail.txt.j2").write_text(ENDLESS["loops"])
    written = letter(NOTICE, Render([tmp_path]))
    assert written.subject == "DOWN web/http: web1 (1 of 1)"
    assert written.text.startswith("failure web/http: web1") and "computes without end" in written.text
    assert written.html.startswith("<!DOCTYPE html>")


def test_what_went_beyond_its_limits_is_not_tried_again_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_text(ENDLESS["loops"])
    render = Render([tmp_path])
    render.text("x.j2", "")
    with pytest.raises(RenderError, match="not tried again for a minute"):
        render.render("x.j2")


def test_a_part_of_ours_that_an_operator_replaced_is_bounded_too(tmp_path: Path) -> None:
    (tmp_path / "_kind.j2").write_text(ENDLESS["loops"])
    with pytest.raises(RenderError, match="computes without end"):
        Render([tmp_path]).render("discord.json.j2", notice=NOTICE, subject="s", text="t")


def test_ours_are_rendered_without_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded.subprocess, "Popen", None)
    assert Render([tmp_path]).render("mail.subject.j2", notice=NOTICE) == "DOWN web/http: web1 (1 of 1)\n"


def test_a_template_of_an_operator_sees_what_it_is_given_and_the_zone_but_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("PASSWORD", "s3cret")
    render = Render([tmp_path])
    (tmp_path / "x.j2").write_text("{{ notice.down[0].host }} {{ 0.5 | clock }} {{ value.a }}")
    assert render.render("x.j2", notice=NOTICE, value={"a": "b"}) == "web1 1970-01-01 09:00:00 b"
    child = render._bounded._idle
    assert child is not None
    environment = Path(f"/proc/{child.process.pid}/environ").read_bytes()
    assert b"TZ=" in environment and b"s3cret" not in environment


def test_a_template_that_is_put_there_later_counts_at_once(tmp_path: Path) -> None:
    render = Render([tmp_path])
    ours = render.render("mail.subject.j2", notice=NOTICE)
    (tmp_path / "mail.subject.j2").write_text("mine")
    assert (ours, render.render("mail.subject.j2", notice=NOTICE)) == (
        "DOWN web/http: web1 (1 of 1)\n",
        "mine",
    )
    (tmp_path / "mail.subject.j2").write_text("changed")
    assert render.render("mail.subject.j2", notice=NOTICE) == "changed"


def test_a_child_that_dies_is_followed_by_another(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_text("well")
    render = Render([tmp_path])
    assert render.render("x.j2") == "well"
    child = render._bounded._idle
    assert child is not None
    child.process.kill()
    child.process.wait()
    assert render.render("x.j2") == "well"


def test_several_threads_render_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_text("{{ n }}")
    render, said = Render([tmp_path]), list[str]()
    threads = [threading.Thread(target=lambda n=n: said.append(render.render("x.j2", n=n))) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == list("012345")


def test_what_cannot_be_passed_on_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_text("{{ n }}")
    with pytest.raises(RenderError, match="cannot be passed on"):
        Render([tmp_path]).render("x.j2", n=threading.Lock())


def test_the_process_ends_with_who_asks(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_text("well")
    render = Render([tmp_path])
    render.render("x.j2")
    child = render._bounded._idle
    assert child is not None
    child.end.close()  # what the kernel does when a process ends
    assert child.process.wait(60) == 0
    assert not os.path.exists(f"/proc/{child.process.pid}")
