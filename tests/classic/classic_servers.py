"""Real servers on loopback for the monitors of Debian's ``mon``: good ones, and ones that are not.

Each protocol has one port and four addresses: a good server, none, one that answers wrongly, a silent one.
"""

import contextlib
import datetime
import grp
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme
from aiosmtpd.handlers import Sink
from serving import MailServer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyftpdlib imports asyncore
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

GOOD, REFUSED, WRONG, SILENT = "127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"
ZONE = "example.test"
NAMES = {"www": GOOD, "old": "127.0.1.5", "soon": "127.0.1.6", "other": "127.0.1.7", "closed": REFUSED}
"""Hosts of the zone; each has a TLS server but the last."""

PATIENCE = 20.0


@dataclass(frozen=True)
class Servers:
    """The port of each protocol; ``environment`` makes Net::DNS ask our own name server."""

    ports: Mapping[str, int]
    environment: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def running() -> Iterator[Servers]:
    """All of them, from start to end."""
    with contextlib.ExitStack() as stack:
        top = Path(tempfile.mkdtemp(prefix="servers-"))
        stack.callback(shutil.rmtree, top, ignore_errors=True)
        top.chmod(0o755)  # some give up their privileges
        ports = {}
        for name, (start, wrong) in PROTOCOLS.items():
            ports[name] = port = free_port()
            directory = top / name
            directory.mkdir()
            stack.enter_context(start(directory, port))
            if wrong is not None:
                stack.enter_context(speaker(WRONG, port, wrong))
            if name not in ("dns", "tls"):
                stack.enter_context(speaker(SILENT, port, b""))
        resolver = {"RES_NAMESERVERS": GOOD, "RES_OPTIONS": f"port:{ports['dns']}"}
        yield Servers(ports, resolver)


def free_port() -> int:
    """A port that is free on every address, for TCP and UDP."""
    while True:
        with socket.socket() as one, socket.socket(type=socket.SOCK_DGRAM) as two:
            one.bind(("", 0))
            with contextlib.suppress(OSError):  # the port is free for TCP only
                two.bind(one.getsockname())
                return int(one.getsockname()[1])


# -- servers of our own making, for what is wrong ---------------------------------------------------------


