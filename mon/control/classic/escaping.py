r"""The escaping of the classic protocol (PROTOCOL §3).

A byte becomes a backslash and two lower-case hex digits.  In the plain form backslashes stay as they
are, in the quoted form they are doubled; decoding does not undo the doubling, so a text with
backslashes does not survive.  Clients have lived with it for twenty years.
"""

import re

_ESCAPED = re.compile(rb"[^\x21\x23-\x26\x28-\x7e]")
_CODE = re.compile(rb"\\([0-9a-f]{2})")


def plain(text: str) -> str:
    """Control characters, blanks, both quotes and everything beyond ASCII as ``\\xx``."""
    data = text.encode("utf-8", "surrogateescape")
    return _ESCAPED.sub(lambda match: b"\\%02x" % match[0][0], data).decode("ascii")


def quoted(text: str) -> str:
    """The same, with backslashes doubled."""
    return plain(text.replace("\\", "\\\\"))


def decoded(text: str) -> str:
    """Each ``\\xx`` (lower case) as that byte; what is not UTF-8 then stays visible as ``\\xNN``."""
    data = text.encode("utf-8", "surrogateescape")
    data = _CODE.sub(lambda match: bytes.fromhex(match[1].decode()), data)
    return data.decode("utf-8", "backslashreplace")
