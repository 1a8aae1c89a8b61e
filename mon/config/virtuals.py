"""Converters of the ``virtual`` block: addresses, real servers, floor.

virtual NAME ADDRESS:PORT [tcp|udp|sctp]        virtual NAME fwmark N [inet6]
real HOST[:PORT] [weight N] [forward F] [lower N] [upper N] [check NAME]
floor SHARE%|COUNT [hard]                       persistent SECONDS [netmask BITS]
evict N/TIME                                    flap N/TIME hold TIME
weight MIN..MAX [over TIME]                     real HOST weight N between MIN..MAX
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from mon.config import values
from mon.config.place import Misfit, Place
from mon.config.suggest import suggest
from mon.model.pool import Bounds, Drift, Flap, Floor, Forward, Protocol, Rate, Real
from mon.model.weight import LARGEST, Weight, weight_of
from mon.structs import replace

_ENDPOINT = re.compile(r"(?:\[(?P<bracketed>[^\]]*)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[^:]*))?")
_SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh")
_FORWARD_BY_OTHERS = {"nat": "masq", "dr": "gate", "direct": "gate", "tun": "ipip", "tunnel": "ipip"}
_Word = TypeVar("_Word", Drift, Forward, Protocol)


def service_id(words: list[str], place: Place) -> dict[str, object]:
    """What stands behind the name of a virtual service, as fields of Virtual."""
    if not words:
        raise Misfit("the virtual service has no address", "write ADDRESS:PORT or fwmark N behind its name")
    if words[0] == "fwmark":
        return _fwmark(words[1:], place)
    address, port = endpoint(words[0], place)
    if not values.is_address(address):
        raise Misfit(f"'{address}' is no address", "write an IPv4 address, or an IPv6 address in brackets")
    if port is None:
        raise Misfit(f"'{words[0]}' has no port", f"write {_bracketed(address)}:80")
    if len(words) > 2:
        raise Misfit(f"'{words[2]}' is not understood", "write only ADDRESS:PORT and tcp, udp or sctp")
    return {"address": address, "port": port, "protocol": _one_of(Protocol, words[1] if words[1:] else "tcp")}


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _fwmark(words: list[str], place: Place) -> dict[str, object]:
    if not words or words[1:] not in ([], ["inet6"], ["inet"]):
        raise Misfit(
            f"'{' '.join(['fwmark', *words])}' is not understood", "write fwmark N, or fwmark N inet6"
        )
    return {"fwmark": values.positive(words[0], place), "family6": words[1:] == ["inet6"]}


def endpoint(value: str, place: Place) -> tuple[str, int | None]:
    """``host``, ``host:80``, ``10.0.0.1:80``, ``[2001:db8::1]:80`` or ``2001:db8::1``: host and port."""
    if value.count(":") > 1 and "[" not in value and values.is_address(value):
        return value, None
    match = _ENDPOINT.fullmatch(value)
    if match is None or (match["bracketed"] is not None and not values.is_address(match["bracketed"])):
        raise Misfit(f"'{value}' is no address", "write HOST:PORT, with an IPv6 address in brackets")
    port = values.port(match["port"], place) if match["port"] is not None else None
    return match["bracketed"] or match["host"], port


def balancer(value: str, place: Place) -> tuple[str, ...]:
    """The kind of balancer, and what it needs to be reached."""
    found = values.arguments(value)
    if not found:
        raise Misfit("balancer names no kind", "write ipvs, haproxy, nginx or another kind")
    return found


def scheduler(value: str, place: Place) -> str:
    """A balancing scheduler of IPVS."""
    if value in _SCHEDULERS:
        return value
    raise Misfit(
        f"unknown scheduler '{value}'",
        suggest(value, _SCHEDULERS) or f"write one of {', '.join(_SCHEDULERS)}",
    )


def forward(value: str, place: Place) -> Forward:
    """How packets reach the real servers."""
    if other := _FORWARD_BY_OTHERS.get(value):
        raise Misfit(f"'{value}' is another program's word", f"write {other}")
    return _one_of(Forward, value)


def drift(value: str, place: Place) -> Drift:
    """What to do about edits of the balancer's table by hand."""
    return _one_of(Drift, value)


def persistent(value: str, place: Place) -> tuple[int, int | None]:
    """Seconds (a unit may follow), and the bits of the netmask."""
    words = value.split()
    if len(words) not in (1, 3) or words[1:2] not in ([], ["netmask"]):
        raise Misfit(f"'{value}' is not understood", "write seconds, or seconds and netmask BITS")
    plain = words[0].isdigit()
    seconds = values.count(words[0], place) if plain else round(values.time(words[0], place))
    if seconds < 1:
        raise Misfit(f"'{words[0]}' is too short", "write 1 or more seconds")
    return seconds, _netmask(words[2], place) if words[2:] else None


