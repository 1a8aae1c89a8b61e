"""The commands of the classic protocol: a row each (PROTOCOL §2).

Replies are lists of lines, the final one with its three digits last.  Where the classic mon's way was
a fault, ours is the one meant: an unknown service is not acknowledged, a host's name is no pattern.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from types import MappingProxyType

from mon.control.auth.login import Claim
from mon.control.classic import lines, lists, switches, variables, words
from mon.control.classic.session import Refused, Session
from mon.errors import ControlError
from mon.model.config import AlertKind
from mon.structs import Struct

Reply = list[str]
_IMPOSSIBLE = "520 command could not be executed"


class Row(Struct, frozen=True):
    """A command.  ``guarded``: auth.cf says who may; ``run`` gets what stands behind the command's word."""

    run: Callable[[Session, str], Awaitable[Reply]]
    guarded: bool = True


async def answer(session: Session, line: str) -> Reply:
    """The reply to one line.  The command's word starts it, in either case."""
    word = "" if line[:1].isspace() else (line.split(None, 1) or [""])[0]
    row = COMMANDS.get(word.lower())
    if row is None:
        return ["520 invalid command"]
    if row.guarded and not session.gate.permits(word.lower(), session.user):
        return [f"{_IMPOSSIBLE}, unknown command"]
    try:
        return await row.run(session, line[len(word) :].strip())
    except Refused as refused:
        return [str(refused)]
    except ControlError as error:
        return [f"{_IMPOSSIBLE}: {error}"]


# The connection and who is on it


async def _quit(session: Session, rest: str) -> Reply:
    session.over = True
    return ["220 quitting"]


async def _protid(session: Session, rest: str) -> Reply:
    return ["220 protocol match" if rest == str(lines.DAEMON_VERSION) else "520 protocol mismatch"]


async def _version(session: Session, rest: str) -> Reply:
    return [f"version {lines.DAEMON_VERSION}", "220 version completed"]


async def _login(session: Session, rest: str) -> Reply:
    user, password, *_ = [*rest.split(None, 1), "", ""]
    settings, userfile = session.book.config.settings, session.operations.userfile
    claim = Claim(user, password, session.address, userfile, settings.pamservice)
    if not await session.gate.logins.accepts(claim, settings.authtype):
        return ["530 login unsuccessful"]
    session.user = user
    return ["220 login accepted"]


async def _checkauth(session: Session, rest: str) -> Reply:
    may = rest in COMMANDS and session.gate.permits(rest, session.user)
    return ["220 command authorized" if may else _IMPOSSIBLE]


async def _setview(session: Session, rest: str) -> Reply:
    name, *more = rest.split() or [""]
    if more:
        return ["500 Unknown setview command"]
    if name and name not in session.book.config.views:
        return [f"504 unknown view {name}"]
    session.view = name
    return [f"selecting view {name}" if name else _NO_VIEW, "220 setview completed"]


async def _getview(session: Session, rest: str) -> Reply:
    return [f"view {session.view} selected" if session.view else _NO_VIEW, "220 getview completed"]


_NO_VIEW = "no view selected -- all groups will be displayed"


# The daemon


async def _servertime(session: Session, rest: str) -> Reply:
    return [lines.server_time(session.operations.now()), "220 servertime completed"]


async def _stop(session: Session, rest: str) -> Reply:
    session.operations.stop_scheduler()
    return ["220 stop completed"]


async def _start(session: Session, rest: str) -> Reply:
    session.operations.start_scheduler()
    return ["220 start completed"]


async def _reset(session: Session, rest: str) -> Reply:
    given = rest.lower().split()
    error = await session.operations.reset(keepstate="keepstate" in given, stopped="stopped" in given)
    done = f"220 reset PID {os.getpid()}@{socket.gethostname()}"
    return [f"520{done[3:]} failed, error in config file" if error else done]


async def _reload(session: Session, rest: str) -> Reply:
    """``reload auth``; a file that cannot be used is logged, and the rules stay."""
    if rest not in ("", "auth"):
        return ["520 unknown reload command"]
    if rest:
        await asyncio.to_thread(session.gate.reload)
    return ["220 reload completed"]


async def _term(session: Session, rest: str) -> Reply:
    session.operations.terminate()
    return ["220 terminating server"]


