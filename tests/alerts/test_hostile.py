"""What a monitor prints goes into every message, and does nothing there but be read."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from mon.alerts import file, syslog, webhook

from mon.letter import mail
from mon.model.notice import AlertType, HostReport, Notice, PoolLine, ServerLine
from mon.model.result import OpStatus
from mon.render import OURS, Render
from mon.structs import replace
from tests.test_outside import EITHER, unfit

RENDER = Render()
PROGRAMS = {"webhook"}
"""What is read by programs alone: JSON says exactly what there is."""

CHATS = sorted({path.name.removesuffix(".json.j2") for path in OURS[1].glob("*.json.j2")} - PROGRAMS)
VALUE = {"chat_id": "1", "topic": "t"}
SECRETS = {"token": "t", "user": "u", "routing_key": "k"}
EVIL = "\x1b]0;x\x07 <!channel> @everyone [x](http://e/) <b>\u202e\r\nOK web9: fine\x85OK web8"


def notice(said: str) -> Notice:
    return Notice(
        AlertType.FAILURE, "web", "http", "", 1.7e9, 1, OpStatus.FAIL, said, f"{said}\n{said}",
        ("web1",), (HostReport("web1", "down", said, 1.7e9),), said, ack=said, remark=said,
        pools=(PoolLine("shop", "x", (ServerLine("web1", "a", 0, said),), "", said, said, said),),
    )  # fmt: skip


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for part in value.values() for text in texts(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in texts(part))


def posted(template: str, said: str) -> list[str]:
    body, trouble = webhook.compose(notice(said), template, RENDER, value=VALUE, secrets=SECRETS)
    assert trouble == ""
    return list(texts(json.loads(body)))


@pytest.mark.parametrize("template", CHATS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=EITHER)
def test_a_chat_gets_no_letter_that_is_not_seen(template: str, said: str) -> None:
    assert not any(unfit(text, "\n\t") for text in posted(template, said))


@pytest.mark.parametrize("template", ["slack", "discord", "mattermost", "googlechat", "telegram"])
def test_a_chat_wakes_nobody_and_shows_no_disguised_link(template: str) -> None:
    said = "\n".join(posted(template, EVIL))
    assert "<!channel>" not in said and "<b>" not in said
    assert template == "slack" or "@everyone" not in said
    assert template in ("slack", "googlechat", "telegram") or "[x](" not in said.replace("\\[x\\]", "")


@settings(max_examples=50, deadline=None)
@given(EITHER)
def test_a_mail_is_one_mail_with_one_subject(said: str) -> None:
    message = mail(notice(said), RENDER, ["ops@x.example"], sender="mon@x.example")
    subject, text, page = message["Subject"], *(part.get_content() for part in message.iter_parts())
    assert not unfit(subject) and not unfit(text, "\n\t") and not unfit(page, "\n\t")
    assert len(message.get_all("Subject")) == 1 and message.get_all("To") == ["ops@x.example"]


def test_no_host_is_made_up_in_the_text_of_a_mail() -> None:
    message = mail(notice(EVIL), RENDER, ["ops@x.example"], sender="mon@x.example")
    text, page = (part.get_content() for part in message.iter_parts())
    told = text.partition("Everything it said")[0]
    assert not [line for line in told.splitlines() if line.startswith("OK web")]
    assert "<b>" not in page.replace("<b>Pool", "").replace("<b>web1", "") or "&lt;b&gt;" in page


def test_a_line_of_a_file_is_one_line(tmp_path: Path) -> None:
    file.send(notice(EVIL), [str(tmp_path / "log")], render=RENDER)
    (line,) = (tmp_path / "log").read_bytes().decode().splitlines()
    assert not unfit(line)


def test_a_line_of_syslog_is_one_line(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        syslog.send(notice(EVIL), socket_path=str(tmp_path / "log"), render=RENDER)
        line = log.recv(10_000).decode()
    assert not unfit(line) and "\\x1b]0;x" in line


def test_a_plain_text_that_stands_in_is_fit_too() -> None:
    said = RENDER.text("nothing.j2", f"failure {EVIL}")
    assert not unfit(said, "\n")


def test_many_services_told_together_are_fit_too() -> None:
    both = replace(notice(EVIL), members=(notice(EVIL), notice(EVIL)))
    for name in ("together.txt.j2", "together.chat.j2", "mail.subject.j2", "together.html.j2"):
        with_group = replace(both, group=None)
        assert not unfit(RENDER.text(name, "", notice=with_group, subject="s", zone=""), "\n\t")
