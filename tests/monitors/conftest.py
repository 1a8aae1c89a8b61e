"""Our monitors, loaded by path as the catalog does, and what they are tried against."""

import asyncio
import contextlib
import importlib.util
import shutil
import socket
import ssl
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from serving import Servers

from mon.probe import Probe

sys.path.insert(0, str(Path(__file__).parent))

import servers

MONITORS = Path(__file__).parents[2] / "monitors"


@pytest.fixture(scope="session")
def load():
    """``load("http")`` is the module of a monitor."""
    loaded = {}

    def one(name):
        if name not in loaded:
            spec = importlib.util.spec_from_file_location(f"tested_monitors_{name}", MONITORS / f"{name}.py")
            module = loaded[name] = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
        return loaded[name]

    return one


@pytest.fixture
async def probe():
    """A probe that is closed afterwards."""
    made = Probe()
    yield made
    await made.close()


@pytest.fixture
async def start():
    """``await start(serve, tls=None, host="127.0.0.1")`` gives the port of a server that does ``serve``."""
    servers = Servers()
    yield servers.listen
    await servers.close()


@pytest.fixture
def refusing():
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def page():
    """``page(answer)`` serves those bytes after reading a request's head; ``page.asked`` are the heads."""

    class Page:
        asked: list[bytes]

        def __init__(self):
            self.asked = []

        def __call__(self, answer, *, then=0.0):
            async def serve(reader, writer):
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(answer)
                await writer.drain()
                await asyncio.sleep(then)

            return serve

    return Page()


@pytest.fixture(scope="session")
def authority():
    """Signs certificates; nobody trusts it unless told to."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca(authority, tmp_path_factory):
    """The file of that authority, for --ca."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def www(authority, ca):
    """``context`` of a server called www.example, ``ca`` to trust it, and the names ``asked`` for."""
    made = SimpleNamespace(context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ca=ca, asked=[])
    authority.issue_cert("www.example").configure_cert(made.context)
    made.context.sni_callback = lambda sock, name, _: made.asked.append(name)
    return made


@pytest.fixture(scope="module")
def run():
    """``run(servers.redis, ...)`` starts a real server in a directory of its own until the file's end."""
    with contextlib.ExitStack() as stack:

        def begin(server, *arguments):
            directory = Path(tempfile.mkdtemp(prefix=f"mon-{server.__name__}-"))
            directory.chmod(0o755)  # some give up their privileges; pytest's own are for root only
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            return stack.enter_context(server(directory, *arguments))

        yield begin


@pytest.fixture
def login(tmp_path):
    """The user of the real servers, the password in a file."""
    (tmp_path / "password").write_text(servers.PASSWORD + "\n")
    return {"user": servers.USER, "password": f"@{tmp_path}/password"}
