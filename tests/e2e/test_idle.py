"""An event monitor in the whole daemon: a process that dies is out at once and comes back by other votes."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from real_things import Daemon, Event, free_port, until

Start = Callable[..., Daemon]

SERVER = """
import http.server, os, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer.allow_reuse_address = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
print("ready", flush=True)
server.serve_forever()
"""

CONFIG = """\
hostgroup farm 127.0.0.1

virtual web 192.0.2.10:80
    balancer memory
    real 127.0.0.1:{port} weight 4 check 127.0.0.1
    rise 2
    fall 2

watch farm
    service http
        interval {interval}
        monitor http.monitor -p {port} -t 15
        period
            alert   lvs.alert web
            upalert lvs.alert web
    service idle
        interval 10s
        monitor idle.monitor -p {port} -r 0.2
        period
            alert   lvs.alert web
            upalert lvs.alert web
"""


@contextmanager
def serving(port: int) -> Iterator["subprocess.Popen[str]"]:
    words = [sys.executable, "-c", SERVER, str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def weight(daemon: Daemon, new: int, since: int = 0) -> Event:
    return daemon.wait_for("pool", since=since, pool="web", new=new)


def test_a_killed_process_is_out_before_the_next_check_and_back_by_the_checks(start: Start) -> None:
    port = free_port()
    with serving(port) as process:
        daemon = start(CONFIG.format(port=port, interval="15s"))
        weight(daemon, 4)
        until(lambda: daemon.seen("transition", service="idle", new="ok"), daemon)
        process.kill()
        mark = len(daemon.events)
        out = until(lambda: daemon.seen("pool", since=mark, pool="web", new=0), daemon)
        assert not daemon.seen("transition", since=mark, service="http")
    # Reset, if the process had not come to accept it yet.
    assert re.search(r"farm/idle down \(connection (closed|reset), then connection refused\)", out["why"])
    mark = len(daemon.events)
    with serving(port):
        back = weight(daemon, 4, since=mark)
        assert "farm/idle ok, farm/http ok" in back["why"] or "farm/http ok, farm/idle ok" in back["why"]
