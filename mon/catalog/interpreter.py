"""Can a program be started, and if not, why: what execve(2) says of it with ENOENT alone."""

import os
import shutil
from pathlib import Path

LINE = 256
"""BINPRM_BUF_SIZE of Linux: more of a first line is not looked at."""

SAVE = "save it with Unix line ends"


def unstartable(path: Path | str) -> str:
    """Why the program cannot be started, a colon, and what to do; "" if nothing speaks against it."""
    try:
        with open(path, "rb") as file:
            line = file.read(LINE).partition(b"\n")[0]
    except PermissionError:  # it may be executed all the same
        return ""
    except OSError as error:
        return f"{error.strerror}: put it there"
    if not os.access(path, os.X_OK):
        return "it is not executable: chmod +x"
    if not line.startswith(b"#!"):
        return ""
    return _of_words(os.fsdecode(line[2:]).strip(" \t").split(None, 1), carriage=line.endswith(b"\r"))


def _of_words(words: list[str], *, carriage: bool) -> str:
    """``words`` are the interpreter and the rest of the line, which is one argument."""
    if not words:
        return "its first line names no interpreter: write #!/bin/sh"
    if carriage:
        return f"its lines end in CRLF, so its interpreter would be {words[-1].rstrip()}\\r: {SAVE}"
    interpreter, rest = words[0], words[1] if len(words) > 1 else ""
    if not os.access(interpreter, os.X_OK) or os.path.isdir(interpreter):
        return f"its interpreter {interpreter} is not there: install it, or name another one behind #!"
    if os.path.basename(interpreter) == "env":
        return _of_env(rest)
    return ""


def _of_env(rest: str) -> str:
    """``rest`` is what stands behind env(1): options, variables, and the interpreter."""
    wanted = next((word for word in rest.split() if not word.startswith("-") and "=" not in word), "")
    if not wanted or shutil.which(wanted):
        return ""
    return f"its interpreter {wanted} is not in PATH: install it, or name another one behind #!"
