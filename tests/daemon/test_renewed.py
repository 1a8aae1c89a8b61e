"""A configuration that is read beside the one in force: what differs, and that the loop is not held up."""

import gc
import sys
import weakref
from pathlib import Path

import pytest

from mon.daemon.loading import Loaded, load
from mon.daemon.options import Options
from mon.daemon.renewed import aside, compare, let_go
from mon.daemon.renewed import read as read_beside
from mon.structs import replace

CONFIG = """\
hostgroup a 127.0.0.1

watch a
    service tcp
        interval 10s
        monitor tcp.monitor -p 80

hostgroup b 127.0.0.2

watch b
    service tcp
        interval 10s
        monitor tcp.monitor -p 80
"""


@pytest.fixture
def read(tmp_path: Path):
    def loaded(text: str = CONFIG) -> Loaded:
        file = tmp_path / "mon.cf"
        file.write_text(text)
        return load(Options(config=file))

    return loaded


def test_a_moved_line_is_no_change(read) -> None:
    renewed = compare(read(), read("# a remark\n" + CONFIG))
    assert renewed.checks == renewed.changes.changed == ()
    assert len(renewed.changes.kept) == 2


@pytest.mark.parametrize(
    ("old", "new", "service", "check"),
    [
        ("-p 80\n\nhost", "-p 81\n\nhost", True, True),
        ("hostgroup a 127.0.0.1", "hostgroup a 127.0.0.9", False, True),
    ],
)
def test_what_differs_is_planned_anew_and_nothing_else(read, old, new, service, check) -> None:
    renewed = compare(read(), read(CONFIG.replace(old, new)))
    assert renewed.changes.changed == ((("a", "tcp"),) if service else ())
    assert renewed.checks == ((("a", "tcp"),) if check else ())


def test_services_come_and_go(read) -> None:
    one = CONFIG[: CONFIG.index("hostgroup b")]
    assert compare(read(one), read()).checks == (("b", "tcp"),)
    assert compare(read(), read(one)).checks == (("b", "tcp"),)


def test_what_is_the_same_is_there_once_whatever_line_it_stands_on(read) -> None:
    before, after = read(), read("# a remark\n" + CONFIG.replace("-p 80\n\nhost", "-p 81\n\nhost"))
    plan = compare(before, after).loaded.plan
    old, new = before.plan.config, plan.config
    same = ("b", "tcp")
    assert new.services[same] is old.services[same] is plan.checks[same].service
    assert new.hostgroups["b"] is old.hostgroups["b"]
    assert plan.checks[same].hosts is old.hostgroups["b"].hosts
    for mapping in (new.services, plan.checks):
        assert [id(key) for key in mapping] == [id(key) for key in old.services]
    assert new.services["a", "tcp"] is after.plan.config.services["a", "tcp"]


def test_a_check_that_is_the_same_uses_the_plugin_that_was_found_last(read) -> None:
    before, after = read(), read()
    check = compare(before, after).loaded.plan.checks["a", "tcp"]
    assert check == before.plan.checks["a", "tcp"]
    assert check.monitor is after.plan.checks["a", "tcp"].monitor


def test_the_order_is_that_of_the_new_file(read) -> None:
    one, two = CONFIG[: CONFIG.index("hostgroup b")], CONFIG[CONFIG.index("hostgroup b") :]
    plan = compare(read(), read(f"{two}\n{one}")).loaded.plan
    assert list(plan.config.services) == list(plan.checks) == [("b", "tcp"), ("a", "tcp")]
    assert list(plan.config.hostgroups) == ["b", "a"]


def test_reading_says_what_differs_from_what_is_in_force(read, tmp_path: Path) -> None:
    before = read()
    (tmp_path / "mon.cf").write_text(CONFIG.replace("-p 80\n\nhost", "-p 81\n\nhost"))
    renewed = read_beside(before, Options(config=tmp_path / "mon.cf"))
    assert renewed.checks == renewed.changes.changed == (("a", "tcp"),)
    assert (
        set(renewed.loaded.plan.checks) == set(renewed.loaded.plan.config.services) == set(before.plan.checks)
    )


def test_nothing_of_a_configuration_that_was_let_go_stays(read) -> None:
    class Watched(dict):  # type: ignore[type-arg]
        pass

    loaded = read()
    pieces = Watched(loaded.plan.config.services)
    config = replace(loaded.plan.config, services=pieces)
    loaded = replace(loaded, plan=replace(loaded.plan, config=config))
    gone = weakref.ref(pieces)
    last = [loaded]
    del loaded, config, pieces
    let_go(last)
    assert gone() is None


def test_aside_ends_as_it_began() -> None:
    turn = sys.getswitchinterval()
    with aside():
        assert not gc.isenabled()
        assert sys.getswitchinterval() < turn
        with aside():
            pass
    assert gc.isenabled()
    assert sys.getswitchinterval() == turn
    gc.unfreeze()
