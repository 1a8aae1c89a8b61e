"""``mon pool``, ``mon plan``: pools, and an operator's word on one of their servers."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mon.cli.common import add_config, ask_daemon
from mon.cli.exits import DONE, TROUBLE, pool_trouble
from mon.cli.journal import journal
from mon.cli.output import say, say_all, say_json, say_now
from mon.cli.spoken import duration
from mon.cli.status import ago
from mon.config import values
from mon.config.place import Misfit, Place
from mon.errors import ControlError
from mon.model.source import NOWHERE

Values = Mapping[str, Any]

USAGE = """mon pool                              all pools
mon pool web                          one pool: weights, connections, votes
mon pool web disable web1 --reason 'new kernel' --for 2h
mon pool web drain web1               the same, and wait until it has no connections
mon pool web weight web1 5
mon pool web enable web1              take the word back
mon pool web --journal                what was done to it, why, and by what (web web1: to one server)
mon pool export > FILE                all words of operators
mon pool import FILE                  say them again"""

ARGUMENTS = {"disable": 1, "drain": 1, "enable": 1, "weight": 2}
"""How many words stand behind each verb."""

LOOK = 1.0
"""Seconds between two looks at a server that is drained."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [POOL [VERB SERVER [WEIGHT]]]`` and what belongs to the word."""
    add_config(parser)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = USAGE
    parser.add_argument("words", nargs="*", metavar="POOL VERB SERVER", help="see below")
    parser.add_argument("--reason", default="", help="why; kept with the word")
    parser.add_argument("--for", dest="time", metavar="TIME", help="until when it holds: 30s, 2h")
    parser.add_argument("--drain", metavar="TIME", help="how long connections may be finished")
    parser.add_argument("--force", action="store_true", help="even below the floor")
    parser.add_argument("--no-wait", action="store_true", help="`drain` returns at once")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    parser.add_argument("--journal", action="store_true", help="what was done, oldest first")
    help_ = "of --journal: how far back; default: 1d"
    parser.add_argument("--since", type=duration, default=86400.0, metavar="TIME", help=help_)


def run(arguments: argparse.Namespace) -> int:
    """Show (3: a pool is in trouble), or pass the word on.  Raises ControlError."""
    words: Sequence[str] = arguments.words
    if arguments.journal:
        return journal(arguments, words)
    if words == ["export"]:
        say_json(ask_daemon(arguments, "pool-words")["answer"])
        return 0
    if len(words) == 2 and words[0] == "import":
        return _import(arguments, Path(words[1]))
    if len(words) < 2:
        return _show(arguments, words[0] if words else "")
    said = _words(arguments)
    say(ask_daemon(arguments, "pool-word", **said)["said"])
    if said["verb"] == "drain" and not arguments.no_wait:
        return _wait(arguments, words[0], words[2])
    return 0


