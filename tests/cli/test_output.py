"""What commands write: fit for any terminal, in the letters it has, and quiet when nobody reads it."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest

from mon.cli import output

EVIL = "web1\x1b[2J\x1b]0;x\x07\r\n\x9b31mOK web2 \u202e\udcff"


def run(call: str, *, stdout: int = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program that makes the call, guarded as all of ours are; in a locale without UTF-8."""
    code = f"import sys; from mon.cli.output import *\nsys.exit(guarded(lambda: ({call}) or 0))"
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    return subprocess.run(
        [sys.executable, "-c", code],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        env={**os.environ, **ascii_only, **environment},
        check=False,
    )


SAYS: dict[str, Callable[[str], None]] = {
    "say": output.say,
    "say_now": output.say_now,
    "say_text": output.say_text,
    "say_painted": output.say_painted,
    "say_json": output.say_json,
}


@pytest.mark.parametrize("name", SAYS)
def test_nothing_of_a_monitor_reaches_the_terminal_as_it_is(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    SAYS[name](EVIL)
    said = capsys.readouterr().out
    assert all(letter.isprintable() or letter == "\n" for letter in said)
    assert name == "say_text" or said.count("\n") == 1


def test_only_our_own_colours_are_let_through(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_painted("\x1b[31mfail\x1b[0m \x1b[2J")
    assert capsys.readouterr().out == "\x1b[31mfail\x1b[0m \\x1b[2J\n"


def test_a_terminal_without_utf_8_gets_other_letters() -> None:
    ended = run(r"say('web1 10\u21920 caf\xe9\u2026 \U0001f600')")
    assert (ended.returncode, ended.stdout) == (0, "web1 10->0 caf\\xe9... \\U0001f600\n")
    assert run(r"say('\u2192', error=True)").stderr == "->\n"


def test_argparse_says_what_was_typed_on_such_a_terminal() -> None:
    code = "import sys; from mon.cli import main; sys.exit(main(['st\\u00e4tus', '\\udcff']))"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert ended.returncode == 2 and b"Traceback" not in ended.stderr and b"st\\xe4tus" in ended.stderr


def test_a_reader_who_went_away_ends_it_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    for call in ("say('x')", "say_all('x' * 99999)", "say_json([1])", "say_now('x')", "say_bytes(b'x')"):
        ended = run(call, stdout=writing)
        assert (ended.returncode, ended.stderr) == (output.READER_GONE, "")
    os.close(writing)


def test_a_disk_that_is_full_is_said() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    for call in ("say('x')", "say_all('x' * 99999)", "say_now('x')"):
        ended = run(call, stdout=full)
        assert ended.returncode == 1 and ended.stderr.startswith("mon: the output cannot be written: ")
        assert ended.stderr.count("\n") == 1
    os.close(full)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("line", ["plugins -c /nowhere", "trap --detail - web http 0", "status -c /nowhere"])
def test_closed_descriptors_end_it_without_a_traceback(closed: str, line: str) -> None:
    words = f"{sys.executable} -m mon {line} {closed}"
    ended = subprocess.run(["/bin/sh", "-c", words], capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr and ended.returncode in (0, 1)


def test_no_file_becomes_standard_error_by_accident() -> None:
    opened = "os.open('/dev/zero', os.O_RDONLY) > 2 and os.readlink('/proc/self/fd/2') == os.devnull"
    code = (
        f"import os, sys; from mon.cli.output import guarded; sys.exit(guarded(lambda: int(not ({opened}))))"
    )
    line = f'{sys.executable} -c "{code}" <&- >&- 2>&-'
    assert subprocess.run(["/bin/sh", "-c", line], check=False).returncode == 0


def test_what_is_read_may_be_any_bytes() -> None:
    code = "import sys; from mon.cli.output import *; sys.exit(guarded(lambda: say(sys.stdin.read()) or 0))"
    ended = subprocess.run([sys.executable, "-c", code], input=b"a\xff", capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, b"a\\xff\n")


def test_a_script_gets_the_bytes_and_a_terminal_what_is_fit() -> None:
    assert run(r"say_bytes(b'a\xff\x1b\n')").stdout == "a\udcff\x1b\n"
    terminal, theirs = pty.openpty()
    run(r"say_bytes(b'a\xff\x1b\n')", stdout=theirs)
    assert os.read(terminal, 100) == b"a\\xff\\x1b\r\n"
    os.close(terminal)
    os.close(theirs)
