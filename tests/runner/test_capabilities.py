"""prctl, really."""

import os
import subprocess
import sys
from pathlib import Path

from mon.runner import capabilities
from mon.runner.capabilities import CAP_NET_RAW, clear_ambient


def test_after_clearing_there_are_no_ambient_capabilities():
    clear_ambient()
    with open("/proc/self/status") as file:
        lines = dict(line.split(":", 1) for line in file.read().splitlines())
    assert int(lines["CapAmb"], 16) == 0


def test_orphans_become_children_of_the_subreaper():
    text = (
        "import os, subprocess, time\n"
        "from mon.runner.capabilities import become_subreaper\n"
        "from mon.runner.processes import process\n"
        "become_subreaper()\n"
        "out = subprocess.run(['sh', '-c', 'sleep 5 >/dev/null & echo $!'], stdout=subprocess.PIPE).stdout\n"
        "pid = int(out)\n"
        "print(process(pid).parent == os.getpid())\n"
        "os.kill(pid, 9)\n"
    )
    said = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, check=True)
    assert said.stdout == "True\n"


LENT = """
import os
import subprocess
clear_ambient()
def effective():
    said = subprocess.run(["cat", "/proc/self/status"], stdout=subprocess.PIPE, text=True).stdout
    return next(line.split()[1] for line in said.splitlines() if line.startswith("CapEff"))
with lent(CAP_NET_RAW):
    print(int(effective(), 16))
print(int(effective(), 16))
"""


def test_one_capability_is_lent_to_what_is_started_meanwhile_and_no_other():
    """As a daemon that systemd gave two; without root there is none to lend, and that is no trouble."""
    text = Path(capabilities.__file__).read_text() + LENT
    words = ["/usr/bin/python3", "-c", text]
    if os.geteuid() == 0:
        raised = "+net_raw,+net_admin"
        words = [
            *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
            *(f"--inh-caps={raised}", f"--ambient-caps={raised}"),
            *words,
        ]
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, cwd="/").stdout
    assert said.split() == [str(1 << CAP_NET_RAW) if os.geteuid() == 0 else "0", "0"]