def plan_add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c NEW] [POOL VERB SERVER [WEIGHT]]``."""
    add_arguments(parser)
    parser.epilog = "Without a word: what the file -c would do.  With one: what the word would do."


def plan_run(arguments: argparse.Namespace) -> int:
    """Print the changes; 0 if there are none, 3 if there are some.  Raises ControlError."""
    words: dict[str, object] = {"config": os.path.abspath(arguments.config)}
    if arguments.words:
        words = _words(arguments)
    steps: list[Values] = ask_daemon(arguments, "plan", **words)["answer"]
    if arguments.json:
        say_json(steps)
    else:
        say_all(_planned(steps))
    return TROUBLE if any(step["changes"] for step in steps) else DONE


def _planned(steps: Sequence[Values]) -> Iterator[str]:
    for step in steps:
        count = len(step["changes"])
        yield f"pool {step['pool']}: {count or 'no'} change{'s' if count > 1 else ''}"
        yield from (f"  {change}" for change in step["changes"])
        yield from (f"  # {command}" for command in step["commands"])
        if step["outlook"]:
            yield f"  ! {step['outlook']}"


def _words(arguments: argparse.Namespace) -> dict[str, object]:
    """The order that the command line gives.  Raises ControlError."""
    pool, verb, *rest = (*arguments.words, "")[: max(2, len(arguments.words))]
    if len(rest) != ARGUMENTS.get(verb):
        raise ControlError(f"this is not understood: mon pool {' '.join(arguments.words)}\n{USAGE}")
    order = {"pool": pool, "server": rest[0], "verb": verb, "why": arguments.reason, **_asking(arguments)}
    if verb == "weight":
        order["weight"] = _number(rest[1])
    for name, text in (("seconds", arguments.time), ("drain", arguments.drain)):
        if text is not None:
            order[name] = _seconds(text)
    return order


def _asking(arguments: argparse.Namespace) -> dict[str, object]:
    return {"force": arguments.force, "sudo": os.environ.get("SUDO_USER")}


def _wait(arguments: argparse.Namespace, pool: str, server: str) -> int:
    """Wait until a server that is drained is out of the table, or its word is taken back."""
    said = ""
    while True:
        time.sleep(LOOK)
        row = _row(_pools(arguments, pool)[0], server)
        if not row["word"].startswith("disabled"):
            say(f"{server} is enabled again")
            return 1
        if row["why"].endswith(", removed"):
            say(f"{server} is out")
            return 0
        now = f"{server}: {row['active']} connections"
        if now != said:
            say_now(said := now)


def _row(pool: Values, server: str) -> Values:
    for row in _rows(pool):
        if server in (row["name"], row["address"], row["address"].rpartition(":")[0]):
            return row
    raise ControlError(f"no server {server!r} in pool {pool['name']} any more")


def _import(arguments: argparse.Namespace, file: Path) -> int:
    """Say again what an export has; words whose time is over are left out."""
    try:
        saved = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text())
        orders = [_again(word) for word in saved]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ControlError(f"{file} is no export of `mon pool export`: {error}") from error
    for order in orders:
        if order is not None:
            say(ask_daemon(arguments, "pool-word", **order, **_asking(arguments))["said"])
    return 0


def _again(word: Values) -> dict[str, object] | None:
    left = word["until"] - time.time() if word["until"] else None
    if left is not None and left <= 0:
        return None
    why = word["why"] or f"imported; {word['who']} said so"
    order = {name: word[name] for name in ("pool", "server", "weight", "drain")}
    return order | {"verb": "weight" if word["weight"] else "disable", "why": why, "seconds": left}


def _pools(arguments: argparse.Namespace, name: str) -> list[Values]:
    pools: list[Values] = ask_daemon(arguments, "pools")["answer"]
    found = [pool for pool in pools if name in ("", pool["name"])]
    if name and not found:
        raise ControlError(f"no pool {name!r} (there are {', '.join(pool['name'] for pool in pools)})")
    return found


def _show(arguments: argparse.Namespace, name: str) -> int:
    pools = _pools(arguments, name)
    if arguments.json:
        say_json(pools)
    else:
        for number, pool in enumerate(pools):
            say_all(("",) if number else ())
            say_all(table(pool, time.time()))
    return TROUBLE if any(map(pool_trouble, pools)) else DONE


def table(pool: Values, now: float) -> Iterator[str]:
    """A pool in lines: each server with weight, the one wanted, connections, since when, and why."""
    yield f"{pool['name']}  {pool['virtual']} {pool['scheduler']}  ({pool['balancer']})"
    yield from (f"  ! {pool[what]}" for what in ("trouble", "outlook") if pool[what])
    if pool["quorum"]:
        yield f"  {_quorum(pool['quorum'], now)}"
    names = {row["address"]: f"{row['name'] or '(not ours)'} {row['address']}" for row in _rows(pool)}
    width = max(map(len, names.values()), default=0)
    yield f"  {'SERVER':<{width}} {'WEIGHT':>8} {'ACTIVE':>7} {'INACT':>6} {'FOR':>6}  WHY"
    for row in _rows(pool):
        weight = "-" if row in pool["absent"] else str(row["weight"])
        if row["wanted"] != row["weight"]:
            weight += f"→{row['wanted']}"
        counts = f"{row['active']:>7} {row['inactive']:>6} {ago(now, row['since']):>6}"
        yield f"  {names[row['address']]:<{width}} {weight:>8} {counts}  {row['why']}".rstrip()


def _quorum(quorum: Values, now: float) -> str:
    """``quorum 2, hysteresis 1: there for 5m, 3 healthy``."""
    range_ = f", hysteresis {quorum['hysteresis']}" if quorum["hysteresis"] else ""
    state = {None: "not known yet", True: "there", False: "LOST"}[quorum["up"]]
    since = "" if quorum["up"] is None else f" for {ago(now, quorum['since'])}"
    return f"quorum {quorum['count']}{range_}: {state}{since}, {quorum['healthy']} healthy"


def _rows(pool: Values) -> list[Values]:
    rows: list[Values] = [*pool["servers"], *pool["absent"]]
    return rows


def _number(word: str) -> int:
    if not (word.isascii() and word.isdigit()):
        raise ControlError(f"{word!r} is no weight: write a number from 0 to 65535")
    return int(word)


def _seconds(word: str) -> float:
    try:
        return values.time(word, Place(NOWHERE, []))
    except Misfit as error:
        raise ControlError(str(error)) from error
