"""Apprise, really: to an HTTP receiver by its json:// URL."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from mon.alerts.apprise import preview, send, verify

from mon.errors import BadOption, Undeliverable
from mon.model.notice import AlertType, HostReport, Notice
from mon.model.result import OpStatus
from mon.render import Render
from mon.structs import replace

pytest.importorskip("apprise")
# Apprise meets all of its hundred plugins when it is first used, and some of those warn.
pytestmark = pytest.mark.filterwarnings("ignore")

SECRET = "s3cr3t-t0ken"
NOTICE = Notice(
    AlertType.FAILURE, "web", "http", "p", 1_700_000_000.0, 1, OpStatus.FAIL, "web1", "web1\nrefused\n",
    ("web1",), (HostReport("web1", "down", "refused"),),
)  # fmt: skip


class Answer(BaseHTTPRequestHandler):
    bodies: list[Any]
    status = 200

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    kind = type("Kind", (Answer,), {"bodies": [], "status": 200})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url(receiver: HTTPServer) -> str:
    return f"json://user:{SECRET}@127.0.0.1:{receiver.server_port}/hook/{SECRET}"


def test_it_goes_to_each_url_of_the_file(receiver: HTTPServer, tmp_path: Path) -> None:
    (tmp_path / "urls").write_text(f"# ours\n{url(receiver)}\n\n{url(receiver)}x\n")
    assert send(NOTICE, [f"@{tmp_path}/urls"], render=Render()) == "told 2"
    said = receiver.RequestHandlerClass.bodies  # type: ignore[attr-defined]
    assert [each["title"] for each in said] == ["DOWN web/http: web1 (1 of 1)"] * 2
    assert said[0]["type"] == "failure" and "web1 is down: refused" in said[0]["message"]


def test_a_receiver_that_refuses_is_tried_again_and_no_secret_said(
    receiver: HTTPServer, tmp_path: Path
) -> None:
    receiver.RequestHandlerClass.status = 500  # type: ignore[attr-defined]
    (tmp_path / "urls").write_text(url(receiver))
    with pytest.raises(Undeliverable, match="1 of 1 could not be told") as raised:
        send(NOTICE, [f"@{tmp_path}/urls"], render=Render())
    assert not raised.value.permanent and SECRET not in str(raised.value)


def test_only_the_urls_that_were_not_told_are_tried_again(receiver: HTTPServer, tmp_path: Path) -> None:
    (tmp_path / "urls").write_text(f"{url(receiver)}\njson://{SECRET}@127.0.0.1:9/\n")
    with pytest.raises(Undeliverable, match="1 of 2 could not be told") as raised:
        send(NOTICE, [f"@{tmp_path}/urls"], render=Render())
    assert SECRET not in repr(raised.value.left)
    with pytest.raises(Undeliverable, match="1 of 1 could not be told"):
        send(replace(NOTICE, left=raised.value.left), [f"@{tmp_path}/urls"], render=Render())
    assert len(receiver.RequestHandlerClass.bodies) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(("text", "why"), [("nonsense", "none that Apprise knows"), ("", "no URL")])
def test_what_is_no_url_fails_for_good(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "urls").write_text(text)
    with pytest.raises(Undeliverable, match=why) as raised:
        send(NOTICE, [f"@{tmp_path}/urls"], render=Render())
    assert raised.value.permanent


def test_a_url_in_the_configuration_is_refused_and_an_open_file_warned_of(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="holds secrets") as raised:
        verify({"url": [f"json://{SECRET}"]})
    assert SECRET not in str(raised.value)
    (tmp_path / "urls").write_text("json://x")
    (tmp_path / "urls").chmod(0o644)
    assert "can be read by everybody" in verify({"url": [f"@{tmp_path}/urls"]})[0]


def test_the_preview_is_title_and_text() -> None:
    assert preview(NOTICE, {}, Render()).startswith("DOWN web/http: web1 (1 of 1)\n\nweb1 is down: refused")


def test_one_url_that_is_none_costs_no_other_its_message(receiver: HTTPServer, tmp_path: Path) -> None:
    (tmp_path / "urls").write_text(f"nonsense\n{url(receiver)}\n")
    with pytest.raises(Undeliverable, match="none that Apprise knows") as raised:
        send(NOTICE, [f"@{tmp_path}/urls"], render=Render())
    assert raised.value.permanent and len(raised.value.refused) == 1 and not raised.value.left
    assert len(receiver.RequestHandlerClass.bodies) == 1  # type: ignore[attr-defined]
