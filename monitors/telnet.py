"""Wait for the login prompt of a Telnet server.

The letters are those of the classic telnet.monitor: ``-l`` is a regular expression between slashes, as
/ogin:/i; with // connecting is enough.
"""

from collections.abc import Mapping
from typing import Annotated

from mon.plugin import (
    FALSE,
    BadOption,
    Bind,
    Cause,
    Down,
    Option,
    Pattern,
    Port,
    Probe,
    Seek,
    Timeout,
    numbers,
    regex,
)

DELIMITERS = {
    "/": "/",
    "|": "|",
    "#": "#",
    "!": "!",
    ",": ",",
    "%": "%",
    "{": "}",
    "(": ")",
    "[": "]",
    "<": ">",
}
"""How Perl's match operator may begin, and how it then ends (perlop, m/PATTERN/); all but / need the m."""

FLAGS = "imsxgoc"
"""Perl's modifiers; g, o and c change nothing here."""

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
REFUSALS = {DO: WONT, WILL: DONT}
LIMIT = 1 << 16
LONGEST = 1024
"""Bytes of what a server says about one option; all is refused anyway."""


async def check(
    host: str,
    *,
    port: Port = 23,
    timeout: Timeout = 10,
    login: Annotated[str, Option("-l", help="what to wait for", metavar="/REGEX/", unset=FALSE)] = "/ogin:/i",
    bind: Bind = "",
    probe: Probe,
) -> str:
    """The prompt."""
    seek = Seek(pattern(login))
    screen = Screen()
    async with probe.talk(host, port, timeout=timeout, bind=bind, limit=LIMIT) as server:
        while not seek(screen.text):
            data = await server.read_some()
            if not data:
                shown = bytes(screen.text[-60:])
                raise Down(f"closed without a prompt after {shown!r}", cause=Cause.WRONG)
            if reply := screen.show(data):
                await server.write(reply)
    line = bytes(screen.text[: seek.end]).splitlines() or [b""]
    return line[-1].decode(errors="backslashreplace").strip()


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    pattern(str(options["login"]))


def pattern(text: str) -> Pattern:
    """Perl's ``/ogin:/i``, ``m|ogin:|`` or ``//`` (connecting is enough), or a bare regular expression.

    Raises BadOption.
    """
    operator = text.strip()
    opening = "/" if operator.startswith("/") else operator[1:2] if operator.startswith("m") else ""
    if opening not in DELIMITERS:
        return regex(text)
    body, closing, flags = operator[operator.index(opening) + 1 :].rpartition(DELIMITERS[opening])
    if not closing or set(flags) - set(FLAGS):
        raise BadOption(f"-l is given {text!r}: write what the prompt has between slashes, as /ogin:/i")
    kept = "".join(sorted(set(flags) & set("imsx")))
    return regex(f"(?{kept}){body}" if kept else body)


class Screen:
    """What the server shows, without the talk about options, all of which are refused (RFC 854)."""

    def __init__(self) -> None:
        self.text = bytearray()
        self._rest = b""

    def show(self, data: bytes) -> bytes:
        """Take in what came; the answer to send."""
        data, self._rest = self._rest + data, b""
        reply = bytearray()
        at = 0
        while at < len(data):
            if data[at] != IAC:
                end = data.find(IAC, at)
                end = len(data) if end < 0 else end
                self.text += data[at:end]
                at = end
                continue
            length = command_length(data, at)
            if not length:  # the rest of it is still to come
                self._rest = data[at:]
                if len(self._rest) > LONGEST:
                    raise Down(f"an option of more than {LONGEST} bytes", cause=Cause.WRONG)
                break
            if length == 3:
                reply += (
                    bytes((IAC, REFUSALS[data[at + 1]], data[at + 2])) if data[at + 1] in REFUSALS else b""
                )
            elif data[at + 1] == IAC:
                self.text.append(IAC)
            at += length
        return bytes(reply)


def command_length(data: bytes, at: int) -> int:
    """Bytes of the Telnet command at ``at``; 0 if it is not whole."""
    verb = data[at + 1] if at + 1 < len(data) else None
    if verb is None:
        return 0
    if verb == SB:
        end = data.find(bytes((IAC, SE)), at)
        return end + 2 - at if end >= 0 else 0
    length = 3 if DONT >= verb >= WILL else 2
    return length if at + length <= len(data) else 0
