"""The same HTTP servers and the same hosts to ping, by us and by others, one after another.

    python benchmarks/peers.py [--write FILE]

Debian's mon with its Perl http.monitor, Nagios with check_http, the blackbox exporter and fping are measured
if they are installed.  All ask one responder in a process of its own, which notes who was asked when.  CPU is
that of a program and of all that it starts.  The exporter keeps no timetable: it is asked for its probes as
fast as it gives them, by a client whose CPU does not count.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from http_checks import wait_for
from ping_sweep import swept
from services import TICKS, children, lateness, mon_cf, quantile
from table import Row, machine, markdown, noted, number, put, show

BEGIN, END = "<!-- peers -->", "<!-- /peers -->"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nstill alive\n"
SECONDS, WARM_UP = 15.0, 8.0
HOSTS = 5_000
"""To ping."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a peer is given: about what it keeps up with.  The interval is in seconds."""

    services: int
    interval: float = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """Checks a second, CPU seconds of one, lateness p50 and p99 in seconds (None without a timetable)."""

    name: str
    rate: float
    cpu: float
    late: tuple[float, float] | None = None


Peer = Callable[[Path, int], list[str]]
"""Writes its configuration for a port into a directory; the words that start it."""


class Responder(asyncio.Protocol):
    """Answers a request with a page, and notes who was asked."""

    def __init__(self, asked: dict[str, list[float]]) -> None:
        self._asked = asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._asked[transport.get_extra_info("sockname")[0]].append(time.monotonic())

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(PAGE)
            self._transport.close()


@contextlib.contextmanager
def responder() -> Iterator[tuple[int, Connection]]:
    """Its port, and the pipe that tells who was asked when, once it is written to."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=lambda: asyncio.run(_respond(theirs)), daemon=True)
    process.start()
    yield ours.recv(), ours
    process.join(10)


async def _respond(pipe: Connection) -> None:
    loop, stop, asked = asyncio.get_running_loop(), asyncio.Event(), defaultdict[str, list[float]](list)
    server = await loop.create_server(lambda: Responder(asked), "0.0.0.0", 0, backlog=4096)
    loop.add_reader(pipe, stop.set)
    pipe.send(server.sockets[0].getsockname()[1])
    await stop.wait()
    pipe.send(dict(asked))


def cpu_of_all(pid: int) -> float:
    """Seconds of CPU of a process, of what it has started, and of what has ended and was waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(fields[at]) for at in (11, 12, 13, 14)) / TICKS + sum(map(cpu_of_all, children(pid)))
    except (FileNotFoundError, ProcessLookupError):  # it has ended: its parent has its time by now
        return 0.0


def kept_up(name: str, peer: Peer, load: Load) -> Result:
    """Run a peer with a timetable of its own."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory, responder() as (port, results):
        words = peer(Path(directory), port)
        with open(Path(directory, "said"), "wb") as said:
            process = subprocess.Popen(
                words, stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd=directory
            )
        try:
            time.sleep(WARM_UP + load.interval)
            before, since = cpu_of_all(process.pid), time.monotonic()
            time.sleep(SECONDS)
            cpu, until = cpu_of_all(process.pid) - before, time.monotonic()
        finally:
            process.terminate()
            process.wait(30)
        results.send(None)
        asked: dict[str, list[float]] = results.recv()
    checks = sum(since <= at < until for times in asked.values() for at in times)
    if not checks:
        raise SystemExit(f"{name} checked nothing")
    seen = {host: times for host, times in asked.items() if any(since <= at < until for at in times)}
    late = sorted(e for times in seen.values() for e in lateness(times, load.interval, (since, until)))
    return Result(name, checks / (until - since), cpu / checks, (quantile(late, 0.5), quantile(late, 0.99)))


def ours(load: Load) -> Peer:
    """``mon run`` with our http.monitor."""

    def write(directory: Path, port: int) -> list[str]:
        monitor = "http.monitor -p {port} -u / -t 5"
        config = directory / "mon.cf"
        config.write_text(mon_cf(load.services, load.interval, port, str(directory), monitor=monitor))
        return [sys.executable, "-m", "mon", "run", "-c", str(config)]

    return write


def classic(load: Load) -> Peer:
    """Debian's mon with its own http.monitor; one service for each host."""

    def write(directory: Path, port: int) -> list[str]:
        hosts = [f"127.5.0.{n}" for n in range(1, load.services + 1)]
        blocks = [
            f"hostgroup g{n} {host}\n\nwatch g{n}\n    service http\n        interval {load.interval:g}s\n"
            f"        monitor http.monitor -p {port} -u /\n\n"
            for n, host in enumerate(hosts)
        ]
        (directory / "mon.cf").write_text("maxprocs = 200\n\n" + "".join(blocks))
        (directory / "auth.cf").write_text("")
        where = str(directory)
        folders = [word for flag in ("-a", "-b", "-B", "-D", "-L") for word in (flag, where)]
        ports = ["-p", str(_free_port()), "-t", str(_free_port())]
        files = ["-c", f"{where}/mon.cf", "-A", f"{where}/auth.cf", "-P", f"{where}/pid"]
        return ["/usr/sbin/mon", *files, "-s", "/usr/lib/mon/mon.d", *folders, *ports]

    return write


