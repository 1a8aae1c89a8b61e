"""A program of the operator's: what it is asked, and answers that are none."""

import json
from pathlib import Path

import pytest

from mon.balancer.exec import Exec, connect
from mon.errors import BalancerRefused, BalancerUnreachable
from mon.model.pool import Change, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId

WEB = VirtualId("tcp", "192.0.2.10", 80)
SERVICE = ServiceEntry(WEB, "rr")
ADD = Change(Verb.ADD_SERVER, SERVICE, ServerEntry(ServerId("192.0.2.1", 80), 4), "in: webfarm/http ok")


@pytest.fixture
def program(tmp_path: Path) -> Exec:
    """One that keeps its question, and answers what is in ``answer``."""
    path = tmp_path / "balancer"
    path.write_text(f'#!/bin/sh\ncat > {tmp_path}/question; cat {tmp_path}/answer; . {tmp_path}/end "$@"\n')
    path.chmod(0o755)
    (tmp_path / "answer").write_text("{}")
    (tmp_path / "end").write_text("exit 0\n")
    return connect(str(path), "two words", "$HOME")


def test_it_is_asked_in_plain_words(program: Exec, tmp_path: Path) -> None:
    program.apply([ADD])
    question = json.loads((tmp_path / "question").read_text())
    assert question["ask"] == "apply"
    (change,) = question["changes"]
    assert (change["verb"], change["why"]) == ("add server", "in: webfarm/http ok")
    assert change["service"]["id"]["address"] == "192.0.2.10"
    assert change["server"]["id"] == {"address": "192.0.2.1", "port": 80}
    assert (change["server"]["weight"], change["server"]["forward"]) == (4, "masq")


def test_its_arguments_come_as_they_stand(program: Exec, tmp_path: Path) -> None:
    (tmp_path / "end").write_text('echo "$1|$2" >&2; exit 1\n')
    with pytest.raises(BalancerUnreachable, match=r"balancer: two words\|\$HOME"):
        program.read([WEB])


def test_a_short_answer_is_enough(program: Exec, tmp_path: Path) -> None:
    assert program.read([WEB]) == {WEB: Table(None)}
    server = {"id": {"address": "192.0.2.1", "port": 80}, "weight": 4, "active": 7}
    id_ = {"protocol": "tcp", "address": "192.0.2.10", "port": 80}
    table = {"id": id_, "service": {"id": id_, "scheduler": "rr"}, "servers": [server]}
    (tmp_path / "answer").write_text(json.dumps({"tables": [table]}))
    (read,) = program.read([WEB]).values()
    assert read == Table(SERVICE, (ServerEntry(ServerId("192.0.2.1", 80), 4),))
    assert read.servers[0].active == 7


def test_what_it_refuses_is_told(program: Exec, tmp_path: Path) -> None:
    (tmp_path / "answer").write_text('{"refused": ["no room", "no light"]}')
    with pytest.raises(BalancerRefused, match=r"^no room; no light$"):
        program.apply([ADD])


@pytest.mark.parametrize("answer", ["", "ok", "[]", '{"tables": 3}', '{"tables": [{"servers": []}]}'])
def test_an_answer_that_is_none_is_named(program: Exec, tmp_path: Path, answer: str) -> None:
    (tmp_path / "answer").write_text(answer)
    with pytest.raises(BalancerUnreachable, match="did not answer with JSON as wanted"):
        program.read([WEB])


def test_nothing_to_do_is_not_asked(program: Exec, tmp_path: Path) -> None:
    program.apply([])
    assert not (tmp_path / "question").exists()
