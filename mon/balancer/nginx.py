"""nginx by an upstream file of ours.  ``balancer nginx FILE UPSTREAM [COMMAND...]``

FILE is written from a template (``upstream.conf.j2`` beside it, else ours), tried with ``nginx -t``, and put
in force by ``nginx -s reload``; when either fails, the file of before comes back.  COMMAND is how nginx is
called, ``nginx`` unless said otherwise.  A real server of weight 0 is ``down``.  All changes of a pool are
one reload.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mon.balancer.program import Ended, run
from mon.balancer.proxied import no_forwarding, shared
from mon.balancer.reading import number, place, understood
from mon.codec import decode, encode
from mon.errors import BalancerRefused, BalancerUnreachable, RenderError, StoreError
from mon.model.pool import Change, Pool, ServerEntry, ServerId, ServiceEntry, Table, VirtualId
from mon.model.source import Problem
from mon.pool.changes import applied
from mon.render import Render
from mon.structs import Struct

LIMIT = 5.0
"""Seconds for each call of nginx."""

TEMPLATE = "upstream.conf.j2"
OURS = Path(__file__).parent / "templates"
HEAD = "# Written by mon; edits are seen and undone.  "
COMMENT = re.compile(r"#[^\n]*")
BRACES = re.compile(r"[{}]")


class Noted(Struct, frozen=True):
    """What the head of the file says of what nginx has no word for; the server lines say the rest."""

    service: ServiceEntry | None = None
    servers: tuple[ServerEntry, ...] = ()


class Shown(Struct, frozen=True):
    """A server as the template sees it; ``address`` has the port."""

    address: str
    weight: int
    upper: int


class Nginx:
    """One upstream block.  ``limit`` is in seconds for each call of nginx."""

    def __init__(self, file: Path, upstream: str, command: Sequence[str] = ("nginx",)) -> None:
        self.limit = LIMIT
        self._file = file
        self._before = file.with_name(file.name + ".mon-before")
        self._upstream = upstream
        self._command = tuple(command)
        self._templates = Render([file.parent], [OURS])
        self._whole = False

    def read(self, ids: Sequence[VirtualId]) -> dict[VirtualId, Table]:
        """The block as each of these virtual services (a pool has a file for itself)."""
        self._mend()
        text = self._text(self._file)
        return {id_: Table(None) if text is None else _table(text, id_) for id_ in ids}

    def apply(self, changes: Sequence[Change]) -> None:
        """Make the changes in their order, all in one reload; see ``Balancer.apply``."""
        if not changes:
            return
        id_ = changes[0].service.id
        table, refused = self.read([id_])[id_], []
        before = table
        for change in changes:
            try:
                table = applied(table, [change])
            except ValueError as error:
                refused.append(str(error))
        if table != before:
            self._put(self._rendered(table))
        if refused:
            raise BalancerRefused("; ".join(refused))

    def close(self) -> None:
        """Nothing is kept between calls."""

    def _rendered(self, table: Table) -> str:
        service = table.service
        shown = [Shown(str(one.id), one.weight, one.upper) for one in table.servers]
        note = encode(Noted(service, table.servers)).decode()
        try:
            block = self._templates.render(
                TEMPLATE,
                name=self._upstream,
                scheduler=service.scheduler if service else "",
                persistent=service.persistent if service else None,
                servers=shown,
            )
        except RenderError as error:
            raise BalancerRefused(f"nginx {self._file}: {error}") from error
        return f"{HEAD}{note}\n{block}\n"

    def _put(self, text: str) -> None:
        """Have nginx take this file, or keep the one of before."""
        old = self._text(self._file)
        try:
            self._write(self._before, old or "")
            self._write(self._file, text)
        except OSError as error:
            raise _unreachable(self._file, error) from error
        self._whole = False
        try:
            self._take()
        except BaseException:  # whatever it was, nginx must not be left with half a file
            self._back(old)
            raise
        self._done()

    def _mend(self) -> None:
        """After a death, or a reload that failed, nobody knows what nginx has: the file of before."""
        old = None if self._whole else self._text(self._before)
        if old is not None:
            self._back(old or None)
            self._take()
            self._done()
        self._whole = True

    def _take(self) -> None:
        """Have nginx try its configuration, and use it."""
        ended = run([*self._command, "-t"], limit=self.limit)
        if ended.status:
            raise BalancerRefused(f"{self._command[0]} -t: {_complaint(ended)}")
        ended = run([*self._command, "-s", "reload"], limit=self.limit)
        if ended.status:
            raise BalancerUnreachable(f"{self._command[0]} -s reload: {_complaint(ended)}")

    def _done(self) -> None:
        with suppress(OSError):  # then it is mended once more after a restart, and is the same
            self._before.unlink()
        self._whole = True

    def _back(self, old: str | None) -> None:
        """The file of before; the copy of it stays until nginx has taken it."""
        with suppress(OSError):  # what made us come here is told; the next look tries again
            if old is None:
                self._file.unlink(missing_ok=True)
            else:
                self._write(self._file, old)

    def _text(self, file: Path) -> str | None:
        try:
            return file.read_text(encoding="utf-8", errors="backslashreplace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreachable(file, error) from error

    @staticmethod
    def _write(file: Path, text: str) -> None:
        """Whole or not at all for nginx, which may be started by others at any moment."""
        new = file.with_name(f".{file.name}.mon-new")
        new.write_text(text, encoding="utf-8")
        os.replace(new, file)


def connect(file: str, upstream: str, *command: str) -> Nginx:
    """The upstream block in this file; nothing is written yet."""
    return Nginx(Path(file), upstream, command or ("nginx",))


def check(*arguments: str) -> str:
    """A file and the name of an upstream are wanted."""
    if len(arguments) < 2:
        return "`balancer nginx` takes the file to write and the name of the upstream"
    file, upstream, *_ = arguments
    if not file.startswith("/"):
        return f"`balancer nginx`: {file} is no absolute path"
    if not re.fullmatch(r"[\w.-]+", upstream):
        return f"`balancer nginx`: {upstream} is no name of an upstream"
    return ""


def advice(pools: Sequence[Pool]) -> list[Problem]:
    """Pools in one file, and what means nothing to a proxy."""
    return [*shared(pools), *no_forwarding(pools)]


def _table(text: str, id_: VirtualId) -> Table:
    """The table that a file of ours amounts to: its server lines, completed from its head."""
    noted = _noted(text)
    beside = {server.id: server for server in noted.servers}
    with understood(f"nginx: the file of {id_}"):
        servers = [_server(*found, beside=beside) for found in _server_lines(COMMENT.sub("", text))]
    service = noted.service
    if service is None or service.id != id_:
        service = ServiceEntry(id_, "") if servers else None
    return Table(service, tuple(servers))


def _noted(text: str) -> Noted:
    """The head; of a file that somebody else wrote, nothing."""
    line = text.partition("\n")[0]
    if not line.startswith(HEAD):
        return Noted()
    try:
        return decode(line.removeprefix(HEAD), Noted)
    except StoreError:
        return Noted()


def _server_lines(text: str) -> Iterator[tuple[ServerId, list[str]]]:
    """Each server of a block that has an address and a port, and the words behind."""
    *statements, _ = text.split(";")
    for statement in statements:
        words = BRACES.split(statement)[-1].split()
        if words[:1] == ["server"] and len(words) > 1:
            with suppress(ValueError):  # a socket, or a name without a port: none of ours
                yield ServerId(*place(words[1])), words[2:]


def _server(id_: ServerId, options: Sequence[str], *, beside: Mapping[ServerId, ServerEntry]) -> ServerEntry:
    said = dict(option.partition("=")[::2] for option in options)
    known = beside.get(id_, ServerEntry(id_, 0))
    weight, upper = number(said.get("weight", "1")), number(said.get("max_conns", "0"))
    return ServerEntry(id_, 0 if "down" in said else weight, known.forward, known.lower, upper)


def _complaint(ended: Ended) -> str:
    """The first line in which nginx says what is wrong."""
    lines = [line for line in ended.errors.splitlines() if "[emerg]" in line or "[error]" in line]
    return lines[0] if lines else ended.trouble


def _unreachable(file: Path, error: OSError) -> BalancerUnreachable:
    return BalancerUnreachable(f"nginx: {file}: {error.strerror or error}")