async def _savestate(session: Session, rest: str) -> Reply:
    if not rest:
        return ["520 savestate error, arguments required"]
    try:
        await session.operations.save_state(rest.split())
    except ControlError as error:
        return [f"520 savestate error, {error}"]
    return ["220 savestate completed"]


async def _loadstate(session: Session, rest: str) -> Reply:
    await session.operations.load_state(rest.split())
    return ["220 loadstate completed"]


# Services


async def _clear(session: Session, rest: str) -> Reply:
    what, *service = rest.split() or [""]
    if what.lower() != "timers" or len(service) < 2:
        return ["520 unknown clear command"]
    key = session.known(service)
    if key is None:
        return ["520 unknown group"]
    await session.operations.carry_out(session.book.clear_timers(key, session.operations.now()))
    return ["220 clear timers completed"]


async def _ack(session: Session, rest: str) -> Reply:
    watch, name, comment = [*rest.split(None, 2), "", "", ""][:3]
    key = session.known((watch, name))
    if key is None:
        return ["520 unknown service" if watch in session.book.config.watches else "520 unknown group"]
    operations, said = session.operations, words.value(comment)
    try:
        step = session.book.ack(key, session.user, said, operations.now(), operations.environment)
    except ControlError as error:
        raise Refused(f"520 {error}") from error
    await operations.carry_out(step)
    return [await session.saved("220 ack completed")]


async def _test(session: Session, rest: str) -> Reply:
    what = rest.split(None, 1)[0] if rest else ""
    behind = rest[len(what) :].strip()
    if what == "monitor":
        return _test_monitor(session, behind.split())
    if what == "config":
        return await _test_config(session)
    if what in tuple(AlertKind):
        return await _test_alert(session, AlertKind(what), behind)
    if what.startswith(tuple(AlertKind)):
        return ["220 test alert completed"]  # sic: of "alertx", and nothing is called
    return ["520 test error"]


def _test_monitor(session: Session, given: Sequence[str]) -> Reply:
    done = "220 test monitor completed"
    key = session.known(given)
    if key is None:
        watch, name, *_ = [*given, "", ""]
        return [f"{watch} {name} not defined", done]
    session.operations.tell_remote("test", *key)
    if session.book.interval(key) is not None:  # without one a monitor never runs
        session.operations.check_now(key)
    return [done]


async def _test_config(session: Session) -> Reply:
    errors = await session.operations.check_config()
    if errors:
        return [*errors, "520 test config completed, errors found in config file"]
    return ["220 test config completed OK, no errors found"]


async def _test_alert(session: Session, kind: AlertKind, rest: str) -> Reply:
    watch, name, status, period = [*rest.split(None, 3), "", "", "", ""][:4]
    key = session.known((watch, name))
    if key is None:
        return [f"520 {watch} {name} not defined"]
    operations, number = session.operations, int(status) if status.isdecimal() and len(status) < 10 else 0
    try:
        step = session.book.test_alert(key, kind, number, period, operations.now(), operations.environment)
    except ControlError as error:
        raise Refused(f"520 {error}") from error
    await operations.carry_out(step)
    return ["220 test alert completed"]


async def _dump(session: Session, rest: str) -> Reply:
    """Only with ``-d``.  The classic mon then answers nothing, and the client waits for ever."""
    dumped = session.operations.dump()
    return ["220 dump completed" if dumped else f"{_IMPOSSIBLE}, unknown command"]


COMMANDS = MappingProxyType(
    {
        "quit": Row(_quit, guarded=False),
        "protid": Row(_protid, guarded=False),
        "version": Row(_version, guarded=False),
        "login": Row(_login, guarded=False),
        "checkauth": Row(_checkauth, guarded=False),
        "setview": Row(_setview, guarded=False),
        "getview": Row(_getview, guarded=False),
        "servertime": Row(_servertime),
        "start": Row(_start),
        "stop": Row(_stop),
        "reset": Row(_reset),
        "reload": Row(_reload),
        "term": Row(_term),
        "savestate": Row(_savestate),
        "loadstate": Row(_loadstate),
        "clear": Row(_clear),
        "ack": Row(_ack),
        "test": Row(_test),
        "set": Row(variables.run_set),
        "get": Row(variables.run_get),
        "list": Row(lists.run),
        "disable": Row(switches.run_disable),
        "enable": Row(switches.run_enable),
        "dump": Row(_dump),
    }
)
