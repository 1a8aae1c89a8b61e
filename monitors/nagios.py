"""Run a Nagios or Icinga plugin for each host.

``nagios.monitor -c "check_http -u /healthz -w 1 -c 3"``: the host's address goes where ``{host}`` stands,
or with ``-H`` to the end.  Exit status 0 is ok, 1 (warning) and 2 (critical) are down, 3 and anything else
are unknown.  The first line and the performance data are kept: of stdout, or if that is empty, of stderr.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from typing import Annotated

from mon.plugin import BadOption, Cause, Down, Option, Spawn, Timeout, Unknown, numbers

DIRECTORIES = (
    "/usr/lib/nagios/plugins",
    "/usr/lib64/nagios/plugins",
    "/usr/lib/monitoring-plugins",
    "/usr/local/nagios/libexec",
)
"""Where distributions put the plugins; a name is looked for there, then in PATH."""

OK, WARNING, CRITICAL = 0, 1, 2
TIMED_OUT = re.compile(r"time[d ]*out|no response|no answer", re.IGNORECASE)
REFUSED = re.compile(r"connection refused", re.IGNORECASE)


async def check(
    host: str,
    *,
    command: Annotated[str, Option("-c", "--command", help="the plugin and its arguments, in quotes")] = "",
    timeout: Timeout = 60,
    warning_ok: Annotated[bool, Option("-w", "--warning-ok", help="a warning is ok")] = False,
    directory: Annotated[str, Option("-d", "--directory", help="where else the plugins are")] = "",
    spawn: Spawn,
) -> str:
    """What the plugin said, with its performance data behind a bar."""
    words = list(line(command, host, directory))
    ran = await spawn(words, timeout=timeout)
    said = shown(ran.output if ran.output.strip() else ran.errors)
    if ran.trouble:
        raise Unknown(f"{os.path.basename(words[0])}: {ran.trouble}", cause=Cause.NONE)
    if ran.status == OK or (ran.status == WARNING and warning_ok):
        return said
    if ran.status in (WARNING, CRITICAL):
        raise Down(said or f"exit status {ran.status}", cause=cause(said))
    raise Unknown(said or f"exit status {ran.status}", cause=Cause.NONE)


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read; a plugin that is not there is a warning."""
    numbers(options)
    try:
        first, *_ = line(str(options["command"]), "", str(options.get("directory") or ""))
    except ValueError:
        raise BadOption('-c names no plugin: write -c "check_http -u /"') from None
    return [] if shutil.which(first) else [f"{first} is not there, or no program: install it"]


def line(command: str, host: str, directory: str) -> Iterator[str]:
    """The words to run.  Raises ValueError if there are none, or a quote is not closed."""
    plugin, *arguments = shlex.split(command)
    places = (directory, *DIRECTORIES) if directory else DIRECTORIES
    found = [path for place in places if os.access(path := os.path.join(place, plugin), os.X_OK)]
    yield found[0] if found and "/" not in plugin else plugin
    yield from (word.replace("{host}", host) for word in arguments)
    if not any("{host}" in word for word in arguments):
        yield from ("-H", host)


def shown(output: str) -> str:
    """The first line's text, and behind a bar all performance data (they may go on in later lines)."""
    first, _, rest = output.partition("\n")
    text, _, data = first.partition("|")
    more = " ".join(rest.partition("|")[2].split())
    numbers = " ".join(filter(None, (data.strip(), more)))
    return f"{text.strip()} | {numbers}" if numbers else text.strip()


def cause(said: str) -> Cause:
    """In which way the host is down, as far as the words tell."""
    if REFUSED.search(said):
        return Cause.REFUSED
    return Cause.TIMEOUT if TIMED_OUT.search(said) else Cause.WRONG
