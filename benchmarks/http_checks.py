"""CPU of one HTTP check, a new connection each: plain asyncio, our engine, the whole monitor.

    python benchmarks/http_checks.py [CHECKS] [IN FLIGHT]

The targets are addresses of 127.0.0.0/8, one nginx (or, without it, an asyncio server) in a process of its
own answers for all.  Printed is the CPU of this process (user and system) and the ratio to asyncio's streams.
"""

import asyncio
import importlib.util
import multiprocessing
import resource
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from mon.probe import Probe

PAGE = b"still alive\n" * 40
REQUEST = (
    b"GET /alive HTTP/1.1\r\nHost: localhost\r\nUser-Agent: mon/http\r\n"
    b"Accept: */*\r\nConnection: close\r\n\r\n"
)
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
        fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
        server {{ listen 0.0.0.0:{port} backlog=4096; root {folder}; default_type text/plain;
                  location = /count {{ stub_status; }} }} }}
"""

Check = Callable[[str], Awaitable[bool]]


def monitor(name: str) -> Callable[..., Awaitable[str]]:
    """The check of one of our monitors, loaded from its file."""
    file = Path(__file__).parent.parent / "monitors" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"bench_{name}", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    check: Callable[..., Awaitable[str]] = module.check
    return check


@contextmanager
def server() -> Iterator[int]:
    """The port of a server for PAGE in another process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "alive").write_bytes(PAGE)
        Path(folder).chmod(0o755)
        Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        process: subprocess.Popen[bytes] | multiprocessing.Process
        if nginx:
            process = subprocess.Popen([nginx, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
        else:
            process = multiprocessing.Process(target=serve, args=(port,))
            process.start()
        try:
            wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait() if isinstance(process, subprocess.Popen) else process.join()


def serve(port: int) -> None:
    """An asyncio server, for machines without nginx."""

    class Serving(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            transport = cast(asyncio.Transport, self.transport)
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE)
            transport.close()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        await (await loop.create_server(Serving, "0.0.0.0", port, backlog=4096)).serve_forever()

    asyncio.run(run())


def wait_for(port: int) -> None:
    """Until the server accepts."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("the server does not start")


class Fetch(asyncio.Protocol):
    """The barest check at the level of asyncio's protocols."""

    def __init__(self, done: asyncio.Future[bytes]) -> None:
        self.done = done
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(self.data)


def engines(port: int, probe: Probe) -> dict[str, Check]:
    """What is compared."""
    http = monitor("http")

    def good(data: bytes) -> bool:
        return data[9:12] == b"200" and b"still alive" in data

    async def streams(host: str) -> bool:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(REQUEST)
            data = await reader.read(-1)
            writer.close()
            return good(data)

    async def protocol(host: str) -> bool:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bytes] = loop.create_future()
        async with asyncio.timeout(5):
            await loop.create_connection(lambda: Fetch(done), host, port)
            return good(await done)

    async def exchange(host: str) -> bool:
        return good(await probe.exchange(host, port, REQUEST, lambda received: False, timeout=5))

    async def whole(host: str) -> bool:
        said = await http(
            host, port=port, url="/alive", match="still alive", status="200", timeout=5, probe=probe
        )
        return said.startswith("HTTP 200")

    return {
        "asyncio streams": streams,
        "asyncio Protocol": protocol,
        "Probe.exchange": exchange,
        "monitors/http": whole,
    }


async def measure(check: Check, checks: int, in_flight: int) -> float:
    """CPU seconds of a check."""
    targets = [f"127.{1 + i % 10}.{i // 250 % 250}.{1 + i % 250}" for i in range(1000)]
    left = iter(range(checks))
    right = 0

    async def work() -> None:
        nonlocal right
        for i in left:
            good = await check(targets[i % 1000])
            right += good

    before = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.gather(*(work() for _ in range(in_flight)))
    after = resource.getrusage(resource.RUSAGE_SELF)
    if right != checks:
        raise SystemExit(f"{checks - right} of {checks} checks were wrong")
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / checks


def bare(port: int, checks: int, in_flight: int) -> float:
    """CPU seconds of a check by nothing but an epoll loop: what this machine could do at best in Python."""
    poll, live, left, right = (
        select.epoll(),
        dict[int, tuple[socket.socket, bytearray]](),
        iter(range(checks)),
        0,
    )

    def begin() -> None:
        if (number := next(left, None)) is not None:
            one = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            one.connect_ex((f"127.{1 + number % 10}.{number // 250 % 250}.{1 + number % 250}", port))
            poll.register(one, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
            live[one.fileno()] = one, bytearray()

    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(in_flight):
        begin()
    asked = set[int]()
    while live:
        for fd, events in poll.poll(1, 256):
            one, data = live[fd]
            if events & select.EPOLLOUT and fd not in asked:
                asked.add(fd)
                one.send(REQUEST)
            if events & select.EPOLLIN:
                data += one.recv(65536)
                if b"still alive" in data:
                    right += data[9:12] == b"200"
                    poll.unregister(fd)
                    one.close()
                    asked.discard(fd)
                    del live[fd]
                    begin()
    after = resource.getrusage(resource.RUSAGE_SELF)
    poll.close()
    if right != checks:
        raise SystemExit(f"{checks - right} of {checks} checks were wrong")
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / checks


async def main(port: int, checks: int, in_flight: int) -> None:
    """Measure each engine three times in turn and print the medians."""
    probe = Probe()
    found: dict[str, list[float]] = {}
    for _ in range(3):
        for name, check in engines(port, probe).items():
            await measure(check, checks // 10, in_flight)
            found.setdefault(name, []).append(await measure(check, checks, in_flight))
    await probe.close()
    medians = {name: sorted(times)[1] for name, times in found.items()}
    print(f"{checks} checks, {in_flight} in flight; CPU of one check")
    for name, cpu in medians.items():
        ratio = medians["asyncio streams"] / cpu
        print(f"  {name:18} {cpu * 1000:.3f} ms  {1 / cpu:7.0f} per CPU-second  x {ratio:.2f}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3]]
    with server() as port:
        asyncio.run(main(port, *(numbers + [4000, 50][len(numbers) :])))