NAGIOS = """\
cfg_file={d}/objects.cfg
log_file={d}/nagios.log
check_result_path={d}/spool
object_cache_file={d}/objects.cache
status_file={d}/status.dat
status_update_interval=60
command_file={d}/nagios.cmd
lock_file={d}/nagios.lock
temp_file={d}/nagios.tmp
temp_path={d}
state_retention_file={d}/retention.dat
nagios_user=root
nagios_group=root
interval_length=1
max_concurrent_checks=0
enable_notifications=0
check_for_updates=0
check_for_orphaned_services=0
log_initial_states=0
service_inter_check_delay_method=n
query_socket={d}/nagios.qh
"""

OBJECTS = """\
define timeperiod {{
 timeperiod_name always
 alias always
 monday 00:00-24:00
 tuesday 00:00-24:00
 wednesday 00:00-24:00
 thursday 00:00-24:00
 friday 00:00-24:00
 saturday 00:00-24:00
 sunday 00:00-24:00
}}
define contact {{
 contact_name nobody
 host_notification_commands check
 service_notification_commands check
 host_notification_period always
 service_notification_period always
}}
define command {{
 command_name check
 command_line /usr/lib/nagios/plugins/check_http -I $HOSTADDRESS$ -p {port} -u / -t 5
}}
"""

SERVICE = """\
define host {{
 host_name h{n}
 address 127.6.0.{n}
 max_check_attempts 1
 check_period always
 active_checks_enabled 0
 contacts nobody
}}
define service {{
 host_name h{n}
 service_description http
 check_command check
 check_interval {interval:g}
 retry_interval {interval:g}
 max_check_attempts 1
 check_period always
 contacts nobody
}}
"""


def nagios(load: Load) -> Peer:
    """Nagios 4 with check_http of the monitoring plugins."""

    def write(directory: Path, port: int) -> list[str]:
        (directory / "spool").mkdir()
        (directory / "nagios.cfg").write_text(NAGIOS.format(d=directory))
        services = (SERVICE.format(n=n, interval=load.interval) for n in range(1, load.services + 1))
        (directory / "objects.cfg").write_text(OBJECTS.format(port=port) + "".join(services))
        return ["nagios4", str(directory / "nagios.cfg")]

    return write


def exporter() -> Result:
    """The blackbox exporter, 50 probes in flight."""
    with tempfile.TemporaryDirectory(prefix="mon-bench-") as directory, responder() as (port, results):
        config, own = Path(directory, "blackbox.yml"), _free_port()
        config.write_text("modules:\n  http:\n    prober: http\n    timeout: 5s\n    http:\n"
                          "      preferred_ip_protocol: ip4\n      no_follow_redirects: true\n")  # fmt: skip
        words = [
            "prometheus-blackbox-exporter",
            f"--config.file={config}",
            f"--web.listen-address=127.0.0.1:{own}",
        ]
        process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        try:
            wait_for(own)
            asyncio.run(_ask_exporter(own, port, 2.0))
            before, began = cpu_of_all(process.pid), time.monotonic()
            made = asyncio.run(_ask_exporter(own, port, SECONDS))
            cpu, took = cpu_of_all(process.pid) - before, time.monotonic() - began
        finally:
            process.terminate()
            process.wait(10)
        results.send(None)
        results.recv()
    return Result("blackbox exporter", made / took, cpu / made)


