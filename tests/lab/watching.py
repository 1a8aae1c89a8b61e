"""Guest side: what the kernel's table was at each moment, and what a steady client saw."""

import os
import socket
import subprocess
import sys
import threading
import time

import netlab


class Sampler(threading.Thread):
    """Every change of a namespace's table with its time (monotonic seconds), looked at each 20 ms."""

    def __init__(self, ns):
        super().__init__(daemon=True)
        self.ns, self.now, self.history = ns, {}, []
        self.done = threading.Event()

    def run(self):
        netlab.setns(f"/run/netns/{self.ns}")
        while not self.done.wait(0.02):
            with open("/proc/thread-self/net/ip_vs") as f:
                table = netlab.tables(f.read())
            if table != self.now:
                self.history.append((time.monotonic(), table))
                self.now = table

    def stop(self):
        self.done.set()
        self.join()

    def weights(self, server, since=0.0):
        """All that was ever seen of a server since a moment: {(virtual, weight or None)}.

        What stood in the table at that moment counts as seen.
        """
        before = [table for at, table in self.history if at < since][-1:]
        tables = before + [table for at, table in self.history if at >= since]
        return {(virtual, servers.get(server)) for table in tables for virtual, servers in table.items()}


class Client:
    """``client.py`` against one address from namespace ``client``; ends with ``stop``."""

    def __init__(self, address, rate=20):
        self.path = f"/run/lab/client-{address.replace(':', '_')}.log"
        words = [sys.executable, f"{netlab.HERE}/client.py", self.path, str(rate), address, "2"]
        self.process = netlab.spawn("client", words, stdin=subprocess.DEVNULL)

    def stop(self):
        """End it; -> [(start, end, status, body)]."""
        self.process.terminate()
        self.process.wait()
        if not os.path.exists(self.path):  # ended before it began
            return []
        with open(self.path) as f:
            rows = [line.split(None, 3) for line in f]
        return [(float(a), float(b), int(c), (*rest, "")[0].strip()) for a, b, c, *rest in rows]


class Talk:
    """A TCP connection from the client, kept open."""

    def __init__(self, address, port=80):
        self.socket = netlab.in_ns("client", socket.create_connection, (address, port), 5)

    def end(self):
        self.socket.close()


def wait(true, seconds, what="it"):
    """Wait until ``true()``; -> when it was (monotonic seconds)."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)
    return time.monotonic()
