"""The servers of the demo: three that speak HTTP, one that speaks FTP, all real, all on loopback."""

import logging
import threading
from functools import partial

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

from mon.demo.web import Fault, Web

ADDRESSES = {"web1": "127.0.1.1", "web2": "127.0.1.2", "web3": "127.0.1.3"}
HTTP_PORT, FTP_PORT = 8080, 2121


class Ftp:
    """pyftpdlib's server in a thread of its own; it is well, or dead."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        logging.getLogger("pyftpdlib").addHandler(logging.NullHandler())  # else it tells each conversation

    async def open(self) -> None:
        """Listen.  Raises OSError when the port is taken."""
        handler = type("Handler", (FTPHandler,), {"authorizer": DummyAuthorizer(), "banner": "demo ready"})
        try:
            server = FTPServer((self.host, self.port), handler)
        except OSError as error:  # which, unlike asyncio's, does not say where
            raise OSError(error.errno, f"{self.host}:{self.port}: {error.strerror}") from error
        self._end.clear()
        self._thread = threading.Thread(target=self._serve, args=(server,), name="ftp", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Stop, and wait for it (a tenth of a second at most)."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    async def fail(self, fault: Fault) -> None:
        """Dead, whatever the fault, or well again."""
        if fault is not Fault.NONE:
            await self.close()
        elif self._thread is None:
            await self.open()

    def _serve(self, server: FTPServer) -> None:
        while not self._end.is_set():
            server.ioloop.loop(timeout=0.1, blocking=False)
        server.close_all()


Server = Web | Ftp


class Farm:
    """``servers`` by the name the story uses."""

    def __init__(self) -> None:
        self.servers: dict[str, Server] = {
            name: Web(address, HTTP_PORT, partial(_page, name)) for name, address in ADDRESSES.items()
        }
        self.servers["ftp1"] = Ftp(ADDRESSES["web1"], FTP_PORT)

    async def open(self) -> None:
        """Start all of them.  Raises OSError when a port is taken."""
        for server in self.servers.values():
            await server.open()

    async def close(self) -> None:
        """Stop all of them."""
        for server in self.servers.values():
            await server.close()


def _page(name: str, body: bytes) -> tuple[int, str]:
    return 200, f"welcome to {name}\n"
