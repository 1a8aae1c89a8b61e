"""What ``ipvs`` says where there is none, and what it advises; runs on any machine."""

from pathlib import Path

import pytest

from mon.balancer import ipvs
from mon.errors import BalancerUnreachable
from mon.model.pool import Change, Pool, ServiceEntry, Verb, VirtualId
from mon.model.source import Severity, Source

WEB = VirtualId("tcp", "192.0.2.10", 80)
POOL = Pool("web", WEB, ("ipvs",), source=Source("mon.cf", 3))
STICKY = Pool("shop", WEB, ("ipvs",), persistent=300, source=Source("mon.cf", 9))

no_kernel = pytest.mark.skipif(Path("/proc/net/ip_vs").exists(), reason="the kernel here has ip_vs")


@no_kernel
def test_a_kernel_without_ip_vs_is_unreachable_with_the_remedy() -> None:
    with pytest.raises(BalancerUnreachable, match="modprobe ip_vs"):
        ipvs.connect().read([WEB])


@no_kernel
def test_so_are_changes() -> None:
    with pytest.raises(BalancerUnreachable, match="modprobe ip_vs"):
        ipvs.connect().apply([Change(Verb.ADD_SERVICE, ServiceEntry(WEB, "rr"))])


def sysctls(folder: Path, **values: int) -> Path:
    for name, value in values.items():
        (folder / name).write_text(f"{value}\n")
    return folder


def test_the_settings_that_cost_requests_are_warned_of(tmp_path: Path) -> None:
    off = sysctls(tmp_path, expire_nodest_conn=0, expire_quiescent_template=0)
    first, second = ipvs.advice([POOL, STICKY], off)
    assert (first.severity, first.source) == (Severity.WARNING, POOL.source)
    assert "expire_nodest_conn is 0" in first.what and "24 requests, not 44" in first.remedy
    assert "expire_quiescent_template is 0" in second.what and second.source == STICKY.source


def test_without_persistence_the_template_does_not_matter(tmp_path: Path) -> None:
    assert ipvs.advice([POOL], sysctls(tmp_path, expire_nodest_conn=1, expire_quiescent_template=0)) == []


def test_where_ip_vs_is_not_loaded_nothing_can_be_said(tmp_path: Path) -> None:
    assert ipvs.advice([STICKY], tmp_path) == []
    assert ipvs.advice([]) == []
