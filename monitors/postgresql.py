"""Log in to a PostgreSQL server and ask it something.

The names are those of the postgresql.monitor of mon's contrib collection.  The library is pg8000
(``pip install mon[postgresql]``).
"""

import socket
from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any, Unpack

from mon.plugin import (
    Cause,
    Down,
    Least,
    Match,
    Most,
    NamedTlsOptions,
    Option,
    Password,
    Port,
    Probe,
    Timeout,
    finding_under,
    library,
    numbers,
    regex,
    tls_settings,
    valued,
    verify_tls,
)


async def check(
    host: str,
    *,
    port: Port = 5432,
    timeout: Timeout = 60,
    username: Annotated[str, Option("-u", "--username", "--user", help="log in as this user")] = "mon",
    password: Password = "",
    database: Annotated[str, Option("--database", help="the database; else that of the user's name")] = "",
    query: Annotated[str, Option("--query", help="SQL; its first value is judged")] = "SELECT version()",
    match: Match = "",
    least: Least = None,
    most: Most = None,
    tls: Annotated[bool, Option("--tls", help="TLS")] = False,
    probe: Probe,
    **given: Unpack[NamedTlsOptions],
) -> str:
    """The first value, and how many rows there are."""
    postgresql = library("pg8000.native", "postgresql")
    settings = {
        "host": given.get("name") or host,
        "user": username,
        "password": await probe.secret(password, timeout=timeout),
        "database": database or None,
        "ssl_context": probe.context(tls_settings(given)) if tls else False,
        "timeout": timeout + 1,  # ours strikes first
        "application_name": "mon",
    }

    def ask(sock: socket.socket) -> list[list[Any]]:
        try:
            connection = postgresql.Connection(**settings, sock=sock)
            with closing(connection):
                return list(connection.run(query) or [])
        except Exception as error:  # a garbled answer raises anything in the library
            raise finding_under(error) or Down(said(error), cause=Cause.WRONG) from error

    rows = await probe.lend(host, port, ask, timeout=timeout)
    if not rows or not rows[0]:
        raise Down(f"{query}: no rows", cause=Cause.WRONG)
    value = valued(str(rows[0][0]), match, least, most)
    return f"{value}, {len(rows)} row{'' if len(rows) == 1 else 's'}"


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, and a library that is missing, when the config is read."""
    library("pg8000.native", "postgresql")
    numbers(options)
    regex(str(options.get("match") or ""))
    return verify_tls(options)


def said(error: Exception) -> str:
    """``password authentication failed for user … (28P01)``."""
    told = error.args[0] if error.args else ""
    if isinstance(told, dict):
        return f"{told.get('M', 'an error')} ({told.get('C', '')})"[:160]
    return f"not a PostgreSQL answer: {type(error).__name__}: {told}"[:160]
