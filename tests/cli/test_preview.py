"""mon alert NAME --preview: the messages of an outage that is made up, by the real engine and pools."""

import argparse
import json

import pytest

from mon.cli import plugins
from mon.errors import BadOption, ControlError

CONFIG = """
hostgroup web web1=127.0.0.1 web2=127.0.0.2 web3=127.0.0.3

virtual shop 192.0.2.80:80
    real web1 weight 10
    real web2 weight 10
    real web3 weight 10
    floor 2

watch web
    service http
        description the front page
        LINK=https://wiki.example/shop
        interval 10s
        monitor http.monitor
        exclude_period wd {Sun-Sat}
        depend web:ping
        period work: wd {Mon-Fri}
            alertafter 5
            numalerts 1
            alert lvs.alert shop
            alert mail.alert --zone Asia/Tokyo ops@x.example
            upalert mail.alert --zone Asia/Tokyo ops@x.example
    service ping
        interval 10s
        monitor tcp.monitor -p 1
        period
            alert lvs.alert shop
"""


@pytest.fixture
def preview(tmp_path, capsys):
    (tmp_path / "mon.cf").write_text(CONFIG)

    def preview(*words):
        parser = argparse.ArgumentParser()
        plugins.alert_add_arguments(parser)
        status = plugins.alert_run(parser.parse_args(["-c", str(tmp_path / "mon.cf"), *words]))
        return status, capsys.readouterr().out

    return preview


def test_failure_and_recovery_are_shown_as_the_services_own_line_would_send_them(preview):
    status, said = preview("mail", "--preview", "web", "http")
    failure, recovery, _ = said.split("-" * 72)
    assert status == 0
    assert failure.startswith("Subject: DOWN web/http: web1 (1 of 3)\n")
    for words in ("the front page\nhttps://wiki.example/shop\n", "DOWN web1: Connection refused",
                  "2 of 3 in\n    the floor of 2 of 3 is not needed", " JST\n", "Period         work",
                  "web1         weight 0 (out: web/http down (Connection refused)"):  # fmt: skip
        assert words in failure
    assert recovery.lstrip().startswith("Subject: UP web/http after 1 min 35 s\n")
    assert "3 of 3 in" in recovery and "    web1 is ok" in recovery


def test_other_options_may_be_tried(preview):
    _, said = preview("webhook", "--preview", "web", "http", "--template", "teams", "https://x.example/")
    body = json.loads(said.split("-" * 72)[0])
    assert body["attachments"][0]["content"]["body"][0]["text"] == "DOWN web/http: web1 (1 of 3)"


def test_what_is_not_there_is_told(preview, capsys):
    with pytest.raises(ControlError, match=r"there is no service web/htpp: web/http web/ping"):
        preview("mail", "--preview", "web", "htpp")
    with pytest.raises(ControlError, match="file has no preview"):
        preview("file", "--preview", "web", "http", "/tmp/x")
    with pytest.raises(BadOption, match="did you mean --zone"):
        preview("mail", "--preview", "web", "http", "--zona", "x")
    assert preview("mail", "--preview", "web") == (2, "")
