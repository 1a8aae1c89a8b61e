"""Bytes of an answer as the text that was meant."""

import codecs
import re

CHARSETS = re.compile(
    r"utf-?8|utf-?16(-?[lb]e)?|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?1|windows-?125[0-8]|cp125[0-8]|"
    r"koi8-[rut]|macintosh|gb2312|gbk|gb18030|big5|big5-?hkscs|shift_?jis|euc-?jp|euc-?kr|iso-2022-(jp|kr)|tis-620"
)
"""What a server may say that it speaks.  Python knows more, some of which are no charsets and some slow."""

SHORT = 64
"""Bytes of a piece that is not divided further when there is something in it that is no UTF-8."""

CAREFUL = 1000
"""So many of these are looked at in an answer; what follows them is Latin-1 if it is no UTF-8."""

BYTES = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
"""What surrogateescape makes of bytes that are no UTF-8 (PEP 383), as Latin-1."""


def decoded(data: bytes | bytearray, charset: str = "") -> str:
    """By ``charset`` if that is one, else as UTF-8; bytes that are none are taken for Latin-1."""
    name = charset.strip().strip("\"'").lower()
    if CHARSETS.fullmatch(name):
        try:
            return codecs.getincrementaldecoder(name)("replace").decode(data)
        except (LookupError, UnicodeError):  # iso-8859-12 was never made; UTF-16 without its mark
            pass
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _of_both(bytes(data))


def _of_both(data: bytes) -> str:
    """UTF-8 with bytes of Latin-1 in it, or the other way round."""
    done: list[str] = []
    careful = CAREFUL
    todo = [data]
    while todo:
        piece = todo.pop()
        try:
            done.append(piece.decode())
        except UnicodeDecodeError:
            if not careful:
                done.append(piece.decode("latin-1"))
            elif len(piece) > SHORT:
                cut = _middle(piece)
                todo += (piece[cut:], piece[:cut])
            else:
                careful -= 1
                done.append(piece.decode("utf-8", "surrogateescape").translate(BYTES))
    return "".join(done)


def _middle(piece: bytes) -> int:
    """Where to cut it in two, not within a character of UTF-8 (which has three more bytes at most)."""
    half = len(piece) // 2
    return next((at for at in range(half, half - 4, -1) if piece[at] & 0xC0 != 0x80), half)
