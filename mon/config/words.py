"""Shell-like words: quotes are removed, nothing is expanded.

A backslash outside single quotes takes the next character as it is.  Quotes may stand inside of a
word.  ``;;`` at the very end of a monitor's line, even without a blank before it, leaves out the hosts.
"""

import re
from functools import lru_cache

_PIECE = re.compile(
    r"""
    (?P<blank> \s+ )
    | ' (?P<single> [^']* ) '
    | " (?P<double> (?: [^"\\] | \\. )* ) "
    | \\ (?P<taken> . )
    | (?P<plain> [^\s'"\\]+ )
    """,
    re.VERBOSE,
)
_SPECIAL = re.compile(r"['\"\\]")
_ESCAPED = re.compile(r"\\(.)")
_NO_HOSTS = re.compile(r"\s*;;$")


@lru_cache(maxsize=4096)  # ten thousand services share few command lines: they share their words too
def split(text: str) -> tuple[str, ...]:
    """The words of the text.  ValueError if a quote is not closed."""
    if _SPECIAL.search(text) is None:
        return tuple(text.split())
    words: list[str] = []
    open_word = False
    at = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise ValueError(f"the quote {text[at]} in '{text}' is not closed")
        at = piece.end()
        if piece.lastgroup == "blank":
            open_word = False
            continue
        if not open_word:
            words.append("")
        open_word = True
        words[-1] += _unquoted(piece)
    return tuple(words)


def divided(text: str, word: str) -> tuple[str, ...]:
    """The parts of the text between each ``word`` that stands alone and unquoted; all of it if none does."""
    if word not in text:  # nearly always: reading its pieces takes ten times as long
        return (text.strip(),)
    parts: list[str] = []
    begin = at = 0
    while at < len(text) and (piece := _PIECE.match(text, at)):
        alone = piece["plain"] == word and text[:at][-1:].isspace() and text[piece.end() :][:1].isspace()
        if alone:
            parts.append(text[begin:at].strip())
            begin = piece.end()
        at = piece.end()
    return (*parts, text[begin:].strip())


def without_hosts_mark(text: str) -> tuple[str, bool]:
    """The text without a final ``;;``, and whether the hosts are to be appended."""
    kept = _NO_HOSTS.sub("", text)
    return kept, kept == text


def _unquoted(piece: re.Match[str]) -> str:
    inside = piece[piece.lastgroup or 0]
    return _ESCAPED.sub(r"\1", inside) if piece.lastgroup == "double" else inside
