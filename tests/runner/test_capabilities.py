"""prctl, really."""

import subprocess
import sys

from mon.runner.capabilities import clear_ambient


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
