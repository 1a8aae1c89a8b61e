"""Connect to a TCP port; if wanted, send something and expect an answer.

With ``--tls`` it is content when the handshake is over.  A server of TLS 1.3 that wants a certificate of ours
refuses only behind it (RFC 8446, 4.4.2.4): give ``--cert``, or ``--send`` and ``--expect``, to see that.
"""

import asyncio
import codecs
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Unpack

from mon.plugin import (
    FALSE,
    BadOption,
    Bind,
    Cause,
    Down,
    NamedTlsOptions,
    Option,
    Probe,
    ProxyProtocol,
    Seek,
    numbers,
    regex,
    tls_settings,
    verify_tls,
)


async def check(
    host: str,
    *,
    port: Annotated[int, Option("-p", help="port", unset=FALSE)] = 23,
    timeout: Annotated[float, Option("-t", help="seconds for everything", unset=FALSE)] = 10,
    send: Annotated[str, Option("--send", help=r"text to send, with \r \n \t \xNN", metavar="TEXT")] = "",
    expect: Annotated[str, Option("--expect", help="regular expression to read until", metavar="REGEX")] = "",
    tls: Annotated[bool, Option("--tls", help="shake hands for TLS")] = False,
    proxy_protocol: ProxyProtocol = None,
    bind: Bind = "",
    probe: Probe,
    **given: Unpack[NamedTlsOptions],
) -> str:
    """``connected in 0.4 ms``, or ``answered in 0.9 ms``."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    wanted = regex(expect)
    seek = Seek(wanted)
    data = await probe.exchange(
        host,
        port,
        unescaped(send),
        seek,
        timeout=timeout,
        tls=tls_settings(given) if tls else None,
        bind=bind,
        proxy_protocol=proxy_protocol or 0,
    )
    duration = f"{(loop.time() - start) * 1000:.1f} ms"
    if not expect:
        return f"connected in {duration}"
    if seek.end < 0 and not wanted.matches(data):
        got = f"{data[:60]!r}" if data else "nothing"
        raise Down(f"expected {expect}, got {got}", cause=Cause.WRONG)
    return f"answered in {duration}"


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    regex(str(options.get("expect") or ""))
    unescaped(str(options.get("send") or ""))
    return verify_tls(options)


@lru_cache(maxsize=256)
def unescaped(text: str) -> bytes:
    """``QUIT\\r\\n`` as written in mon.cf to the bytes that are meant.  Raises BadOption."""
    try:
        return codecs.escape_decode(text.encode())[0]
    except ValueError as error:
        raise BadOption(f"--send is given {text!r}: {error}") from error
