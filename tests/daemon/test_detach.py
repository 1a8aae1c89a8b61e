"""Where stderr of a daemon in the background goes: a file that logrotate may move away."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from mon.daemon.detach import is_open, reopen
path = sys.argv[1]
print(is_open(path), file=sys.stderr, flush=True)
for line in sys.stdin:
    reopen(path)
    print(line.strip(), file=sys.stderr, flush=True)
"""


def test_a_log_that_was_moved_away_is_opened_anew_and_one_that_was_not_stays(tmp_path: Path) -> None:
    path = tmp_path / "errors"
    with path.open("w") as errors:
        words = [sys.executable, "-c", PROGRAM, str(path)]
        program = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=errors, text=True, bufsize=1)
    assert program.stdin is not None
    with program:
        program.stdin.write("one\n")
        while "one" not in path.read_text():
            os.sched_yield()
        path.rename(tmp_path / "errors.1")
        program.stdin.write("two\n")
    assert (tmp_path / "errors.1").read_text() == "True\none\n"
    assert path.read_text() == "two\n"
