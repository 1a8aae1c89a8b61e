"""On the host: boot a guest with a real IPVS kernel and run a file of tests in it."""

import pathlib
import sys

import pytest

GUEST = pathlib.Path(__file__).parent / "guest"
sys.path.insert(0, str(GUEST.parent))

import lab  # noqa: E402

TOP = GUEST.parents[2]
BASE = ["/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1", sys.executable, "-m", "pytest", "-q"]
OPTIONS = ["-p", "no:cacheprovider", "--junitxml=/out/junit.xml"]


@pytest.fixture
def guest(tmp_path):
    if lab.why_not():
        pytest.skip(lab.why_not())

    def run(path, *more, seconds, **env):
        with open(tmp_path / "console", "wb") as console:
            words = [*BASE, *OPTIONS, *more, str(path)]
            env = {"MON_TEST_STRICT": "1", "MON_IN_GUEST": "1", **env}
            status, _ = lab.run(words, seconds, out=tmp_path / "out", env=env, cwd=str(TOP), stdout=console)
        text = (tmp_path / "console").read_text(errors="replace")
        for log in sorted((tmp_path / "out").glob("*.log")):
            text += f"\n--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
        assert status == 0, text[-12000:]

    return run


@pytest.mark.parametrize("mode", ["nat", "dr"])
def test_the_lab_is_what_it_says(guest, mode):
    guest(GUEST / "proof.py", seconds=180, LAB_MODE=mode)


@pytest.mark.parametrize("mode", ["nat", "dr"])
def test_the_daemon_keeps_the_kernels_table_and_its_clients_well(guest, mode):
    guest(GUEST / "director.py", seconds=400, LAB_MODE=mode)


def test_the_balancers_of_the_kernel_keep_their_contract(guest):
    guest(TOP / "tests" / "balancer", "-k", "ipvs", seconds=400)
