"""Ask an NTP server for the time, and judge how well it knows it.

The names are those of the classic ntpdate.monitor.  The offset is against this machine's clock.
"""

import secrets
import struct
import time
from collections.abc import Mapping
from typing import Annotated, NamedTuple

from mon.plugin import Bind, Cause, Down, Option, Port, Probe, Timeout, numbers

PACKET = struct.Struct("!BBbb11I")
CLIENT = 0x23  # version 4, mode 3
SERVER, UNSYNCHRONIZED = 4, 3
EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""


class Answer(NamedTuple):
    """``offset`` is how far the server is ahead of us, in seconds."""

    stratum: int
    leap: int
    reference: str
    offset: float


async def check(
    host: str,
    *,
    port: Port = 123,
    timeout: Timeout = 5,
    maxstratum: Annotated[int, Option("--maxstratum", help="fail above this stratum")] = 10,
    maxoffset: Annotated[float, Option("--maxoffset", help="fail beyond so many seconds")] = 0.8,
    retries: Annotated[int, Option("-r", help="further questions before the host is given up")] = 2,
    bind: Bind = "",
    probe: Probe,
) -> str:
    """``stratum 2, offset +0.4 ms``."""
    token = secrets.token_bytes(8)
    question = PACKET.pack(CLIENT, *(0,) * 14)[:40] + token
    begun = time.time()

    def take(data: bytes) -> Answer | None:
        return read(data, token, begun, time.time())

    answer = await probe.ask(host, port, question, take, timeout=timeout, attempts=retries + 1, bind=bind)
    said = f"stratum {answer.stratum}, offset {answer.offset * 1000:+.1f} ms"
    if answer.stratum == 0:
        raise Down(f"it does not want to tell the time: {answer.reference}", cause=Cause.WRONG)
    if answer.leap == UNSYNCHRONIZED or answer.stratum >= 16:
        raise Down(f"{said}: its clock is not synchronized", cause=Cause.WRONG)
    if answer.stratum > maxstratum:
        raise Down(f"{said}: more than stratum {maxstratum}", cause=Cause.WRONG)
    if abs(answer.offset) > maxoffset:
        raise Down(f"{said}: more than {maxoffset:g} s", cause=Cause.WRONG)
    return said


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)


def read(data: bytes, token: bytes, begun: float, now: float) -> Answer | None:
    """The answer to the question with this token (RFC 5905, 7.3); None for anything else."""
    if len(data) < PACKET.size or data[0] & 7 != SERVER or data[24:32] != token:
        return None
    first, stratum, _, _, *words = PACKET.unpack_from(data)
    received, sent = (_seconds(words[at], words[at + 1], now) for at in (7, 9))
    offset = ((received - begun) + (sent - now)) / 2
    return Answer(stratum, first >> 6, data[12:16].decode("ascii", errors="replace"), offset)


def _seconds(whole: int, part: int, now: float) -> float:
    """A time of 32 bits of seconds, in the era nearest to now (the next begins in 2036)."""
    since = whole - EPOCH + part / (1 << 32)
    return since + round((now - since) / (1 << 32)) * (1 << 32)
