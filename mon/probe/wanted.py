"""What an operator wants to see in an answer, as options say it.

The words are checked when the config is read and used with every check, so both are remembered.
"""

import re
import ssl
from collections.abc import Mapping
from functools import lru_cache

from mon.errors import BadOption, Down
from mon.model.result import Cause
from mon.probe.alabel import ascii_name
from mon.probe.pattern import Pattern
from mon.probe.tls import VERSIONS, load_certificate
from mon.structs import Struct


class Statuses(Struct, frozen=True):
    """Numbers and inclusive ranges of numbers: ``200-399,401``.  ``503 in statuses`` asks."""

    text: str
    ranges: tuple[tuple[int, int], ...]

    def __contains__(self, status: int) -> bool:
        return any(low <= status <= high for low, high in self.ranges)

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=256)
def statuses(text: str) -> Statuses:
    """Read them.  Raises BadOption."""
    ranges = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise BadOption(f"{text!r} is no list of statuses: write numbers and ranges, as 200-399,401")
        ranges.append((int(low), int(high or low)))
    return Statuses(text, tuple(ranges))


@lru_cache(maxsize=4096)
def regex(text: str) -> Pattern:
    """A regular expression over text; its dot matches line ends too.  Raises BadOption."""
    return Pattern(text)


NUMBERS = {
    "port": ("-p", 1, 65535),
    "timeout": ("-t", 0.001, 86_400_000),
    "retries": ("-r", 0, 1000),
    "slow": ("-s", 0, 86_400_000),
    "count": ("-c", 1, 1000),
    "interval": ("-i", 0, 3600),
    "loss": ("--loss", 0, 100),
    "redirects": ("--redirects", 0, 1000),
    "proxy_protocol": ("--proxy-protocol", 1, 2),
}
"""Options that several monitors have: letter, least, most."""


def numbers(options: Mapping[str, object]) -> None:
    """Refuse a number that cannot be meant.  Raises BadOption."""
    for name, (flag, least, most) in NUMBERS.items():
        value = options.get(name)
        if isinstance(value, int | float) and not least <= value <= most:
            raise BadOption(f"{flag} is given {value:g}: it takes {least:g} to {most:g}")


CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def plain(options: Mapping[str, object]) -> None:
    """Refuse control characters in any text: in a protocol of lines they would be commands of their own.

    Raises BadOption.
    """
    for name, value in options.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and CONTROL.search(text):
                raise BadOption(f"--{name.replace('_', '-')} has a control character in it: leave it out")


def verify_tls(options: Mapping[str, object], *, used: bool | None = None) -> list[str]:
    """Refuse options of TLS that cannot be meant; warnings of files that are not there.

    ``used``: is TLS spoken?  Without it, the options ``tls`` and ``starttls`` say so, where there are any.
    Raises BadOption.
    """
    name, least, cert, key, ca = (
        str(options.get(each) or "") for each in ("name", "tls_min", "cert", "key", "ca")
    )
    _verify_name(name)
    if least and least not in VERSIONS:
        raise BadOption(f"--tls-min is given {least}: it takes {', '.join(VERSIONS)}")
    if key and not cert:
        raise BadOption("--key is given without --cert: name our certificate, too")
    flags = {"--tls-min": least, "--cert": cert}
    switches = [bool(options[each]) for each in ("tls", "starttls") if each in options]
    spoken = any(switches) or not switches if used is None else used
    if not spoken and (idle := next((flag for flag, word in flags.items() if word), "")):
        ways = " or ".join(f"--{each}" for each in ("tls", "starttls") if each in options) or "https://"
        raise BadOption(f"{idle} is given, but no TLS is spoken: add {ways}")
    missing = [_unreadable(file) for file in filter(None, (ca, cert, key))]
    if cert and not any(missing):
        _verify_certificate(cert, key)
    return [warning for warning in missing if warning]


HELO = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?\.?|\[[0-9A-Za-z:.]{1,255}\]")


def verify_helo(options: Mapping[str, object]) -> None:
    """Refuse a name to greet with that is none (RFC 5321, 4.1.1.1).  Raises BadOption."""
    name = str(options.get("helo") or "")
    if name and not HELO.fullmatch(name):
        raise BadOption(f"--helo is given {name!r}: write a full host name, or an address as [192.0.2.1]")


def _verify_name(name: str) -> None:
    try:
        ascii_name(name)
    except UnicodeError as error:
        raise BadOption(f"--host is given {name}, which is no host name ({error}): write one") from error


def _verify_certificate(cert: str, key: str) -> None:
    try:
        load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cert, key)
    except PermissionError:  # who checks need not be who connects
        return
    except (OSError, ValueError) as error:
        files = f"{cert} and {key} are" if key else f"{cert} is"
        raise BadOption(
            f"{files} no certificate with its key ({error}): name PEM files that belong together"
        ) from error


def _unreadable(file: str) -> str:
    """The warning of a file that is not there; one that only others may read may be for whoever runs it."""
    try:
        with open(file, "rb"):
            return ""
    except PermissionError:
        return ""
    except OSError as error:
        return f"{file} cannot be read ({error.strerror}): put it there"


def valued(text: str, match: str, least: float | None, most: float | None) -> str:
    """The value that was asked for, if it is as wanted: matches, is a number within the limits.

    Raises Down.
    """
    if match and not regex(match).matches(text):
        raise Down(f"{text[:80]}: no match for {match}", cause=Cause.WRONG)
    if least is None and most is None:
        return text
    try:
        number = float(text)
    except ValueError as error:
        raise Down(f"{text[:80]!r} is no number", cause=Cause.WRONG) from error
    if least is not None and not number >= least:
        raise Down(f"{text} is less than {least:g}", cause=Cause.WRONG)
    if most is not None and not number <= most:
        raise Down(f"{text} is more than {most:g}", cause=Cause.WRONG)
    return text
