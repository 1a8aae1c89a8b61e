"""Ask an agent that answers like HAProxy's agent-check how its host is.

The agent answers each connection with one line: ``up``, or ``down``, ``fail``, ``stopped`` (a description may
follow behind ``#``); ``ready``, ``drain``, ``maint``; a share of the weight in mon.cf as ``75%``;
``maxconn:N``, which is shown and not followed.  Words stand in any order between blanks or commas, the last
of a kind counts, and an answer is all there is: what it does not say is not so.  ``drain`` and ``maint``
suggest weight 0.  Pools follow a suggested weight by their line ``weight MIN..MAX`` (docs/pools.md).  As with
HAProxy an agent that does not answer says nothing of its host (unknown, unless ``--required``): let another
service vote beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from mon.plugin import BadOption, Bind, Down, Option, Port, Probe, Timeout, Unknown, Weighed, numbers

LIMIT = 16384
"""Bytes of an answer; as many as HAProxy reads."""

DOWN = ("down", "fail", "stopped")
KINDS = {
    **dict.fromkeys(("up", *DOWN), "health"),
    **dict.fromkeys(("ready", "drain", "maint"), "admin"),
}
PERCENT = re.compile(r"\d{1,5}(?:\.\d{1,3})?%", re.ASCII)
MAXCONN = re.compile(r"maxconn:\d+", re.ASCII | re.IGNORECASE)
ESCAPES = {r"\r": "\r", r"\n": "\n", r"\t": "\t"}


@dataclass(slots=True)
class Answer:
    """What one line says: the last word of each kind, what is behind ``#``, and what is unknown."""

    words: dict[str, str] = field(default_factory=dict)
    description: str = ""
    strange: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = " ".join(self.words.values())
        return said + (f" (not understood: {' '.join(self.strange)[:80]})" if self.strange else "")


async def check(
    host: str,
    *,
    port: Port = 9999,
    timeout: Timeout = 5,
    send: Annotated[str, Option("--send", help=r"text to send first, with \r \n \t", metavar="TEXT")] = "",
    required: Annotated[bool, Option("--required", help="down when the agent does not answer")] = False,
    bind: Bind = "",
    probe: Probe,
) -> str | Weighed:
    """``up ready 75%``: what the agent said."""
    try:
        data = await probe.exchange(
            host, port, unescaped(send), ended, timeout=timeout, bind=bind, limit=LIMIT
        )
        answer = understood(data)
    except Down as finding:
        if required:
            raise
        raise Unknown(f"the agent: {finding.detail}") from finding
    return judged(answer)


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    unescaped(str(options.get("send") or ""))


def judged(answer: Answer) -> str | Weighed:
    """The verdict, and the weight that it suggests.  Raises Down."""
    health = answer.words.get("health", "")
    if health in DOWN:
        raise Down(f"the agent says {health}" + (f": {answer.description}" if answer.description else ""))
    if answer.words.get("admin") in ("drain", "maint"):
        return Weighed(str(answer), 0)
    share = answer.words.get("share")
    return Weighed(str(answer), share) if share else str(answer)


def understood(data: bytes) -> Answer:
    """The words of the line.  Raises Down for what is no answer of an agent."""
    line, end, _ = re.sub(rb"[\r\n]", b"\n", data).partition(b"\n")
    text = line.decode(errors="backslashreplace")
    if not end:
        raise Down(f"no end of line behind {text[:80]!r}" if text else "no answer")
    said, _, description = text.partition("#")
    answer = Answer(description=description.strip()[:200])
    for word in filter(None, re.split(r"[ \t,]+", said)):
        kind = kind_of(word)
        if kind:
            answer.words[kind] = word.lower()
        else:
            answer.strange.append(word)
    if not answer.words:
        raise Down(f"{text[:80]!r} is nothing that an agent says")
    return answer


def kind_of(word: str) -> str:
    """What a word is about: health, admin, share or maxconn; "" is nothing known."""
    if PERCENT.fullmatch(word):
        return "share"
    return "maxconn" if MAXCONN.fullmatch(word) else KINDS.get(word.lower(), "")


def ended(received: bytearray) -> bool:
    """Is the line complete?"""
    return b"\n" in received or b"\r" in received


def unescaped(text: str) -> bytes:
    """``web1\\n`` as written in mon.cf to the bytes that are meant.  Raises BadOption."""
    for written, meant in ESCAPES.items():
        text = text.replace(written, meant)
    if "\\" in text:
        raise BadOption(f"--send is given {text!r}: write \\r, \\n or \\t behind a backslash")
    return text.encode()
