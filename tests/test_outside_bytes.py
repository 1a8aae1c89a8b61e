"""What strangers send costs work in proportion to its size: a row for each parser of bytes from outside.

Work is counted, not timed: lines of Python that are run (``sys.settrace``), and bytes that are scanned or
copied by methods of what came.  Regular expressions, which do neither, have a rule of their own below.
"""

import asyncio
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mon.balancer import haproxy, ipvsadm, nginx
from mon.balancer.program import Ended
from mon.control.auth import passwords
from mon.control.classic import access, words
from mon.control.classic.escaping import decoded
from mon.control.connections import Lines
from mon.control.datagrams import parse as parse_trap
from mon.control.unix import _request
from mon.daemon.classicfiles import journals, opstatus
from mon.errors import MonError
from mon.model.config import Host
from mon.model.moment import Moment
from mon.model.pool import VirtualId
from mon.model.result import kept
from mon.post import call
from mon.probe import ber, dns
from mon.probe.certificate import certificate
from mon.probe.pattern import WINDOW, Pattern, Seek
from mon.probe.talk import Talk
from mon.runner import judging
from mon.runner.messages import Frames

TOP = Path(__file__).parents[1]
OURS = tuple(str(TOP / folder) for folder in ("mon", "monitors", "alerts"))
scanned = 0


def _counting(base: type, wrap: Callable[[Any], Any], *names: str) -> dict[str, Any]:
    """Methods of ``base`` that count the whole of what they are called on."""

    def counted(name: str) -> Any:
        method = getattr(base, name)

        def count(self: Any, *given: Any, **named: Any) -> Any:
            global scanned
            found = method(self, *given, **named)
            scanned += len(found) if name == "__getitem__" and isinstance(given[0], slice) else len(self)
            return wrap(found)

        return count

    found = {name: counted(name) for name in names if name not in ("find", "__getitem__")}

    def find(self: Any, sub: Any, start: int = 0, end: int | None = None) -> int:
        global scanned
        at: int = base.find(self, sub, start, len(self) if end is None else end)  # type: ignore[attr-defined]
        scanned += max(0, (at if at >= 0 else min(len(self), len(self) if end is None else end)) - start)
        return at

    def item(self: Any, index: Any) -> Any:
        global scanned
        found = base.__getitem__(self, index)  # type: ignore[attr-defined]
        if isinstance(index, slice):
            scanned += len(found)
            return wrap(found)
        return found

    return found | {"find": find, "__getitem__": item}


COPYING = ("split", "splitlines", "partition", "rpartition", "lower", "upper", "strip", "rstrip", "lstrip",
           "replace", "__add__", "__contains__", "count", "index")  # fmt: skip


def wrapped(found: Any) -> Any:
    """The same, counting."""
    kinds = {bytes: Bytes, bytearray: Buffer, str: Text}
    if isinstance(found, list | tuple):
        return type(found)(map(wrapped, found))
    return kinds[type(found)](found) if type(found) in kinds else found


Bytes = type("Bytes", (bytes,), _counting(bytes, wrapped, *COPYING, "decode", "hex"))
Buffer = type("Buffer", (bytearray,), _counting(bytearray, wrapped, *COPYING, "decode"))
Text = type("Text", (str,), _counting(str, wrapped, *COPYING, "encode"))


def work(run: Callable[[], object]) -> int:
    """Lines run in our files, and bytes scanned."""
    global scanned
    lines = scanned = 0

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    except (MonError, ValueError, EOFError):
        pass  # that it is refused is for other tests
    finally:
        sys.settrace(before)
    return lines + scanned


class Heard:
    """A connection on which pieces come, for a Talk."""

    certificate = b""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.buffer = Buffer()
        self._pieces = iter(pieces)

    def ask(self, _: bytes, complete: Callable[[Any], bool]) -> asyncio.Future[None]:
        done = asyncio.get_running_loop().create_future()
        while not complete(self.buffer) and (piece := next(self._pieces, None)) is not None:
            self.buffer += piece
        done.set_result(None)
        return done


Pieces = Sequence[bytes]
Shape = Callable[[int], bytes]


SLACK = 200
"""What does not grow: the last lines of a loop, or a limit that is met."""


