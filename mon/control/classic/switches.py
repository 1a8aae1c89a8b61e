"""``disable`` and ``enable``: hosts, watches and services (PROTOCOL §2).

Each change is saved before it is answered; if that fails, the answer says so.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from mon.control.classic.session import Refused, Session
from mon.engine import NOTHING, Step

Switch = Callable[[Session, Sequence[str]], tuple[str, Step]]
"""Given the names: the final line, and what followed.  Raises Refused for unknown ones."""

Table = Mapping[str, Switch]


async def run_disable(session: Session, rest: str) -> list[str]:
    """``disable watch G``, ``disable service G S``, ``disable host H...``."""
    return await _switch(session, rest, DISABLE)


async def run_enable(session: Session, rest: str) -> list[str]:
    """The same with ``enable``."""
    return await _switch(session, rest, ENABLE)


async def _switch(session: Session, rest: str, table: Table) -> list[str]:
    what, *given = rest.split() or [""]
    switch = table.get(what)
    if switch is None:
        return ["520 command could not be executed"]
    final, step = switch(session, given)
    await session.operations.carry_out(step)
    return [await session.saved(final, "disabled")]


def _disable_watch(session: Session, given: Sequence[str]) -> tuple[str, Step]:
    watch = given[0] if given else ""
    if watch not in session.book.config.watches:
        raise Refused(f'520 disable error, unknown watch "{watch}"')
    session.book.disable_watch(watch)
    session.operations.tell_remote("disable", "watch", watch)
    return "220 disable watch completed", NOTHING


def _enable_watch(session: Session, given: Sequence[str]) -> tuple[str, Step]:
    watch = given[0] if given else ""
    if watch not in session.book.config.watches:
        raise Refused("520 enable error, unknown watch")
    session.book.enable_watch(watch)
    session.operations.tell_remote("enable", "watch", watch)
    return "220 enable watch completed", NOTHING


def _disable_service(session: Session, given: Sequence[str]) -> tuple[str, Step]:
    key = session.known(given)
    if key is None:
        raise Refused("520 disable error, unknown service")
    operations, user = session.operations, session.user
    step = session.book.disable_service(key, operations.now(), operations.environment, user=user)
    operations.tell_remote("disable", "service", *key)
    return "220 disable service completed", step


def _enable_service(session: Session, given: Sequence[str]) -> tuple[str, Step]:
    key = session.known(given)
    if key is None:
        raise Refused("520 enable error, unknown group")
    session.book.enable_service(key)
    session.operations.tell_remote("enable", "service", *key)
    return "220 enable completed", NOTHING


def _disable_host(session: Session, given: Sequence[str]) -> tuple[str, Step]:
    """All or none."""
    if missing := session.book.unknown_hosts(*given):
        raise Refused(f"520 disable host failed, host(s) {' '.join(missing)} do not exist")
    for host in given:
        _tell(session, "disable", session.book.disable_host(host), host)
    return "220 disable host completed", NOTHING


def _enable_host(session: Session, given: Sequence[str]) -> tuple[str, Step]:
    for host in given:
        _tell(session, "enable", session.book.enable_host(host), host)
    return "220 enable completed", NOTHING


def _tell(session: Session, word: str, watches: Sequence[str], host: str) -> None:
    """A host's word, behind that of the watches whose only host it is."""
    for watch in watches:
        session.operations.tell_remote(word, "watch", watch)
    session.operations.tell_remote(word, "host", host)


DISABLE = MappingProxyType({"watch": _disable_watch, "service": _disable_service, "host": _disable_host})
ENABLE = MappingProxyType({"watch": _enable_watch, "service": _enable_service, "host": _enable_host})
