"""The journal's table in history.db: deeds to rows and back."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from mon.model.deed import Deed

_COLUMNS = "at, pool, what, why, cause, server, name, said, evidence"


def insert(db: sqlite3.Connection, deeds: Iterable[Deed]) -> None:
    """Write deeds down."""
    db.executemany(f"INSERT INTO journal ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", map(_row, deeds))


def select(
    db: sqlite3.Connection, *, pool: str, server: str, since: float, until: float | None, limit: int
) -> tuple[Deed, ...]:
    """The latest deeds, oldest first.  "" is any pool; ``server`` is a name, an address, or with its port."""
    wanted: list[tuple[str, list[Any]]] = [("at >= ?", [since])]
    if until is not None:
        wanted.append(("at <= ?", [until]))
    if pool:
        wanted.append(("pool = ?", [pool]))
    if server:
        # An address without its port: as it is written before a port, IPv6 in brackets.
        start = f"[{server}]:" if ":" in server else f"{server}:"
        clause = "(name = ? OR server = ? OR substr(server, 1, ?) = ?)"
        wanted.append((clause, [server, server, len(start), start]))
    where = " AND ".join(clause for clause, _ in wanted)
    sql = f"SELECT {_COLUMNS} FROM journal WHERE {where} ORDER BY id DESC LIMIT ?"
    rows = db.execute(sql, [*(value for _, values in wanted for value in values), limit]).fetchall()
    return tuple(_deed(*row) for row in reversed(rows))


def latest(
    db: sqlite3.Connection, *, pools: Iterable[str], server: str, until: float | None
) -> tuple[Deed, ...]:
    """The last deed on a server in each of these pools."""
    found = (
        select(db, pool=pool, server=server, since=0.0, until=until, limit=1) for pool in dict.fromkeys(pools)
    )
    return tuple(deed for each in found for deed in each)


def pools_of(db: sqlite3.Connection, server: str) -> tuple[str, ...]:
    """The pools of which something is recorded about a server."""
    start = f"[{server}]:" if ":" in server else f"{server}:"
    clause = "name = ? OR server = ? OR substr(server, 1, ?) = ?"
    sql = f"SELECT pool FROM journal WHERE {clause} GROUP BY pool ORDER BY min(id)"
    return tuple(row[0] for row in db.execute(sql, (server, server, len(start), start)))


def _row(deed: Deed) -> tuple[Any, ...]:
    return (
        *(deed.at, deed.pool, deed.what, deed.why, deed.trigger, deed.server, deed.name, deed.said),
        "\n".join(line.replace("\n", " ") for line in deed.evidence),
    )


def _deed(
    at: float, pool: str, what: str, why: str, cause: str, server: str, name: str, said: str, evidence: str
) -> Deed:
    return Deed(at, pool, what, why, cause, server, name, said, tuple(evidence.splitlines()))
