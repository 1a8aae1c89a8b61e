"""Programs of balancers, however they behave."""

import sys
import time
from pathlib import Path

import pytest

from mon.balancer.program import MOST, run
from mon.errors import BalancerUnreachable


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_what_it_reads_and_says() -> None:
    ended = run(["sh", "-c", "cat; echo oh >&2; exit 3"], b"in\0put", limit=5)
    assert (ended.status, ended.output, ended.trouble) == (3, "input", "oh")


def test_no_trouble_and_wordless_trouble() -> None:
    assert run(["true"], limit=5).trouble == ""
    assert run(["false"], limit=5).trouble == "exit status 1"
    assert run(["sh", "-c", "kill -9 $$"], limit=5).trouble == "ended by signal 9"


def test_one_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(BalancerUnreachable, match=r"sh has not ended after 0\.3 s"):
        run(["sh", "-c", f"(sleep 2; touch {tmp_path}/late) & sleep 60"], limit=0.3)
    assert time.monotonic() - began < 2
    time.sleep(max(0, began + 2.5 - time.monotonic()))
    assert not (tmp_path / "late").exists()


def test_a_child_that_stays_holds_up_nobody() -> None:
    began = time.monotonic()
    assert run(["sh", "-c", "setsid sleep 30 & echo done"], limit=5).output == "done\n"
    assert time.monotonic() - began < 20


def test_a_flood_is_cut() -> None:
    flood = (
        "import os\ntry:\n while True: os.write(1, b'x' * 65536)\nexcept OSError as e: os.write(2, b'full')"
    )
    ended = run(python(flood), limit=20)
    assert len(ended.output) == MOST
    assert ended.errors == "full"


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(BalancerUnreachable, match="/none cannot be started: No such file"):
        run(["/none"], limit=1)