async def _ask_exporter(own: int, port: int, seconds: float) -> int:
    until, made = time.monotonic() + seconds, 0

    async def work(number: int) -> None:
        nonlocal made
        while time.monotonic() < until:
            target = f"http://127.7.0.{1 + number}:{port}/"
            reader, writer = await asyncio.open_connection("127.0.0.1", own)
            writer.write(f"GET /probe?module=http&target={target} HTTP/1.0\r\n\r\n".encode())
            said = await reader.read(-1)
            writer.close()
            if b"\nprobe_success 1" not in said:
                raise SystemExit(f"the exporter found a good server bad: {said[-200:]!r}")
            made += 1

    await asyncio.gather(*map(work, range(50)))
    return made


def pings() -> list[Row]:
    """fping as it is, and without its pause between two packets, beside our sweep."""
    hosts = [f"127.8.{n // 250}.{1 + n % 250}" for n in range(HOSTS)]
    found = {"ours": swept_alone(hosts)}
    if shutil.which("fping"):
        for pause in ("0", "1"):
            words = ["fping", "-q", "-C1", "-r0", "-t1000", f"-i{pause}"]
            found[f"fping -i{pause}"] = _ran(words, "\n".join(hosts))
    told = []
    for name, (cpu, took) in found.items():
        what, ratio = f"{HOSTS:,} pings, {name}", f"{number(cpu / found['ours'][0])} x ours"
        told.append(noted(f"{what}: CPU of one", cpu / HOSTS * 1e6, "us", ratio))
        told.append(noted(f"{what}: all of them", took, "s"))
    return told


def swept_alone(hosts: list[str]) -> tuple[float, float]:
    """Seconds of CPU and seconds of our sweep; a daemon is started once for many."""
    cpu, took, alive = asyncio.run(swept(hosts))
    if alive != len(hosts):
        raise SystemExit(f"{len(hosts) - alive} hosts that answer were called dead")
    return cpu, took


def _ran(words: Sequence[str], said: str) -> tuple[float, float]:
    """Seconds of CPU and seconds of a program."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    quiet = subprocess.DEVNULL
    subprocess.run(words, input=said, text=True, stdout=quiet, stderr=quiet, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - began


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rows() -> list[Row]:
    """All that are installed; each by ours."""
    load = Load(2_000)
    found = [kept_up("ours", ours(load), load)]
    if Path("/usr/sbin/mon").exists():
        load = Load(40)
        found.append(kept_up("Debian's mon, http.monitor", classic(load), load))
    if shutil.which("nagios4") and os.path.exists("/usr/lib/nagios/plugins/check_http"):
        load = Load(200)
        found.append(kept_up("Nagios, check_http", nagios(load), load))
    if shutil.which("prometheus-blackbox-exporter"):
        found.append(exporter())
    return [row for result in found for row in _rows(result, found[0])] + pings()


def _rows(result: Result, base: Result) -> list[Row]:
    what = f"HTTP, {result.name}"
    found = [
        noted(f"{what}: checks kept up", result.rate, "/s"),
        noted(f"{what}: CPU of one", result.cpu * 1e6, "us", f"{number(result.cpu / base.cpu)} x ours"),
        noted(f"{what}: checks for a CPU-second", 1 / result.cpu, ""),
    ]
    if result.late is not None:
        p50, p99 = result.late
        found.append(noted(f"{what}: lateness p99", p99 * 1000, "ms", f"p50 {p50 * 1000:.1f} ms"))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure others beside us.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into FILE as well")
    given = parser.parse_args()
    measured = rows()
    show(measured)
    if given.write:
        about = "\n".join(f"- {word}: {what}" for word, what in machine())
        put(given.write, BEGIN, END, f"{about}\n\n{markdown(measured)}")
