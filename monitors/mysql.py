"""Log in to a MySQL or MariaDB server and ask it something.

The names are those of the classic msql-mysql.monitor; as there, a ``--database`` without tables is a
failure.  The library is PyMySQL (``pip install mon[mysql]``).
"""

import socket
from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any, Unpack

from mon.plugin import (
    BadOption,
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
    port: Port = 3306,
    timeout: Timeout = 60,
    username: Annotated[str, Option("-u", "--username", "--user", help="log in as this user")] = "mon",
    password: Password = "",
    database: Annotated[str, Option("--database", help="the database to use")] = "",
    mode: Annotated[str, Option("--mode", help="accepted: mysql; nobody has mSQL any more")] = "mysql",
    query: Annotated[str, Option("--query", help="SQL; its first value is judged")] = "",
    match: Match = "",
    least: Least = None,
    most: Most = None,
    tls: Annotated[bool, Option("--tls", help="TLS")] = False,
    probe: Probe,
    **given: Unpack[NamedTlsOptions],
) -> str:
    """The first value, and how many rows there are."""
    mysql = library("pymysql", "mysql")
    settings = {
        "host": given.get("name") or host,
        "user": username,
        "password": await probe.secret(password, timeout=timeout),
        "database": database or None,
        "ssl": probe.context(tls_settings(given)) if tls else None,
        "ssl_disabled": not tls,
        "read_timeout": timeout + 1,  # ours strikes first
        "write_timeout": timeout + 1,
    }
    wanted = query or ("SHOW TABLES" if database else "SELECT VERSION()")

    def ask(sock: socket.socket) -> list[tuple[Any, ...]]:
        connection = mysql.connect(**settings, defer_connect=True)
        try:
            connection.connect(sock)
            with closing(connection), connection.cursor() as cursor:
                cursor.execute(wanted)
                return list(cursor.fetchmany(1000))
        except Exception as error:  # a garbled answer raises anything in the library
            raise finding_under(error) or Down(said(error), cause=Cause.WRONG) from error

    rows = await probe.lend(host, port, ask, timeout=timeout)
    if not rows or not rows[0]:
        raise Down(f"{wanted}: no rows", cause=Cause.WRONG)
    value = valued(str(rows[0][0]), match, least, most)
    return f"{value}, {len(rows)} row{'' if len(rows) == 1 else 's'}"


def verify(options: Mapping[str, object]) -> list[str]:
    """Refuse what cannot be meant, and a library that is missing, when the config is read."""
    library("pymysql", "mysql")
    numbers(options)
    regex(str(options.get("match") or ""))
    if options["mode"] != "mysql":
        raise BadOption(f"--mode is given {options['mode']}: only mysql is left")
    return verify_tls(options)


def said(error: Exception) -> str:
    """``Access denied for user … (1045)``."""
    if len(error.args) == 2:
        return f"{error.args[1]} ({error.args[0]})"[:160]
    return f"not a MySQL answer: {type(error).__name__}: {error}"[:160]