class Row(NamedTuple):
    """A parser: the modules that it is, what it is given (by size), and whether in single bytes too."""

    modules: str
    run: Callable[[Pieces], object]
    shapes: Sequence[Shape]
    drips: bool = False
    size: int = 1500
    slack: int = SLACK


def filled(begin: bytes, piece: bytes, end: bytes = b"") -> Shape:
    return lambda size: begin + piece * (size // len(piece)) + end


def whole(run: Callable[[Any], object]) -> Callable[[Pieces], object]:
    return lambda pieces: run(Bytes(b"".join(pieces)))


def text(run: Callable[[Any], object]) -> Callable[[Pieces], object]:
    return lambda pieces: run(Text(b"".join(pieces).decode("latin-1")))


def growing(take: Callable[[Any], object]) -> Callable[[Pieces], object]:
    """What looks at a buffer each time that something came."""

    def run(pieces: Pieces) -> None:
        buffer = Buffer()
        for piece in pieces:
            buffer += piece
            if take(buffer):
                return

    return run


def fed(new: Callable[[], Callable[[bytes], object]]) -> Callable[[Pieces], object]:
    """What is given each piece by itself, and keeps what it wants."""

    def run(pieces: Pieces) -> None:
        take = new()
        for piece in pieces:
            found = take(Bytes(piece))
            if isinstance(found, Iterator):
                list(found)

    return run


def talking(use: Callable[[Talk], Any]) -> Callable[[Pieces], object]:
    def run(pieces: Pieces) -> None:
        async def go() -> None:
            await use(Talk(Heard(pieces)))  # type: ignore[arg-type]

        asyncio.run(go())

    return run


def each(items: Any) -> list[Any]:
    return list(items)


def load(name: str) -> Any:
    """A monitor's module, by its path as the catalog does it."""
    import importlib.util

    full = f"outside_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, TOP / "monitors" / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[full]


# The shapes

LINES = (
    filled(b"", b"x"),
    filled(b"", b"\n"),
    filled(b"\n", b"x"),
    filled(b"", b"a\r\n"),
    filled(b"", b"\r"),
    filled(b"", b" ", b"\n"),
    filled(b"", b"9", b"\n"),
)
REPLIES = (
    *LINES,
    filled(b"", b"220-\r\n"),
    filled(b"220-", b"x"),
    filled(b"", b"* 1 EXISTS\r\n"),
    filled(b"", b"* OK\r\n"),
    filled(b"", b"-"),
)
NESTED = (filled(b"", b"["), filled(b"", b'{"a":'), filled(b'"', b"x"), filled(b'{"a":', b"9", b"}"))
QUESTION = dns.query("www.example.test", "A")


def ber_nested(size: int) -> bytes:
    data = b""
    while len(data) < size:
        data = ber.element(0x30, data)
    return data


def ber_wide(size: int) -> bytes:
    return ber.element(0x30, b"\x05\x00" * (size // 2))


def ber_shapes(wrap: Callable[[bytes], bytes] = lambda data: data) -> list[Shape]:
    long = (
        ber_nested,
        ber_wide,
        filled(b"", b"\x30\x80"),
        filled(b"", b"\x30\x84\xff\xff\xff\xff"),
        filled(b"", b"\xff"),
        lambda size: ber.element(0x30, ber.element(2, b"\x7f" * size)),
    )
    return [lambda size, one=one: wrap(one(size)) for one in long]  # type: ignore[misc]


def dns_head(count: int) -> bytes:
    return QUESTION[:2] + struct.pack("!5H", 0x8180, 1, min(count, 65535), 0, 0) + QUESTION[12:]


def dns_pointing(fill: Callable[[int, int], bytes], last: Callable[[int], int]) -> Shape:
    """A blob of bytes, and records whose names point into it."""

    def shape(size: int) -> bytes:
        base = len(QUESTION) + 11
        blob = fill(size // 2, base)
        count = size // 2 // 14
        data = bytearray(dns_head(count + 1)) + b"\0" + struct.pack("!2HIH", 999, 1, 0, len(blob)) + blob
        to = struct.pack("!H", 0xC000 | min(0x3FFF, base + last(len(blob))))
        return bytes(data) + (to + struct.pack("!2HIH", 2, 1, 0, 2) + to) * count

    return shape


def chain(size: int, base: int) -> bytes:
    blob = bytearray(b"\0\0")
    while len(blob) < size:
        blob += struct.pack("!H", 0xC000 | min(0x3FFF, base + len(blob) - 2))
    return bytes(blob)


DNS = (
    dns_pointing(lambda size, _: b"\xbf" * size, lambda _: 0),
    dns_pointing(lambda size, _: (b"\x01" * 253 + b"\0") * (size // 254 + 1), lambda _: 1),
    dns_pointing(lambda size, _: b"\x3f" * size + b"\0" * 64, lambda size: size // 2),
    dns_pointing(chain, lambda size: size - 2),
    lambda size: dns_head(size // 11) + (b"\0" + struct.pack("!2HIH", 999, 1, 0, 0)) * (size // 11),
    lambda size: dns_head(1) + b"\0" + struct.pack("!2HIH", 16, 1, 0, size) + b"\x01a" * (size // 2),
    filled(dns_head(65535), b"\0"),
)


def http(pieces: Pieces) -> None:
    answer = load("http").Answer(bare=False)
    growing(answer.complete)(pieces)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
HTTP = (
    *LINES,
    filled(CHUNKED, b"a"),
    filled(CHUNKED, b"1\r\nx\r\n"),
    filled(CHUNKED + b"1", b";x=y"),
    filled(CHUNKED, b"0"),
    filled(b"HTTP/1.1 200", b" ", b"\rX"),
    filled(b"HTTP/1.1 ", b" "),
    filled(b"", b"HTTP/1.1 100 C\r\n\r\n"),
    filled(HEAD, b"X: y\r\n"),
    filled(HEAD, b"x"),
    filled(HEAD, b"\r"),
    filled(HEAD, b"content-length: 1\r\n", b"\r\n"),
    filled(HEAD + b"Content-Length: ", b"9", b"\r\n\r\n"),
    filled(HEAD + b"Content-Length: ", b"1,", b"\r\n\r\n"),
    filled(HEAD + b"transfer-encoding: ", b"chunked ", b"\r\n\r\n"),
    filled(HEAD + b"\r\n", b"x"),
)


class FakeHaproxy(haproxy.Haproxy):
    """One that says always the same."""

    def __init__(self, said: str) -> None:
        super().__init__("/x", "web")
        self.said = said

    def _ask(self, command: str) -> str:
        return self.said


class FakeIpvsadm(ipvsadm.Ipvsadm):
    """The same."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said

    def _good(self, *words: str) -> Ended:
        return Ended(0, self.said, "")


STATE = b"1\n# srv_name srv_addr srv_port srv_uweight srv_iweight srv_admin_state\n"
KEY = ("web", "http")
RUN = judging.Finished(KEY, Moment(0.0, 0.0), Moment(0.0, 1.0))
HOSTS = [Host(f"web{number}") for number in range(20)]


class Reply:
    """As much of a response as the judging of Retry-After looks at."""

    def __init__(self, word: str) -> None:
        self.headers = {"Retry-After": word}


async def _ssh(talk: Talk) -> None:
    await load("ssh").greet(talk)
    await load("ssh").offers(talk)


ROWS: dict[str, Row] = {
    "lines of the control ports": Row(
        "mon/control/connections.py", fed(lambda: Lines(65536).feed), LINES, drips=True
    ),
    "requests on the Unix socket": Row("mon/control/unix.py", whole(_request), (*LINES, *NESTED)),
    "words of classic commands": Row(
        "mon/control/classic/words.py mon/control/classic/escaping.py",
        text(lambda said: (words.value(said), decoded(said))),
        (
            *LINES,
            filled(b"'", b"x"),
            filled(b'"', b"\\x"),
            filled(b"", b"\\"),
            filled(b"", b"''"),
            filled(b"", b"\\20"),
        ),
    ),
    "traps": Row(
        "mon/control/traps.py mon/control/datagrams.py",
        whole(parse_trap),
        (
            *LINES,
            *(filled(b"pro=1\nsta=1\n", piece) for piece in (b"a=\n", b"sum=x\n", b"=", b"'")),
            filled(b"pro=1\nsta=", b"9"),
            filled(b"sta=1\npro=", b"9"),
            filled(b"pro=1\nsta=1\nsum='", b"\\20"),
        ),
    ),
    "auth.cf and userfile": Row(
        "mon/control/classic/authfile.py mon/control/auth/login.py",
        text(lambda said: (passwords.read(said.splitlines()), access.parse(said))),
        (*LINES, filled(b"", b"a: b\n"), filled(b"a:", b",b"), filled(b"trap section\n", b"* * *\n")),
    ),
    "the classic state files": Row(
        "mon/daemon/classicfiles/states.py mon/daemon/classicfiles/journals.py",
        text(
            lambda said: (each(journals._entries(said)), [opstatus._split(word) for word in said.split("\t")])
        ),
        (
            *LINES,
            filled(b"", b"a=b\t"),
            filled(b"alert a b 1 /x (", b") ("),
            filled(b"alert a b ", b"9"),
            filled(b"alert a b 1 /x (", b"y", b")"),
            filled(b"", b"alert a b 1 /x () y\n"),
        ),
    ),
    "frames of the workers": Row(
        "mon/runner/messages.py mon/runner/peer.py mon/worker.py mon/runner/performing.py",
        fed(lambda: Frames().feed),
        (filled(b"", b"\0\0\0\1x"), filled(b"\0\xff\0\0", b"x"), filled(b"", b"\0"), filled(b"", b"\xff")),
        drips=True,
    ),
    "what programs print": Row(
        "mon/runner/child.py mon/runner/spawn.py",
        text(
            lambda said: (
                judging.judged(RUN, HOSTS, 1, said, ""),
                judging.judged(RUN, HOSTS, 0, said, ""),
                kept(said),
            )
        ),
        (
            *LINES,
            filled(b"", b"web1 "),
            filled(b"web1\n", b"web1: x\n"),
            filled(b"web1\n", b"WEIGHT web1 5\n"),
            filled(b"web1\n", b"x"),
            filled(b"", b"("),
            filled(b"web1\n", b"."),
        ),
    ),
    "DNS messages": Row(
        "mon/probe/dns.py mon/probe/names.py monitors/dns_query.py", whole(dns.reply_to(QUESTION)), DNS
    ),
    "marks": Row(
        "mon/probe/pattern.py monitors/tcp.py mon/probe/stream.py",
        lambda pieces: [growing(Seek(mark))(pieces) for mark in (b"\r\n\r\n", Pattern("ogin:"))],
        LINES,
        drips=True,
        size=10_000,
        slack=WINDOW * WINDOW,  # that far it looks back, once there is so much
    ),
    "answers in lines": Row(
        "mon/probe/talk.py monitors/smtp.py monitors/ftp.py monitors/pop3.py",
        talking(lambda talk: talk.command("", "220 ")),
        REPLIES,
        drips=True,
    ),
    "IMAP": Row(
        "monitors/imap.py",
        talking(lambda talk: load("imap").command(talk, "a1", "NOOP")),
        REPLIES,
        drips=True,
    ),
    "STARTTLS of sslcert": Row(
        "monitors/sslcert.py",
        talking(lambda talk: load("sslcert").begin_tls(talk, "imap", None, "mon")),
        REPLIES,
        drips=True,
    ),
    "SSH": Row(
        "monitors/ssh.py",
        talking(_ssh),
        (*REPLIES, filled(b"SSH-2.0-x\n\0\0\x88\0\4\x14", b","), filled(b"SSH-2.0-x\n", b"\xff")),
        drips=True,
    ),
    "Redis": Row(
        "monitors/redis.py",
        talking(lambda talk: load("redis").command(talk, "PING")),
        (*REPLIES, filled(b"$", b"9", b"\r\n"), filled(b"$9999\r\n", b"x"), filled(b"+", b"x")),
        drips=True,
    ),
    "LDAP": Row(
        "monitors/ldap.py",
        talking(lambda talk: load("ldap").ask(talk, 3, b"", 0x65, "search")),
        (*ber_shapes(), lambda size: b"0\5\2\1\3d\0" * (size // 7), *LINES),
        drips=True,
    ),
    "LDAP entries": Row(
        "mon/probe/ber.py",
        whole(lambda data: load("ldap").judged(ber.read(data)[0], "member", "x")),
        ber_shapes(),
    ),
    "SNMP": Row(
        "monitors/snmp.py", whole(lambda data: load("snmp").fits(data, ber.element(0x30))), ber_shapes()
    ),
    "certificates": Row("mon/probe/certificate.py", whole(certificate), ber_shapes()),
    "Telnet": Row(
        "monitors/telnet.py",
        fed(lambda: load("telnet").Screen().show),
        (
            *LINES,
            filled(b"", b"\xff"),
            filled(b"\xff\xfa", b"x"),
            filled(b"", b"\xff\xfb\1"),
            filled(b"", b"\xff\xfa\xff\xf0"),
        ),
        drips=True,
    ),
    "HTTP": Row("monitors/http.py", http, HTTP, drips=True),
    "RADIUS": Row(
        "monitors/radius.py",
        whole(lambda data: each(load("radius").attributes(data))),
        (filled(b"", b"\x12\2"), filled(b"", b"\x12\3x"), filled(b"", b"\0"), filled(b"", b"\xff")),
        size=25_500,
    ),
    "NTP": Row(
        "monitors/ntp.py",
        whole(lambda data: load("ntp").read(data, b"\0" * 8, 0.0, 0.0)),
        (filled(b"", b"\x24"),),
    ),
    "HAProxy's agent": Row(
        "monitors/agent.py",
        lambda pieces: (growing(load("agent").ended)(pieces), whole(load("agent").understood)(pieces)),
        (*LINES, filled(b"", b"up,"), filled(b"", b"5%", b"\n"), filled(b"#", b"x", b"\n")),
    ),
    "Nagios plugins": Row(
        "monitors/nagios.py",
        text(lambda said: (load("nagios").shown(said), load("nagios").cause(said))),
        (*LINES, filled(b"", b"|"), filled(b"", b"a|b\n"), filled(b"", b"no "), filled(b"", b"timed ")),
    ),
    "HAProxy's answers": Row(
        "mon/balancer/haproxy.py",
        text(lambda said: FakeHaproxy(said)._servers()),
        (
            *LINES,
            filled(STATE, b"\n"),
            filled(STATE, b"a 10.0.0.1 80 1 1 0\n"),
            filled(STATE, b" "),
            filled(STATE, b'"'),
            filled(STATE + b"a 10.0.0.1 ", b"9"),
            filled(STATE + b'"', b"\n"),
        ),
    ),
    "ipvsadm's answers": Row(
        "mon/balancer/ipvsadm.py mon/balancer/program.py",
        text(lambda said: FakeIpvsadm(said).read([])),
        (
            *LINES,
            filled(b"TCP 10.0.0.1:80 rr\n", b"-> 10.0.0.2:80 Masq 1 0 0\n"),
            filled(b"", b"TCP 10.0.0.1:80 rr\n"),
            filled(b"TCP ", b":"),
            filled(b"TCP 10.0.0.1:", b"9"),
            filled(b"FWM ", b"9"),
        ),
    ),
    "nginx's file": Row(
        "mon/balancer/nginx.py",
        text(lambda said: nginx._table(said, VirtualId("tcp", "10.0.0.1", 80))),
        (
            *LINES,
            filled(b"", b"server "),
            filled(b"", b"server 10.0.0.1:80;"),
            filled(b"", b";"),
            filled(b"", b"{"),
            filled(b"server ", b"1", b":80;"),
            filled(b"server 1:", b"9", b";"),
            filled(b"", b"#"),
            filled(b"server", b" ", b"x;"),
        ),
    ),
    "answers to posts": Row(
        "mon/post/call.py",
        text(lambda said: call._retry_after(Reply(said), said.encode())),
        (*LINES, *NESTED),  # type: ignore[arg-type]
    ),
}
"""Of each parser the modules that it stands for, and inputs that a stranger may choose."""


CASES = [
    pytest.param(row, shape, drip, id=f"{name}-{number}{'-drip' if drip else ''}")
    for name, row in ROWS.items()
    for number, shape in enumerate(row.shapes)
    for drip in ((False, True) if row.drips else (False,))
]


@pytest.mark.parametrize(("row", "shape", "drip"), CASES)
def test_twice_the_input_is_at_most_twice_the_work(row: Row, shape: Shape, drip: bool) -> None:
    def given(size: int) -> Pieces:
        data = shape(size)
        return [bytes((byte,)) for byte in data] if drip else [data]

    work(lambda: row.run(given(10)))  # what is only made once is made
    one, two = given(row.size), given(2 * row.size)
    once, twice = work(lambda: row.run(one)), work(lambda: row.run(two))
    assert twice <= 2 * once + row.slack


def again(pieces: Pieces) -> None:
    growing(lambda buffer: buffer.find(b"!") >= 0)(pieces)


def copied(pieces: Pieces) -> None:
    data = Bytes(b"".join(pieces))
    while data:
        data = data[1:]


@pytest.mark.parametrize("run", [again, copied])
def test_the_count_sees_what_is_looked_at_again(run: Callable[[Pieces], object]) -> None:
    once, twice = (work(lambda size=size: run([b"x"] * size)) for size in (1000, 2000))
    assert twice > 3 * once


NO_ROW = {
    "alerts/trap.py": "waits for no answer but the kernel's error",
    "alerts/webhook.py": "reads back the JSON that its own template made",
    "mon/balancer/ipvs.py": "the kernel's own tables",
    "mon/cli/moncmd.py": "the operator's terminal and the operator's own daemon; a program for one question",
    "mon/cli/pool.py": "the operator's terminal and the operator's own daemon; a program for one question",
    "mon/cli/trap.py": "the operator's own words",
    "mon/config/files.py": "mon.cf is the operator's",
    "mon/control/asking.py": "the operator's own daemon; a program for one question",
    "mon/control/auth/pam.py": "the conversation of PAM, in C",
    "mon/control/classic/lists.py": "a file of the operator's, sent as it is",
    "mon/daemon/ourfiles.py": "compares the pid file with our own",
    "mon/daemon/saved.py": "our own state, as it was saved",
    "mon/demo/child.py": "the demo's own",
    "mon/demo/sinks.py": "the demo's own",
    "mon/post/smtp.py": "smtplib reads line by line, up to MOST bytes in all",
    "mon/probe/__init__.py": "hands on what stream, talk, datagram and lent read",
    "mon/probe/connector.py": "hands on what stream and talk read",
    "mon/probe/datagram.py": "hands each datagram to the check, sixteen in a turn",
    "mon/probe/secured.py": "OpenSSL reads it, so many bytes in a turn: tests/probe/test_secured.py",
    "mon/probe/held.py": "counts the bytes and looks at none",
    "mon/render/bounded.py": "the child that renders is ours, and has a time limit",
    "mon/render/child.py": "what the daemon sends it",
    "mon/runner/cgroups.py": "the kernel's own files",
    "mon/secret.py": "a file of the operator's",
    "mon/starting.py": "hands on what a program of the operator's says",
    "monitors/dns.py": "its answers are read by mon.probe.dns",
    "monitors/fping.py": "replies have one size: mon/probe/echosocket.py",
    "monitors/freespace.py": "a call of the kernel",
    "monitors/idle.py": "looks at no byte",
    "monitors/load.py": "a call of the kernel",
    "monitors/mysql.py": "the library reads, in a thread that is broken off after 16 MiB",
    "monitors/ping.py": "the library reads, in a thread; replies have one size",
    "monitors/postgresql.py": "the library reads, in a thread that is broken off after 16 MiB",
    "monitors/procs.py": "the kernel's own files, in a thread",
    "monitors/url.py": "the library reads, in a thread, up to LIMIT bytes",
}
"""Modules that take bytes in and need no row, each with its reason (tests/test_house.py looks for them)."""


def test_rows_and_reasons_are_of_modules_that_are_there() -> None:
    rows = {module for row in ROWS.values() for module in row.modules.split()}
    assert [file for file in sorted(rows | set(NO_ROW)) if not (TOP / file).is_file()] == []
    assert rows & set(NO_ROW) == set()
