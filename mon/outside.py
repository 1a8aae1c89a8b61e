r"""Text from outside, made fit for where it goes: terminals, logs, mails, chats.

What a monitor, a server or a sender of traps says may hold anything: escape sequences that drive a terminal,
line breaks that forge a line of a log, marks that turn the order of letters round (Unicode TR 36, TR 39),
mentions that wake a whole channel.  Nothing of it is lost: what must not go out as it is stays visible as
``\x1b`` or ``\u202e``, and all kinds of blanks become a plain one.
"""

import re
from collections.abc import Iterable, Iterator

_CACHED = 0x10000


class _Fit(dict[int, str]):
    """For ``str.translate``: each character as it may go out; those of ``kept`` as they are."""

    def __init__(self, kept: str = "") -> None:
        super().__init__({ord(letter): letter for letter in kept})

    def __missing__(self, code: int) -> str:
        fit = _fit(chr(code))
        if code < _CACHED:  # a stranger chooses the letters: what is remembered stays bounded
            self[code] = fit
        return fit


def _fit(letter: str) -> str:
    if letter.isprintable():
        return letter
    if letter.isspace():  # line breaks of all kinds, too
        return " "
    return letter.encode("unicode_escape").decode()


_ONE, _MANY = _Fit(), _Fit("\n\t")
_BREAK = re.compile("\r\n?")


def one_line(text: str, most: int | None = None) -> str:
    """One line for a terminal, a log or a header, of at most so many characters (cut: it ends in ``…``)."""
    if most is not None and len(text) > most:
        text = text[:most] if most < 1 else f"{text[: most - 1]}…"
    fit = text if text.isprintable() else text.translate(_ONE)
    return fit if most is None or len(fit) <= most else f"{fit[: max(0, most - 1)]}…"


def printable(text: str) -> str:
    """A text of several lines: line breaks (as newlines) and tabs stay."""
    if text.isprintable():
        return text
    return (_BREAK.sub("\n", text) if "\r" in text else text).translate(_MANY)


# Chats.  Each function takes a text of several lines and gives one that says the same and does nothing.

_URL = re.compile(r"https?://[^\s<>()\[\]|\"`*]+")
_MARKS = re.compile(r"[\\`*_~|>\[\]#]|^[-+](?=\s)|&(?=[#\w])", re.MULTILINE)
"""The & of ``&#64;``: Mattermost reads such references first, and looks for mentions then."""

_MENTION = re.compile(r"@(?=[\w<(])")
_AT = "\uff20"
"""A wide @: it looks like one and calls nobody."""


def unmentioned(text: str) -> str:
    """For chats without a way to quote: an @ that would call somebody, and <, are their wide forms."""
    return _wide(printable(text)).replace("<", "\uff1c")


def slack(text: str, most: int | None = None) -> str:
    """For Slack: & < > begin its mentions and links, and are written as it asks for.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return _cut((_ENTITIES.get(letter, letter) for letter in printable(text)), most)


_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def markdown(text: str, most: int | None = None) -> str:
    """For chats that read Markdown (Discord, Mattermost, Teams): marks are quoted, links stay as they are."""
    fit, end, parts = _wide(printable(text)), 0, list[str]()
    for url in _URL.finditer(fit):
        parts += [*_quoted(fit, end, url.start()), url[0]]
        end = url.end()
    return _cut((*parts, *_quoted(fit, end, len(fit))), most)


def _quoted(text: str, begin: int, end: int) -> Iterator[str]:
    for mark in _MARKS.finditer(text, begin, end):
        yield from text[begin : mark.start()]
        yield f"\\{mark[0]}"
        begin = mark.end()
    yield from text[begin:end]


def _wide(text: str) -> str:
    return _MENTION.sub(lambda found: _AT if _calls(text, found.start()) else "@", text)


def _calls(text: str, at: int) -> bool:
    """Is this @ a mention (as ``.@all`` and ``+@all`` are), and not the middle of a mail address?"""
    return at == 0 or not text[at - 1].isalnum()


def _cut(pieces: Iterable[str], most: int | None) -> str:
    """The pieces as one text; no piece is torn when it is cut."""
    if most is None:
        return "".join(pieces)
    kept, length = list[str](), 0
    for piece in pieces:
        if length + len(piece) > most:
            while kept and length + 1 > most:
                length -= len(kept.pop())
            return "".join((*kept, "…")) if most else ""
        kept.append(piece)
        length += len(piece)
    return "".join(kept)
