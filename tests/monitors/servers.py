"""Real servers on loopback, each with a private configuration, for the monitors to be tried against.

Each is a context manager that takes a directory and gives the port (or ports); they run as nobody where they
refuse to run as root.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import trustme

HERE = "127.0.0.1"
PATIENCE = 30.0
ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody") if ROOT else pwd.getpwuid(os.getuid())
AS_NOBODY = (
    ("setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups", "--")
    if ROOT
    else ()
)
USER, PASSWORD = "watcher", "s3cret word"
ZONE = "example.test"
SYS_DESCR = bytes.fromhex("302602010104067075626c6963a019020101020100020100300e300c06082b060102010103000500")
"""A question that an SNMP agent answers."""

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

Ready = Callable[[], bool]


def program(name: str) -> str:
    """Where the program is."""
    return shutil.which(name, path=PATH) or name


def free_port(address: str = "") -> int:
    """A port that is free for TCP and UDP."""
    while True:
        with socket.socket() as one, socket.socket(type=socket.SOCK_DGRAM) as two:
            one.bind((address, 0))
            with contextlib.suppress(OSError):
                two.bind(one.getsockname())
                return int(one.getsockname()[1])


@contextlib.contextmanager
def process(directory: Path, *words: str, ready: Ready) -> Iterator[None]:
    """A program in the foreground, from when it is ready until we are done."""
    log = directory / f"{Path(words[0]).name}.log"
    with log.open("wb") as said:
        running = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
    try:
        end = time.monotonic() + PATIENCE
        while not ready():
            told = log.read_text(errors="replace")[-2000:]
            assert running.poll() is None, f"{words} ended: {told}"
            assert time.monotonic() < end, f"{words} is not ready: {told}"
            time.sleep(0.05)
        yield
    finally:
        if words[0] == "sudo":
            subprocess.run(["sudo", "-n", "kill", str(running.pid)], check=False)
        else:
            running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(0.5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)  # its session: what it started
        running.wait()


def listens(*ports: int, address: str = HERE) -> Ready:
    """Does somebody take connections on all of them?"""

    def open_to_all(port: int) -> bool:
        with socket.socket() as one:
            return one.connect_ex((address, port)) == 0

    return lambda: all(map(open_to_all, ports))


def answers(port: int, question: bytes, address: str = HERE) -> Ready:
    """Does somebody answer a datagram there?"""

    def ready() -> bool:
        with socket.socket(type=socket.SOCK_DGRAM) as one:
            one.settimeout(0.1)
            one.connect((address, port))
            with contextlib.suppress(OSError):
                one.send(question)
                return bool(one.recv(4096))
        return False

    return ready


def ours(*paths: Path) -> None:
    """Give the files to nobody."""
    for path in paths if ROOT else ():
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)


def certificate(directory: Path, authority: trustme.CA) -> tuple[Path, Path]:
    """Files of a certificate and its key."""
    issued = authority.issue_cert("localhost", HERE)
    chain, key = directory / "chain.pem", directory / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return chain, key


@contextlib.contextmanager
def dovecot(directory: Path, authority: trustme.CA) -> Iterator[dict[str, int]]:
    """IMAP and POP3, with STARTTLS and without; one user, three messages."""
    ports = {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s")}
    chain, key = certificate(directory, authority)
    home = directory / "home"
    for each in (home, home / "mail", *(home / "mail" / part for part in ("new", "cur", "tmp"))):
        each.mkdir()
        ours(each)
    for number in range(3):
        letter = home / "mail" / "new" / f"{number}.letter"
        letter.write_text("Subject: hello\n\nhello\n")
        ours(letter)
    (directory / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    me = "" if ROOT else f"default_internal_user={NOBODY.pw_name}\ndefault_login_user={NOBODY.pw_name}\n"
    (directory / "dovecot.conf").write_text(
        f"{me}protocols = imap pop3\nlisten = {HERE}\nbase_dir = {directory}/run\n"
        f"ssl = yes\nssl_cert = <{chain}\nssl_key = <{key}\nauth_failure_delay = 0\n"
        f"log_path = {directory}/log\ndisable_plaintext_auth = no\nmail_location = maildir:{home}/mail\n"
        f"first_valid_uid = {NOBODY.pw_uid}\n"
        f"passdb {{\n driver = passwd-file\n args = {directory}/users\n}}\n"
        f"userdb {{\n driver = static\n args = uid={NOBODY.pw_uid} gid={NOBODY.pw_gid} home={home}\n}}\n"
        + "".join(
            f"service {name}-login {{\n"
            f" inet_listener {name} {{\n port = {ports[name]}\n}}\n"
            f" inet_listener {name}s {{\n port = {ports[name + 's']}\n ssl = yes\n}}\n}}\n"
            for name in ("imap", "pop3")
        )
    )
    words = (program("dovecot"), "-F", "-c", str(directory / "dovecot.conf"))
    with process(directory, *words, ready=listens(*ports.values())):
        yield ports


@contextlib.contextmanager
def opensmtpd(directory: Path) -> Iterator[int]:
    """OpenSMTPD, that takes mail for one domain.  It needs root, and is one for the machine.

    Without TLS: 6.8 as Debian has it fails every handshake with OpenSSL 3.
    """
    port, conf = free_port(), directory / "smtpd.conf"
    conf.write_text(
        f"listen on {HERE} port {port} hostname localhost\n"
        f'action "drop" maildir "{directory}/mail" virtual {{ "@example.test" = nobody }}\n'
        'match from any for domain "example.test" action "drop"\n'
    )
    as_root = () if ROOT else ("sudo", "-n")
    if not ROOT:
        subprocess.run([*as_root, "chown", "root", str(conf)], check=True)
    with process(directory, *as_root, program("smtpd"), "-d", "-f", str(conf), ready=listens(port)):
        yield port


@contextlib.contextmanager
def nsd(directory: Path, address: str, port: int, serial: int) -> Iterator[None]:
    """A name server for one zone."""
    (directory / "zone").write_text(
        f"$ORIGIN {ZONE}.\n$TTL 60\n@ SOA ns.{ZONE}. root.{ZONE}. {serial} 3600 600 86400 60\n@ NS ns\n"
        f"ns A {address}\nwww A 192.0.2.1\nwww AAAA 2001:db8::1\n@ MX 10 mail\nmail A 192.0.2.2\n"
        '@ TXT "v=spf1 -all"\nalias CNAME www\nsome TXT "' + "x" * 200 + '"\n'
        + "".join(f'many TXT "{number:02} {"y" * 90}"\n' for number in range(20))
    )  # fmt: skip
    (directory / "nsd.conf").write_text(
        f'server:\n ip-address: {address}@{port}\n username: ""\n chroot: ""\n zonesdir: {directory}\n'
        f' database: ""\n pidfile: {directory}/pid\n xfrdfile: {directory}/xfrd\n'
        f" zonelistfile: {directory}/l\n xfrdir: {directory}\n logfile: {directory}/log\n server-count: 1\n"
        f"remote-control:\n control-enable: no\nzone:\n name: {ZONE}\n zonefile: zone\n"
    )
    words = (program("nsd"), "-d", "-c", str(directory / "nsd.conf"))
    with process(directory, *words, ready=listens(port, address=address)):
        yield


@contextlib.contextmanager
def sshd(directory: Path) -> Iterator[int]:
    """OpenSSH with one kind of host key."""
    port, key = free_port(), directory / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    ours(key)
    (directory / "config").write_text(
        f"ListenAddress {HERE}:{port}\nHostKey {key}\nPidFile none\nUsePAM no\n"
    )
    words = (*AS_NOBODY, program("sshd"), "-D", "-e", "-f", str(directory / "config"))
    with process(directory, *words, ready=listens(port)):
        yield port


@contextlib.contextmanager
def slapd(directory: Path, authority: trustme.CA) -> Iterator[dict[str, int]]:
    """OpenLDAP with two people."""
    ports = {"ldap": free_port(), "ldaps": free_port()}
    chain, key = certificate(directory, authority)
    conf, data = directory / "slapd.conf", directory / "data"
    data.mkdir()
    conf.write_text(
        "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        f"pidfile {directory}/pid\nTLSCertificateFile {chain}\nTLSCertificateKeyFile {key}\n"
        "database mdb\nmaxsize 1048576\nsuffix o=test\n"
        f'rootdn cn=root,o=test\nrootpw "{PASSWORD}"\n'
        f"directory {data}\n"
    )
    person = "dn: cn={0},o=test\nobjectClass: person\ncn: {0}\nsn: {0}\ndescription: {1}\n\n"
    entries = (
        "dn: o=test\nobjectClass: organization\no: test\n\n"
        + person.format("anna", "on duty")
        + person.format("bert", "away")
    )
    add = [program("slapadd"), "-f", str(conf)]
    subprocess.run(add, input=entries.encode(), check=True, capture_output=True)
    urls = " ".join(f"{name}://{HERE}:{port}" for name, port in ports.items())
    words = (program("slapd"), "-d", "0", "-h", urls, "-f", str(conf))
    with process(directory, *words, ready=listens(*ports.values())):
        yield ports


@contextlib.contextmanager
def redis(directory: Path, *settings: str) -> Iterator[int]:
    """Redis, or a replica of a master that is not there."""
    port = free_port()
    words = (
        program("redis-server"),
        "--port",
        str(port),
        "--bind",
        HERE,
        "--save",
        "",
        "--dir",
        str(directory),
    )
    with process(directory, *words, *settings, ready=listens(port)):
        yield port


@contextlib.contextmanager
def chronyd(directory: Path, *lines: str) -> Iterator[int]:
    """Chrony that touches no clock; synchronized if a line says ``local stratum N``."""
    port = free_port()
    conf = directory / "chrony.conf"
    text = (f"port {port}", f"bindaddress {HERE}", "allow 127.0.0.0/8", "cmdport 0", "bindcmdaddress /",
            f"pidfile {directory}/pid", *lines)  # fmt: skip
    conf.write_text("\n".join(text) + "\n")
    ours(directory, conf)
    words = (*AS_NOBODY, program("chronyd"), "-d", "-x", "-U", "-u", NOBODY.pw_name, "-f", str(conf))
    with process(directory, *words, ready=answers(port, b"\x23" + bytes(47))):
        yield port


@contextlib.contextmanager
def freeradius(directory: Path, secret: str) -> Iterator[int]:
    """FreeRADIUS with one user."""
    port = free_port()
    (directory / "users").write_text(
        f'{USER} Cleartext-Password := "{PASSWORD}"\n\tReply-Message := "welcome"\n'
    )
    (directory / "radiusd.conf").write_text(
        f"raddbdir = {directory}\nlogdir = {directory}\nrun_dir = {directory}\npidfile = {directory}/pid\n"
        "max_requests = 64\nlog {\n destination = stdout\n}\n"
        "security {\n allow_vulnerable_openssl = yes\n reject_delay = 0\n}\n"
        f"client here {{\n ipaddr = 127.0.0.0/8\n secret = {secret}\n"
        " require_message_authenticator = yes\n}\n"
        f"modules {{\n files {{\n usersfile = {directory}/users\n }}\n pap {{\n }}\n}}\n"
        f"server default {{\n listen {{\n type = auth\n ipaddr = {HERE}\n port = {port}\n }}\n"
        " authorize {\n files\n pap\n }\n authenticate {\n pap\n }\n}\n"
    )
    log = directory / "freeradius.log"
    words = (program("freeradius"), "-f", "-l", "stdout", "-d", str(directory), "-D", "/usr/share/freeradius")
    with process(directory, *words, ready=lambda: "Ready to process" in log.read_text()):
        yield port


@contextlib.contextmanager
def snmpd(directory: Path) -> Iterator[int]:
    """Net-SNMP with a community and a user of version 3."""
    port = free_port()
    (directory / "snmpd.conf").write_text(
        "rocommunity public 127.0.0.1\nsysLocation the cellar\nsysServices 72\nrouser watcher authPriv\n"
        'createUser watcher SHA "auth-word" AES "priv-word"\n'
    )
    words = (
        "env", f"SNMP_PERSISTENT_DIR={directory}/state", program("snmpd"), "-f", "-Lo", "-C",
        "-c", str(directory / "snmpd.conf"), "-p", str(directory / "pid"), f"udp:{HERE}:{port}",
    )  # fmt: skip
    with process(directory, *words, ready=answers(port, SYS_DESCR)):
        yield port


@contextlib.contextmanager
def postgres(directory: Path, authority: trustme.CA) -> Iterator[int]:
    """PostgreSQL with one user and a table."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    port, data, word = free_port(), directory / "data", directory / "word"
    word.write_text(PASSWORD)
    chain, key = certificate(directory, authority)
    key.chmod(0o600)
    ours(directory, word, chain, key)
    first = (*AS_NOBODY, str(found[-1] / "initdb"), "-D", str(data), "-U", USER, "-A", "scram-sha-256",
             f"--pwfile={word}", "--no-sync", "--no-locale", "-E", "UTF8")  # fmt: skip
    subprocess.run(first, check=True, capture_output=True, cwd="/")
    settings = {"port": port, "listen_addresses": HERE, "unix_socket_directories": directory, "fsync": "off",
                "ssl": "on", "ssl_cert_file": chain, "ssl_key_file": key, "shared_buffers": "1MB",
                "authentication_timeout": "5s", "max_connections": 10}  # fmt: skip
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    words = (*AS_NOBODY, str(found[-1] / "postgres"), "-D", str(data), *flags)
    log = directory / f"{Path(words[0]).name}.log"
    with process(directory, *words, ready=lambda: "ready to accept" in log.read_text()):
        yield port


