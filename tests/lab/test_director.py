"""On the host: boot guests with a real IPVS kernel and run files of tests in them."""

import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

GUEST = pathlib.Path(__file__).parent / "guest"
sys.path.insert(0, str(GUEST.parent))

import lab  # noqa: E402

TOP = GUEST.parents[2]
BASE = ["/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1", sys.executable, "-m", "pytest", "-q", "--color=no"]
MODES = ["nat", "dr"]
OPTIONS = ["-p", "no:cacheprovider", "--junitxml=/out/junit.xml"]


def run(out, path, *more, seconds, **env):
    """Run a file of tests in a guest; what it said if it failed, else ""."""
    out.mkdir()
    with open(out / "console", "wb") as console:
        words = [*BASE, *OPTIONS, *more, *map(str, path if isinstance(path, tuple) else (path,))]
        env = {"MON_TEST_STRICT": "1", "MON_IN_GUEST": "1", **env}
        status, _ = lab.run(words, seconds, out=out / "out", env=env, cwd=str(TOP), stdout=console)
    if status == 0:
        return ""
    text = (out / "console").read_text(errors="replace")
    for log in sorted((out / "out").glob("*.log")):
        text += f"\n--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
    return text[-12000:]


def well(said):
    """Nothing failed in the guest."""
    if said:
        pytest.fail(said, pytrace=False)


@pytest.fixture(scope="module")
def guests(tmp_path_factory):
    """Each file of tests in two guests side by side: they wait most of the time."""
    if lab.why_not():
        pytest.skip(lab.why_not())
    said = {}

    def played(mode, *names):
        if names not in said:
            top = tmp_path_factory.mktemp("guests")
            files = tuple(GUEST / name for name in names)
            with ThreadPoolExecutor(len(MODES)) as side_by_side:
                both = {
                    each: side_by_side.submit(run, top / each, files, seconds=400, LAB_MODE=each)
                    for each in MODES
                }
            said[names] = {each: future.result() for each, future in both.items()}
        return said[names][mode]

    return played


@pytest.mark.parametrize("mode", MODES)
def test_the_lab_is_what_it_says(guests, mode):
    well(guests(mode, "proof.py"))


@pytest.mark.parametrize("mode", MODES)
def test_the_daemon_keeps_the_kernels_table_and_its_clients_well(guests, mode):
    well(guests(mode, "director.py"))


@pytest.mark.parametrize("mode", MODES)
def test_the_rules_of_a_pool_hold_in_a_real_kernel(guests, mode):
    well(guests(mode, "rules.py", "upkeep.py"))


def test_the_balancers_of_the_kernel_keep_their_contract(tmp_path):
    if lab.why_not():
        pytest.skip(lab.why_not())
    well(run(tmp_path / "guest", TOP / "tests" / "balancer", "-k", "ipvs", seconds=400))
