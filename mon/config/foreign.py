"""Files of other programs, given to mon by mistake: what they look like, and what to do.

A file is of another program when a line of it has that program's mark and none has mon's.
"""

import re
from typing import NamedTuple

from mon.config.lines import physical_lines
from mon.config.place import Misfit

_OURS = re.compile(r"(?:watch|hostgroup|alertgroup)\s+[^\s={]+.*|virtual\s+[\w.-]+\s+(?!\{).*", re.ASCII)
"""No other program's file has such a line; those of nginx and the like end in a brace."""

_HERE = "give the path of a mon.cf behind -c"
_POOLS = "write a virtual block for each of its virtual servers (docs/pools.md)"
_SAVE = "save it as UTF-8 text"


class Kind(NamedTuple):
    """A kind of file: its name, the mark (a whole line without blanks around it), what to do."""

    name: str
    mark: re.Pattern[str]
    remedy: str = _HERE


KINDS = (
    Kind(
        "a keepalived.conf",
        re.compile(
            r"(?:global_defs|vrrp_\w+|virtual_server(?:_group)?|real_server|static_(?:ipaddress|routes|rules)"
            r"|bfd_instance|virtual_ipaddress|lb_(?:algo|kind)|delay_loop|track_(?:file|process))(?:[\s{].*)?"
        ),
        _POOLS,
    ),
    Kind(
        "an ldirectord.cf",
        re.compile(
            r"(?:virtual6?|real6?|checktimeout|checkinterval|negotiatetimeout|autoreload|quiescent|checktype"
            r"|checkcount|emailalert|supervised|fallback|fallbackcommand|maintenancedir|logfile)\s*=.*"
        ),
        _POOLS,
    ),
    Kind(
        "an haproxy.cfg",
        re.compile(
            r"(?:frontend|backend|listen)\s+[\w.:-]+(?:\s+\S+)?|defaults|option\s+httpchk\b.*|balance\s+\w+"
        ),
        "name HAProxy in a balancer line (docs/balancers.md)",
    ),
    Kind(
        "an nginx.conf",
        re.compile(r"(?:http|events|stream|server|upstream\s+\S+|location\s.*)\s*\{"),
        "name nginx in a balancer line (docs/balancers.md)",
    ),
    Kind("a file of ipvsadm -S", re.compile(r"-[Aa]\s+-[tuf]\s+\S+.*"), _POOLS),
    Kind(
        "an ha.cf of heartbeat",
        re.compile(
            r"(?:deadtime|warntime|initdead|udpport|auto_failback|bcast|mcast|ucast|keepalive)\s+\w.*|crm\s+\w+"
        ),
    ),
    Kind("a file of Nagios", re.compile(r"define\s+\w+\s*\{.*")),
    Kind("a file of Icinga", re.compile(r"(?:object|apply|template)\s+\w+\s+\".*")),
    Kind(
        "a monitrc",
        re.compile(r"check\s+(?:process|host|system|file|program|filesystem|network)\s.*|set\s+daemon\s.*"),
    ),
    Kind("an auth.cf", re.compile(r"(?:command|trap)\s+section"), "name it in 'authfile = PATH'"),
    Kind("a file of users", re.compile(r"[\w.-]+:\$\w+\$\S+"), "name it in 'userfile = PATH'"),
    Kind("a file of systemd", re.compile(r"\[(?:Unit|Service|Install|Timer|Socket)\]")),
    Kind("an INI file", re.compile(r"\[[\w. -]+\]")),
    Kind("a YAML file", re.compile(r"---|- [\w-]+:.*")),
)
"""In the order in which they are tried: what is more telling first."""

_LOOK = 4096
"""Bytes that tell how a text is encoded."""

_WIDE = (("UTF-32", "utf-32-le"), ("UTF-32", "utf-32-be"), ("UTF-16", "utf-16-le"), ("UTF-16", "utf-16-be"))

_BEGINNINGS = (
    ("\udcff\udcfe\0\0", "UTF-32", _SAVE),
    ("\0\0\udcfe\udcff", "UTF-32", _SAVE),
    ("\udcff\udcfe", "UTF-16", _SAVE),
    ("\udcfe\udcff", "UTF-16", _SAVE),
    ("\x1f\udc8b", "packed by gzip", "unpack it"),
    ("BZh", "packed by bzip2", "unpack it"),
    ("\udcfd7zXZ", "packed by xz", "unpack it"),
    ("(\udcb5/\udcfd", "packed by zstd", "unpack it"),
    ("PK\x03\x04", "a zip file", "unpack it"),
    ("\x7fELF", "a program", _HERE),
    ("%PDF", "a PDF", _HERE),
    ("{\\rtf", "a text processor's file", _SAVE),
    ("SQLite format 3\0", "a database", _HERE),
)
_FIRST_LINES = (
    (re.compile(r"#!\s*/.*"), "a script"),
    (re.compile(r"<(?:\?xml|!DOCTYPE|html|\w+[\s>]).*", re.IGNORECASE), "XML or HTML"),
    (re.compile(r"[{\[](?:\s*[\"{\[].*)?"), "JSON"),
)


def foreign(text: str) -> tuple[int, Misfit] | None:
    """What the text is, if it is of another program, and the line that shows it; None for a mon.cf."""
    for beginning, what, remedy in _BEGINNINGS:
        if text.startswith(beginning):
            return 1, Misfit(f"the file is {what}", remedy)
    if name := _wide(text):
        return 1, Misfit(f"the file is {name}", _SAVE)
    if text[:64].count("\0") > 16:
        return 1, Misfit("the file is no text", _SAVE)
    lines = [line.strip() for line in physical_lines(text)]
    if any(map(_OURS.fullmatch, lines)):
        return None
    for kind in KINDS:
        number = next((number for number, line in enumerate(lines, 1) if kind.mark.fullmatch(line)), 0)
        if number:
            return number, Misfit(f"this looks like {kind.name}", kind.remedy)
    return _by_first_line(lines)


def _wide(text: str) -> str:
    """Which encoding of two or four bytes a letter, without a mark at the beginning, "" if none.

    Its words, blanks and line ends are ASCII: a fifth of it at least, in whatever language its comments are.
    """
    if "\0" not in text[:_LOOK]:
        return ""
    data = text[:_LOOK].encode(errors="surrogateescape")[: _LOOK & -4]
    for name, codec in _WIDE:
        letters = data.decode(codec, errors="replace")
        plain = sum(letter.isascii() and (letter.isprintable() or letter.isspace()) for letter in letters)
        if plain * 5 >= len(letters):
            return name
    return ""


def _by_first_line(lines: list[str]) -> tuple[int, Misfit] | None:
    number = next((number for number, line in enumerate(lines, 1) if line), 0)
    for mark, what in _FIRST_LINES if number else ():
        if mark.fullmatch(lines[number - 1]):
            return number, Misfit(f"this looks like {what}", _HERE)
    return None