@contextlib.contextmanager
def mariadb(directory: Path) -> Iterator[int]:
    """MariaDB with one user and a table."""
    port, data = free_port(), directory / "data"
    data.mkdir()
    ours(directory, data)
    name = f"--user={NOBODY.pw_name}"
    first = (program("mariadb-install-db"), "--no-defaults", name, f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--skip-name-resolve")  # fmt: skip
    subprocess.run(first, check=True, capture_output=True, cwd=directory)
    init = directory / "init.sql"
    init.write_text(
        f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\nCREATE DATABASE shop;\n"
        "CREATE DATABASE empty;\n"
        f"CREATE TABLE shop.items (number INT);\nGRANT ALL ON *.* TO '{USER}'@'%';\n"
    )
    words = (
        program("mariadbd"), "--no-defaults", name, f"--datadir={data}", f"--port={port}",
        f"--bind-address={HERE}", f"--socket={directory}/sock", f"--pid-file={directory}/pid",
        f"--init-file={init}", "--skip-name-resolve", "--innodb-buffer-pool-size=8M",
        "--innodb-flush-log-at-trx-commit=0",
    )  # fmt: skip
    with process(directory, *words, ready=listens(port)):
        yield port


@contextlib.contextmanager
def telnetd(directory: Path) -> Iterator[int]:
    """Debian's telnetd, as inetd runs it."""
    listener = socket.create_server((HERE, 0))
    children: list[subprocess.Popen[bytes]] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client:
                    children.append(subprocess.Popen([program("telnetd")], stdin=client, stdout=client,
                                                     stderr=client))  # fmt: skip

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for child in children:
        child.terminate()
        child.wait()


def server_context(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """For a TLS server of Python's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, HERE).configure_cert(context)
    return context
