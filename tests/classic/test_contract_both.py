"""What tests/runner/test_contract.py says of our runner, the real mon says too, and our whole daemon."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from classic_daemons import Daemon, Site, of_both

pytestmark = pytest.mark.skipif(not Path("/usr/sbin/mon").exists(), reason="Debian's mon is not installed")


def table() -> dict[str, Any]:
    """The rows, but those where the real mon has a fault (signals) or no end (no deadline)."""
    path = Path(__file__).parents[1] / "runner" / "test_contract.py"
    spec = importlib.util.spec_from_file_location("contract_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {re.sub(r"\W+", "-", row.name).strip("-"): row for row in module.TABLE if not row.trouble}


def test_the_real_mon_and_ours_understand_the_same(tmp_path: Path) -> None:
    rows = table()

    def made(name: str) -> Site:
        site = Site(tmp_path / name, "hostgroup farm web1 web2\n\nwatch farm\n" + "".join(map(service, rows)))
        for word, row in rows.items():
            site.program(f"mon.d/{word}.monitor", "#!").write_text(row.head + row.text)
        return site

    def opinions(daemon: Daemon) -> dict[str, tuple[str | None, ...]]:
        daemon.run(*(f"farm/{word}" for word in rows))
        return {key: tuple(map(one.get, SAME)) for key, one in daemon.status().items()}

    found = of_both(made, opinions)
    different = {key for key, one in found["ours"].items() if one != found["real"][key]}
    assert different == set(OURS_IS_TEXT), {
        key: (found["ours"][key], found["real"][key]) for key in different
    }
    assert {key: int(one[1]) for key, one in found["ours"].items()} == {
        f"farm/{word}": row.status for word, row in rows.items()
    }


OURS_IS_TEXT = ("farm/is-not-UTF-8", "farm/NUL")
"""Bytes that are no UTF-8 are shown as ``\\xNN``, and NUL is left out: what is kept is text."""

SAME = ("opstatus", "exitval", "last_summary", "last_detail", "alerts_sent")


def service(word: str) -> str:
    return f"    service {word}\n        interval 1h\n        monitor {word}.monitor\n"
