"""Ask name servers for the address of a name.

The letters are those of the classic dns-query.monitor; ``dns`` can do more.
"""

from collections.abc import Mapping
from typing import Annotated

from mon.plugin import FALSE, BadOption, Bind, Cause, Down, Option, Port, Probe, Timeout, dns, numbers


async def check(
    host: str,
    *,
    port: Port = 53,
    timeout: Timeout = 5,
    name: Annotated[str, Option("-n", "--name", help="the name to ask for", unset=FALSE)] = "mailhost",
    bind: Bind = "",
    probe: Probe,
) -> str:
    """``mailhost 192.0.2.1``."""
    question = dns.query(name, "A")
    try:
        reply = await probe.ask(
            host, port, question, dns.reply_to(question), timeout=timeout, attempts=2, bind=bind
        )
    except ValueError as error:
        raise Down(f"{name}: not a DNS answer: {error}", cause=Cause.WRONG) from error
    if reply.code != "NOERROR":
        raise Down(f"{name}: {reply.code}", cause=Cause.WRONG)
    if not reply.values("A"):
        raise Down(f"{name}: no address", cause=Cause.WRONG)
    return f"{name} {reply.values('A')[0]}"


def verify(options: Mapping[str, object]) -> None:
    """Refuse what cannot be meant, when the config is read."""
    numbers(options)
    try:
        dns.query(str(options["name"]), "A")
    except ValueError as error:
        raise BadOption(f"-n is no name that DNS has ({error}): write one as www.example.org") from error