@contextlib.contextmanager
def speaker(address: str, port: int, line: bytes) -> Iterator[None]:
    """Says the line to each client and ends; without a line it says nothing, and never ends."""

    def talk(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if line:
                client.sendall(line)
                client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass

    with accepting(address, port, talk):
        yield


@contextlib.contextmanager
def accepting(address: str, port: int, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    """Call ``serve`` in a thread for each client."""
    listener = socket.create_server((address, port), backlog=64)

    def loop() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


# -- real ones --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def web(directory: Path, port: int) -> Iterator[None]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *arguments: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer((GOOD, port), Page)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def ftp(directory: Path, port: int) -> Iterator[None]:
    class Anonymous(FTPHandler):
        authorizer = DummyAuthorizer()

    Anonymous.authorizer.add_anonymous(str(directory))
    server, ended = FTPServer((GOOD, port), Anonymous), threading.Event()

    def loop() -> None:
        while not ended.is_set():
            server.serve_forever(timeout=0.05, blocking=False)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()
    server.close_all()


@contextlib.contextmanager
def mail(directory: Path, port: int) -> Iterator[None]:
    controller = MailServer(Sink(), hostname=GOOD, port=port)
    controller.start()
    yield
    controller.stop()


@contextlib.contextmanager
def telnet(directory: Path, port: int) -> Iterator[None]:
    def login(client: socket.socket) -> None:
        with client:
            subprocess.run(["/usr/sbin/telnetd"], stdin=client, stdout=client, stderr=client, check=False)

    with accepting(GOOD, port, login):
        yield


@contextlib.contextmanager
def process(*words: str, answers: Callable[[], bool]) -> Iterator[None]:
    """A program in the foreground, from when it answers until we are done."""
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as program:
        try:
            end = time.monotonic() + PATIENCE
            while not answers():
                if program.poll() is not None or time.monotonic() > end:
                    program.kill()
                    said = program.stderr.read().decode(errors="replace") if program.stderr else ""
                    raise RuntimeError(f"{words[0]} does not answer: {said}")
                time.sleep(0.05)
            yield
        finally:
            program.terminate()
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                program.kill()


def listens(address: str, port: int) -> Callable[[], bool]:
    def answers() -> bool:
        with socket.socket() as one:
            return one.connect_ex((address, port)) == 0

    return answers


@contextlib.contextmanager
def dns(directory: Path, port: int) -> Iterator[None]:
    """nsd twice: the second has an old copy of the zone."""
    with contextlib.ExitStack() as stack:
        for address, serial in ((GOOD, 2024010200), (WRONG, 2024010100)):
            stack.enter_context(_nsd(directory / address, address, port, serial))
        with socket.socket(type=socket.SOCK_DGRAM) as silent:
            silent.bind((SILENT, port))
            yield


@contextlib.contextmanager
def _nsd(directory: Path, address: str, port: int, serial: int) -> Iterator[None]:
    directory.mkdir()
    hosts = "".join(f"{name} A {where}\n" for name, where in NAMES.items())
    soa = f"@ SOA ns.{ZONE}. root.{ZONE}. {serial} 3600 600 86400 60\n@ NS ns.{ZONE}.\nns A {address}\n"
    (directory / "zone").write_text(f"$ORIGIN {ZONE}.\n$TTL 60\n{soa}{hosts}")
    (directory / "nsd.conf").write_text(
        f"server:\n ip-address: {address}@{port}\n username: \"\"\n chroot: \"\"\n zonesdir: {directory}\n"
        f" database: \"\"\n pidfile: {directory}/pid\n xfrdfile: {directory}/xfrd\n "
        f"zonelistfile: {directory}/l\n"
        f" xfrdir: {directory}\n logfile: {directory}/log\n server-count: 1\n"
        f"remote-control:\n control-enable: no\n"
        f"zone:\n name: {ZONE}\n zonefile: zone\n"
    )  # fmt: skip
    with process(_sbin("nsd"), "-d", "-c", str(directory / "nsd.conf"), answers=listens(address, port)):
        yield


@contextlib.contextmanager
def ldap(directory: Path, port: int) -> Iterator[None]:
    conf, data = directory / "slapd.conf", directory / "data"
    data.mkdir()
    conf.write_text(
        "include /etc/ldap/schema/core.schema\n"
        "modulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        f"pidfile {directory}/pid\ndatabase mdb\nmaxsize 1048576\nsuffix o=test\ndirectory {data}\n"
    )
    entries = (
        "dn: o=test\nobjectClass: organization\no: test\n\n"
        "dn: cn=check,o=test\nobjectClass: organizationalRole\ncn: check\n"
    )
    add = [_sbin("slapadd"), "-f", str(conf)]
    subprocess.run(add, input=entries.encode(), check=True, capture_output=True)
    url = f"ldap://{GOOD}:{port}"
    with process(_sbin("slapd"), "-d", "0", "-h", url, "-f", str(conf), answers=listens(GOOD, port)):
        yield


@contextlib.contextmanager
def dovecot(directory: Path, protocol: str, port: int) -> Iterator[None]:
    """One of Dovecot's protocols; any user may log in with any password."""
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
    home = directory / "home"
    home.mkdir()
    if os.geteuid() == 0:
        os.chown(home, owner.pw_uid, owner.pw_gid)
    group = grp.getgrgid(owner.pw_gid).gr_name
    users = f"default_internal_user={owner.pw_name}\ndefault_login_user={owner.pw_name}\n"
    open_services = (
        f"service {name} {{\n chroot =\n}}\n" for name in ("anvil", "stats", f"{protocol}-login")
    )
    rootless = f"{users}default_internal_group={group}\n{''.join(open_services)}"
    me = "" if os.geteuid() == 0 else rootless
    (directory / "dovecot.conf").write_text(
        f"{me}protocols = {protocol}\nlisten = {GOOD}\nbase_dir = {directory}/run\nssl = no\n"
        f"log_path = {directory}/log\ndisable_plaintext_auth = no\nmail_location = maildir:{home}/mail\n"
        f"first_valid_uid = {owner.pw_uid}\n"
        "passdb {\n driver = static\n args = nopassword=y\n}\n"
        f"userdb {{\n driver = static\n args = uid={owner.pw_uid} gid={owner.pw_gid} home={home}\n}}\n"
        f"service {protocol}-login {{\n inet_listener {protocol} {{\n port = {port}\n}}\n"
        f" inet_listener {protocol}s {{\n port = 0\n}}\n}}\n"
    )
    with process(_sbin("dovecot"), "-F", "-c", str(directory / "dovecot.conf"), answers=listens(GOOD, port)):
        yield


def imap(directory: Path, port: int) -> contextlib.AbstractContextManager[None]:
    return dovecot(directory, "imap", port)


def pop3(directory: Path, port: int) -> contextlib.AbstractContextManager[None]:
    return dovecot(directory, "pop3", port)


@contextlib.contextmanager
def tls(directory: Path, port: int) -> Iterator[None]:
    """A server for each name, each with another certificate: good, expired, about to, of another name."""
    authority, now = trustme.CA(), datetime.datetime.now(datetime.UTC)
    good, past, soon = (now + datetime.timedelta(days=days) for days in (90, -1, 3))
    certificates = (
        ("www", "www", good),
        ("old", "old", past),
        ("soon", "soon", soon),
        ("other", "www", good),
    )
    with contextlib.ExitStack() as stack:
        for name, subject, end in certificates:
            begin = end - datetime.timedelta(days=100)
            certificate = authority.issue_cert(f"{subject}.{ZONE}", not_before=begin, not_after=end)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            stack.enter_context(accepting(NAMES[name], port, _shake_hands(context)))
        yield


def _shake_hands(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    def shake(client: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as secured:
            secured.recv(1)

    return shake


def _sbin(name: str) -> str:
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") or name


Start = Callable[[Path, int], contextlib.AbstractContextManager[None]]

PROTOCOLS: Mapping[str, tuple[Start, bytes | None]] = {
    "http": (web, b"HTTP/1.0 500 broken\r\n\r\n"),
    "ftp": (ftp, b"421 too many users\r\n"),
    "smtp": (mail, b"554 no\r\n"),
    "telnet": (telnet, b"go away\r\n"),
    "pop3": (pop3, b"-ERR no\r\n"),
    "imap": (imap, b"* NO no\r\n"),
    "ldap": (ldap, b"this is no LDAP server\r\n"),
    "dns": (dns, None),
    "tls": (tls, None),
}
"""How the good server is started, and what the wrong one says."""
