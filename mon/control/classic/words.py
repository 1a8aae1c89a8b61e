r"""The value in ``set G S VAR VALUE`` and ``ack G S COMMENT``: the first word by shell-like quoting."""

import re

from mon.control.classic.escaping import decoded

_PIECE = re.compile(
    r"""  "(?P<double> (?: [^"\\] | \\. )* )"
        | '(?P<single> (?: [^'\\] | \\. )* )'
        | (?P<bare>    (?: [^\s"'\\] | \\. )+ )""",
    re.VERBOSE | re.DOTALL,
)
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)


def value(text: str) -> str:
    """The first word of ``text``, decoded; "" if there is none or a quote is not closed.

    Backslashes go, except within single quotes; there ``\\xx`` is decoded, so clients send ``'...'``.
    """
    word, at = "", len(text) - len(text.lstrip())
    while at < len(text) and not text[at].isspace():
        piece = _PIECE.match(text, at)
        if piece is None:
            return ""
        single = piece["single"]
        word += (
            single if single is not None else _BACKSLASH.sub(r"\1", piece["double"] or piece["bare"] or "")
        )
        at = piece.end()
    return decoded(word) if _closed(text, at) else ""


def _closed(text: str, at: int) -> bool:
    """Are the quotes behind the first word closed as well?  Else the classic takes nothing of it."""
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif piece := _PIECE.match(text, at):
            at = piece.end()
        else:
            return False
    return True