def _netmask(word: str, place: Place) -> int:
    try:
        bits = ipaddress.IPv4Network(f"0.0.0.0/{word}").prefixlen if "." in word else int(word)
    except ValueError:
        bits = 0
    if 1 <= bits <= 128:
        return bits
    raise Misfit(f"'{word}' is no netmask", "write its bits, like 24")


def real(value: str, place: Place) -> Real:
    """A real server and its options."""
    words = value.split()
    if not words:
        raise Misfit("real names no server", "write HOST or HOST:PORT")
    host, port = endpoint(words[0], place)
    return Real(host, port, source=place.source, **_real_options(words[1:], place))  # type: ignore[arg-type]


def _weight(word: str, place: Place) -> int:
    number = values.count(word, place)
    if number > LARGEST:
        raise Misfit(f"weight {number} is too large", f"write a number from 0 to {LARGEST}")
    return number


def bounds(value: str, place: Place) -> Bounds:
    """``MIN..MAX``, and the time that a change by the whole weight takes."""
    words = value.split()
    if len(words) not in (1, 3) or words[1:2] not in ([], ["over"]):
        raise Misfit(f"'{value}' is not understood", "write it like 10..100, or 10..100 over 30s")
    found = between(words[0], place)
    return replace(found, over=values.time(words[2], place)) if words[2:] else found


def between(value: str, place: Place) -> Bounds:
    """``10..100`` or ``20%..150%``."""
    low, dots, high = value.partition("..")
    if not dots:
        raise Misfit(f"'{value}' is no range", "write it like 10..100 or 20%..150%")
    found = Bounds(_bound(low), _bound(high))
    if found.low.share == found.high.share and found.low.number > found.high.number:
        raise Misfit(f"{low} is more than {high}", f"write {high}..{low}")
    return found


def _bound(word: str) -> Weight:
    found = weight_of(word)
    if found is None:
        raise Misfit(f"'{word}' is no weight", "write a number, or a share of the weight like 20%")
    if not found.share and (found.number > LARGEST or found.number % 1):
        raise Misfit(f"weight {word} cannot be", f"write a whole number from 0 to {LARGEST}")
    return found


_REAL_OPTIONS: Mapping[str, Callable[[str, Place], object]] = {
    "weight": _weight,
    "forward": forward,
    "lower": values.count,
    "upper": values.count,
    "check": values.text,
    "between": between,
}


_FIELDS = {"between": "bounds"}
"""Fields of ``Real`` that are called otherwise than the options."""

REAL_OPTIONS: Mapping[str, str] = {name: _FIELDS.get(name, name) for name in _REAL_OPTIONS}
"""The options of a real server, and the fields they go to.  All are live: a reload changes them."""


def _real_options(words: list[str], place: Place) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, word in zip(words[::2], [*words[1::2], ""], strict=False):
        if name not in _REAL_OPTIONS:
            remedy = suggest(name, _REAL_OPTIONS) or f"write one of {', '.join(_REAL_OPTIONS)}"
            raise Misfit(f"unknown option '{name}' of a real server", remedy)
        if not word:
            raise Misfit(f"'{name}' has no value", f"write it behind {name}")
        found[REAL_OPTIONS[name]] = _REAL_OPTIONS[name](word, place)
    return found


def fallback(value: str, place: Place) -> Real:
    """The server that gets the traffic when all others are out."""
    return real(value, place)


def floor(value: str, place: Place) -> Floor:
    """A share of the enabled servers or a count, and whether it goes before the fallback server."""
    amount, _, rest = value.partition(" ")
    if rest.strip() not in ("", "hard"):
        raise Misfit(f"'{rest.strip()}' is not understood", "write 'hard' or nothing behind the floor")
    hard = bool(rest.strip())
    if not amount.endswith("%"):
        return Floor(count=values.positive(amount, place), hard=hard)
    percent = values.count(amount[:-1], place)
    if not 1 <= percent <= 100:
        raise Misfit(f"{percent}% is no floor", "write a share from 1% to 100%")
    return Floor(share=percent / 100, hard=hard)


def evict(value: str, place: Place) -> Rate:
    """``N/TIME``: no more than N servers leave within the time."""
    amount, _, seconds = value.partition("/")
    if not seconds:
        raise Misfit(f"'{value}' is no rate", "write it like 2/1m")
    return Rate(values.positive(amount, place), values.time(seconds, place))


def flap(value: str, place: Place) -> Flap:
    """``N/TIME hold TIME``: who leaves N times within the time is held out."""
    words = value.split()
    if len(words) != 3 or words[1] != "hold":
        raise Misfit(f"'{value}' is not understood", "write it like 5/10m hold 5m")
    rate = evict(words[0], place)
    return Flap(rate.count, rate.seconds, values.time(words[2], place))


def _one_of(kind: type[_Word], word: str) -> _Word:
    try:
        return kind(word)
    except ValueError as error:
        known = [str(member) for member in kind]
        remedy = suggest(word, known) or "write one of them"
        raise Misfit(f"'{word}' is none of {', '.join(known)}", remedy) from error
