"""Connections for urllib3 that try the addresses of a name as everything else of ours does."""

import socket
from collections.abc import Callable, Sequence
from typing import Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError

from mon.probe.resolver import connect

Place = Callable[[str, str, int], tuple[Sequence[str], int]]
"""Scheme, host and port of a URL to the addresses (none: to be looked up) and the port to connect to."""


def anywhere(_scheme: str, _host: str, port: int) -> tuple[Sequence[str], int]:
    """As the URL says."""
    return (), port


def pool_classes(
    seconds: float, place: Place = anywhere, opened: Callable[[socket.socket], object] | None = None
) -> dict[str, Any]:
    """What ``PoolManager.pool_classes_by_scheme`` takes; ``opened`` is told of each connection.

    ``seconds`` is the time to connect.  What is told of is the bare socket, before any TLS.
    """
    kinds = {"http": urllib3.HTTPConnectionPool, "https": urllib3.HTTPSConnectionPool}
    return {scheme: _pool(kind, scheme, seconds, place, opened) for scheme, kind in kinds.items()}


def _pool(
    kind: Any, scheme: str, seconds: float, place: Place, opened: Callable[[socket.socket], object] | None
) -> Any:
    class Connection(kind.ConnectionCls):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            addresses, port = place(scheme, self._dns_host, self.port)
            try:
                sock = connect(self._dns_host, port, seconds, addresses)
            except TimeoutError as error:
                raise ConnectTimeoutError(self, str(error)) from error
            if opened is not None:
                opened(sock)
            return sock

    return type(kind.__name__, (kind,), {"ConnectionCls": Connection})
