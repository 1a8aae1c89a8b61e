"""Have a RADIUS server judge a name and a password.

The names are those of the classic radius.monitor; a challenge is a good answer, as there.
"""

import hashlib
import hmac
import secrets
import struct
from collections.abc import Iterator, Mapping
from typing import Annotated

from mon.plugin import Bind, Cause, Down, Option, Password, Port, Probe, Timeout, numbers, plain

ASK, ACCEPT, REJECT, CHALLENGE = 1, 2, 3, 11
USER_NAME, USER_PASSWORD, REPLY_MESSAGE, NAS_IDENTIFIER, MESSAGE_AUTHENTICATOR = 1, 2, 18, 32, 80
SAID = {ACCEPT: "accepted", CHALLENGE: "asked for more"}
HEAD = struct.Struct("!BBH")


async def check(
    host: str,
    *,
    port: Port = 1645,
    timeout: Timeout = 30,
    username: Annotated[str, Option("--username", help="who is to be let in")] = "mon",
    password: Password = "",
    secret: Annotated[str, Option("--secret", help="the secret we share; @FILE, /FILE or env:NAME")] = "",
    attempts: Annotated[int, Option("--attempts", help="questions before the host is given up")] = 9,
    dictionary: Annotated[str, Option("--dictionary", help="accepted; none is needed", metavar="FILE")] = "",
    bind: Bind = "",
    probe: Probe,
) -> str:
    """``mon accepted``."""
    word = await probe.secret(password, timeout=timeout)
    shared = (await probe.secret(secret, timeout=timeout)).encode()
    question = request(username, word, shared)
    code, message = await probe.ask(
        host,
        port,
        question,
        lambda data: read(data, question, shared),
        timeout=timeout,
        attempts=max(1, attempts),
        bind=bind,
    )
    text = f": {message[:80]}" if message else ""
    if code not in SAID:
        refused = f"{username} is refused" if code == REJECT else f"code {code}"
        raise Down(f"{refused}{text}", cause=Cause.WRONG)
    return f"{username} {SAID[code]}{text}"


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    plain(options)


def request(user: str, password: str, shared: bytes) -> bytes:
    """An Access-Request that nobody can forge (RFC 2865, 5.2; RFC 3579, 3.2)."""
    authenticator = secrets.token_bytes(16)
    parts = [
        attribute(MESSAGE_AUTHENTICATOR, bytes(16)),
        attribute(USER_NAME, user.encode()),
        attribute(USER_PASSWORD, hidden(password.encode(), authenticator, shared)),
        attribute(NAS_IDENTIFIER, b"mon"),
    ]
    body = b"".join(parts)
    head = HEAD.pack(ASK, secrets.randbits(8), HEAD.size + 16 + len(body)) + authenticator
    signature = hmac.digest(shared, head + body, "md5")
    return head + body[:2] + signature + body[18:]


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute; longer ones do not exist."""
    return bytes((kind, 2 + len(value[:253]))) + value[:253]


def hidden(password: bytes, authenticator: bytes, shared: bytes) -> bytes:
    """The password as it travels (RFC 2865, 5.2)."""
    padded = password[:128] + bytes(-len(password[:128]) % 16 or (0 if password else 16))
    before, found = authenticator, b""
    for at in range(0, len(padded), 16):
        key = hashlib.md5(shared + before, usedforsecurity=False).digest()
        before = bytes(a ^ b for a, b in zip(padded[at : at + 16], key, strict=True))
        found += before
    return found


def read(data: bytes, question: bytes, shared: bytes) -> tuple[int, str] | None:
    """Code and message of the answer; None for what does not belong to the question or is forged."""
    if len(data) < 20 or data[1] != question[1] or not 20 <= int.from_bytes(data[2:4], "big") <= len(data):
        return None
    data = data[: int.from_bytes(data[2:4], "big")]
    signed = hashlib.md5(data[:4] + question[4:20] + data[20:] + shared, usedforsecurity=False).digest()
    if not hmac.compare_digest(signed, data[4:20]):
        return None
    said = b" ".join(value for kind, value in attributes(data[20:]) if kind == REPLY_MESSAGE)
    return data[0], said.decode(errors="backslashreplace")


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(kind, value) of each, up to one that is broken."""
    at = 0
    while len(data) - at > 2 <= data[at + 1] <= len(data) - at:
        yield data[at], data[at + 2 : at + data[at + 1]]
        at += data[at + 1]
