"""Look at a server's certificate: its names, and the days that it holds yet.

The letters are those of the classic sslcert.monitor; as there, who signed it does not matter, unless
``--chain`` or ``--ca`` says so.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Unpack

from mon.plugin import (
    BadOption,
    Bind,
    Cause,
    Certificate,
    Down,
    Name,
    Option,
    Port,
    Probe,
    Talk,
    Timeout,
    Tls,
    TlsOptions,
    Unknown,
    ascii_name,
    certificate,
    literal,
    numbers,
    replace,
    tls_settings,
    verify_tls,
)

STARTTLS = {
    "smtp": (("", "220"), ("EHLO {name}", "250"), ("STARTTLS", "220")),
    "pop3": (("", "+OK"), ("STLS", "+OK")),
    "imap": (("", "* OK"), ("a STARTTLS", "a OK")),
    "ftp": (("", "220"), ("AUTH TLS", "234")),
}
"""What is said, and what has to be answered, before TLS begins."""


async def check(
    host: str,
    *,
    port: Port = 443,
    timeout: Timeout = 30,
    days: Annotated[float, Option("-d", "--days", help="days that it has to hold yet")] = 14,
    sni: Annotated[str, Option("-s", help="accepted; the server is always told the name")] = "1",
    four: Annotated[bool, Option("-4", help="only over IPv4")] = False,
    starttls: Annotated[str, Option("--starttls", help="smtp, pop3, imap or ftp: speak that first")] = "",
    chain: Annotated[bool, Option("--chain", help="somebody whom this machine trusts signed it")] = False,
    name: Name = "",
    bind: Bind = "",
    probe: Probe,
    **given: Unpack[TlsOptions],
) -> str:
    """``42 days left (until 2030-01-31)``."""
    trusted = chain or bool(given.get("ca"))
    settings = replace(tls_settings(given, name=name or host), verify=trusted)
    target = await ipv4(host, probe, timeout) if four else host
    first = None if starttls else settings
    async with probe.talk(target, port, timeout=timeout, tls=first, bind=bind) as server:
        if starttls:
            own = await probe.own_name(timeout=timeout) or literal(server.source)
            await begin_tls(server, starttls, settings, own)
        shown = certificate(server.certificate)
    return judged(shown, ascii_name(name or host), days, datetime.now(UTC))


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    protocol = options.get("starttls")
    if protocol and protocol not in STARTTLS:
        raise BadOption(f"--starttls is given {protocol}: it takes {', '.join(STARTTLS)}")
    return verify_tls(options, used=True)


async def ipv4(host: str, probe: Probe, timeout: float) -> str:
    """The IPv4 address of the host."""
    for address in await probe.resolve(host, timeout=timeout):
        if ":" not in address:
            return address
    raise Unknown(f"{host} has no IPv4 address", cause=Cause.NONE)


async def begin_tls(server: Talk, protocol: str, settings: Tls, own: str) -> None:
    """Speak the protocol up to where TLS begins, and begin."""
    for line, good in STARTTLS[protocol]:
        said = await server.command(line.format(name=own), *((good, "*") if protocol == "imap" else (good,)))
        while not said.startswith(good) and protocol == "imap":  # what is said without being asked
            said = await server.command("", good, "*")
    await server.start_tls(settings)


def judged(shown: Certificate, name: str, days: float, now: datetime) -> str:
    """The line of detail of a good certificate.  Raises Down for any other."""
    left = (shown.until - now).total_seconds() / 86400
    until = f"{shown.until:%Y-%m-%d}"
    if left < 0:
        raise Down(f"the certificate expired on {until}", cause=Cause.WRONG)
    if shown.since > now:
        raise Down(f"the certificate holds only from {shown.since:%Y-%m-%d}", cause=Cause.WRONG)
    if not shown.covers(name):
        raise Down(f"the certificate is for {', '.join(shown.names)[:80] or 'nobody'}, not for {name}",
                   cause=Cause.WRONG)  # fmt: skip
    if left < days:
        raise Down(f"the certificate expires in {left:.1f} days, on {until}", cause=Cause.WRONG)
    return f"{left:.0f} days left (until {until})"
