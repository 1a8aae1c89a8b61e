"""Programs are started one at a time."""

import os
import signal
import subprocess
import threading
import time

import pytest

from mon.runner.marks import Marks, mark_of, marking
from mon.starting import run, start


def started_while(mark):
    """A program that another thread starts while a run is about to be started."""
    started = []
    thread = threading.Thread(target=lambda: started.append(start(["sleep", "9"])))
    with marking(mark):
        thread.start()
        time.sleep(0.3)  # long enough that without the lock it would be started by now
    thread.join()
    return started[0]


def test_what_another_thread_starts_beside_a_run_has_not_its_mark():
    mark = Marks().new()
    process = started_while(mark)
    assert mark_of(process.pid) != mark
    process.kill()
    process.wait()


def test_a_start_that_fails_keeps_nobody_waiting():
    for _ in range(2):
        with pytest.raises(OSError, match="No such file"):
            start(["/nowhere/program"])
        with pytest.raises(ZeroDivisionError), marking(Marks().new()):
            raise ZeroDivisionError
    assert run(["true"], timeout=60).returncode == 0


def test_a_program_under_way_keeps_nobody_waiting():
    first = threading.Thread(
        target=run, args=(["sh", "-c", 'read line; kill "$line"'], b""), kwargs={"timeout": 60}
    )
    first.start()
    assert run(["cat"], b"words", timeout=60).stdout == b"words"
    first.join()


def test_what_a_program_says_is_kept_apart_or_in_one():
    words = ["sh", "-c", "cat; echo odd >&2; exit 3"]
    apart, together = (
        run(words, b"in\n", timeout=60, stderr=to) for to in (subprocess.PIPE, subprocess.STDOUT)
    )
    assert (apart.returncode, apart.stdout, apart.stderr) == (3, b"in\n", b"odd\n")
    assert together.stdout == b"in\nodd\n"


def test_a_program_is_killed_at_its_limit(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run(["sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 60"], timeout=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIG_DFL)
