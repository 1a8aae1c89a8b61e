#!/usr/bin/env python3
"""Guest side: a small LVS network of namespaces.

   client 192.168.1.2 ---+                      +--- rs1..rs3 192.168.2.21..23   (mode nat)
                         | br-out        br-in  |
   lb1 .1.11/.2.11/.3.11-+----------------------+
   lb2 .1.12/.2.12/.3.12-+   eth2: lb1<->lb2 crossover 192.168.3.0/24
   mode dr: rs1..rs3 sit on br-out as 192.168.1.21..23 with the VIP on lo, arp_ignore/arp_announce.
   VIP 192.168.1.100 (outside), GIP 192.168.2.1 (inside gateway, nat).
   IPv6: fd00:1::/64, fd00:2::/64, same last part.

Director namespaces lb1/lb2 are "nodes": own net, uts, pid and mount namespace
(own /run, /tmp, /var/log, state directories), so a node can be powered off as a whole.
"""

import ctypes
import ipaddress
import os
import signal
import socket
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VIP, GIP, VIP6, GIP6 = "192.168.1.100", "192.168.2.1", "fd00:1::100", "fd00:2::1"
OUT = {"client": 2, "lb1": 11, "lb2": 12}
RS = {"rs1": 21, "rs2": 22, "rs3": 23}
libc = ctypes.CDLL(None, use_errno=True)


def setns(path):
    fd = os.open(path, os.O_RDONLY)
    if libc.setns(fd, 0):
        raise OSError(ctypes.get_errno(), path)
    os.close(fd)


def sh(cmd, check=True, quiet=False):
    r = subprocess.run(cmd, shell=isinstance(cmd, str), text=True, capture_output=True)
    if check and r.returncode:
        raise RuntimeError(f"{cmd}: rc={r.returncode} {r.stdout}{r.stderr}")
    return r.stdout


def batch(lines, ns=None):
    r = subprocess.run(
        ["ip"] + (["-n", ns] if ns else []) + ["-batch", "-"],
        input="\n".join(lines),
        text=True,
        capture_output=True,
    )
    if r.returncode:
        raise RuntimeError(f"ip -batch {ns}: {r.stderr}")


def in_ns(ns, fn, *a):
    """Call fn in a thread that has entered the network namespace."""
    res = []

    def go():
        try:
            setns(f"/run/netns/{ns}")
            res.append((True, fn(*a)))
        except BaseException as e:
            res.append((False, e))

    t = threading.Thread(target=go)
    t.start()
    t.join()
    if not res[0][0]:
        raise res[0][1]
    return res[0][1]


def spawn(ns, cmd, **kw):
    """Start a process in a network namespace.

    By vfork from a thread that is in it: a plain fork of Python costs 60 ms here.
    """
    return in_ns(ns, lambda: subprocess.Popen(cmd, **kw))


def nsrun(ns, cmd, check=True):
    p = spawn(
        ns, cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, shell=isinstance(cmd, str)
    )
    out = p.communicate()[0]
    if check and p.returncode:
        raise RuntimeError(f"[{ns}] {cmd}: rc={p.returncode} {out}")
    return out


def sysctl(ns, **kw):
    def w():
        for k, v in kw.items():
            with open("/proc/sys/net/" + k.replace("__", "/"), "w") as f:
                f.write(str(v))

    in_ns(ns, w)


def garp(ns, dev, ip):
    """One gratuitous ARP request (what arping -U -c 1 sends, without its 1 s wait)."""

    def go():
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        s.bind((dev, 0x0806))
        mac, a = s.getsockname()[4], socket.inet_aton(ip)
        s.send(b"\xff" * 6 + mac + bytes.fromhex("08060001080006040001") + mac + a + b"\0" * 6 + a)
        s.close()

    in_ns(ns, go)


def bare(address):
    """As an address stands before a port: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address


def endpoint(address, port=80):
    """``192.168.1.100:80``, ``[fd00:1::100]:80``."""
    return f"{bare(address)}:{port}"


NGINX = """daemon off; master_process off; pid /run/lab/{n}.pid; error_log /run/lab/{n}.err crit;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_timeout 5;
  server {{
    listen 80; listen [::]:80; listen 8080; listen [::]:8080;
    if (-f /run/lab/{n}.fail) {{ return 500 "fail {n}\\n"; }}
    location / {{ return 200 "{n}\\n"; }}
    location = /healthz {{
      if (-f /run/lab/{n}.moved) {{ return 302 /login; }}
      return 200 "well\\n";
    }}
  }}
}}
"""


class Lab:
    """The network, its addresses and its real servers; see the module's picture."""

    def __init__(self, mode="nat", nodes=(), active="lb1"):
        self.mode, self.procs, self.holders = mode, {}, {}
        rsnet = 2 if mode == "nat" else 1
        self.rs = {n: f"192.168.{rsnet}.{h}" for n, h in RS.items()}
        self.rs6 = {n: f"fd00:{rsnet}::{h}" for n, h in RS.items()}
        os.makedirs("/run/lab", exist_ok=True)
        names = ["client", "lb1", "lb2", *RS]
        b = [f"netns add {n}" for n in names] + ["link add br-out type bridge", "link add br-in type bridge"]
        per = {n: ["link set lo up"] for n in names}

        def plug(n, br, ifn, net, host):
            port = f"{n}-{'o' if br == 'br-out' else 'i'}"
            b.append(f"link add {port} type veth peer name {ifn} netns {n}")
            b.append(f"link set {port} master {br} up")
            per[n] += [
                f"addr add 192.168.{net}.{host}/24 dev {ifn}",
                f"addr add fd00:{net}::{host}/64 dev {ifn} nodad",
                f"link set {ifn} up",
            ]

        for n, h in OUT.items():
            plug(n, "br-out", "eth0", 1, h)
        for n in ("lb1", "lb2"):
            plug(n, "br-in", "eth1", 2, OUT[n])
        for n, h in RS.items():
            plug(n, "br-in" if mode == "nat" else "br-out", "eth0", rsnet, h)
        b.append("link add eth2 netns lb1 type veth peer name eth2 netns lb2")
        for n in ("lb1", "lb2"):
            per[n] += [f"addr add 192.168.3.{OUT[n]}/24 dev eth2", "link set eth2 up"]
        for n in RS:
            if mode == "nat":
                per[n] += [f"route add default via {GIP}", f"route add default via {GIP6}"]
            else:
                per[n] += [f"addr add {VIP}/32 dev lo", f"addr add {VIP6}/128 dev lo nodad"]
        batch(b + ["link set br-out up", "link set br-in up"])
        for n in RS:  # before the VIP appears
            if mode == "dr":
                sysctl(n, ipv4__conf__all__arp_ignore=1, ipv4__conf__all__arp_announce=2)
        for n, lines in per.items():
            batch(lines, n)
        for n in ("lb1", "lb2"):
            sysctl(n, ipv4__ip_forward=1, ipv6__conf__all__forwarding=1, ipv4__conf__all__send_redirects=0)
            if n in nodes:
                self.node_up(n)
        self.active = None
        if active:
            self.take_vip(active)

    def close(self):
        """Everything away, so that the next Lab can be of the other mode."""
        for p in self.procs.values():
            p.kill()
            p.wait()
        for n in list(self.holders):
            self.power_off(n)
        names = ("client", "lb1", "lb2", *RS)
        batch(["link del br-out", "link del br-in"] + [f"netns del {n}" for n in names])
        time.sleep(0.2)
        sh("rm -rf /run/lab")

    # -- directors as nodes ------------------------------------------------
    def node_up(self, n):
        os.makedirs(f"/run/lab/{n}", exist_ok=True)
        own = "--mount-proc --propagation private -m -u -p -f".split()
        words = ["ip", "netns", "exec", n, "unshare", *own, "bash", f"{HERE}/node.sh", n]
        p = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        ready = f"/run/lab/{n}/ready"
        for _ in range(500):
            if os.path.exists(ready):
                break
            time.sleep(0.02)
        else:
            raise RuntimeError("node did not come up")
        os.unlink(ready)
        pid = int(open(f"/proc/{p.pid}/task/{p.pid}/children").read().split()[0])
        self.holders[n] = (p, pid)

    def node(self, n, cmd, wait=True, **kw):
        """Run in all namespaces of the node."""
        full = ["nsenter", "-t", str(self.holders[n][1]), "-m", "-u", "-n", "-p", "--"] + (
            ["bash", "-c", cmd] if isinstance(cmd, str) else cmd
        )
        if not wait:
            return subprocess.Popen(full, **kw)
        return subprocess.run(full, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw).stdout

    def power_off(self, n):
        """Links gone first (nothing gets out), then every process of the node."""
        batch([f"link set {n}-o down", f"link set {n}-i down"])
        nsrun(n, ["ip", "link", "set", "eth2", "down"])
        p, pid = self.holders.pop(n)
        os.kill(pid, signal.SIGKILL)
        p.wait()

    def cable(self, port, up):
        batch([f"link set {port} {'up' if up else 'down'}"])

    # -- addresses, virtual services ---------------------------------------
    def take_vip(self, n, announce=True):
        # preferred_lft 0: else the director's checks of servers in the same net come from VIP6, which is
        # the servers' own address too (RFC 6724 rule 8 likes a /128), and no answer leaves them
        lines = [f"addr add {VIP}/32 dev eth0", f"addr add {VIP6}/128 dev eth0 nodad preferred_lft 0"]
        if self.mode == "nat":
            lines += [f"addr add {GIP}/24 dev eth1", f"addr add {GIP6}/64 dev eth1 nodad"]
        batch(lines, n)
        if announce:
            garp(n, "eth0", VIP)
            if self.mode == "nat":
                garp(n, "eth1", GIP)
        self.active = n

    def drop_vip(self, n):
        """Take the addresses away, whatever prefix length they were added with."""
        for dev, ip in (("eth0", VIP), ("eth1", GIP), ("eth0", VIP6), ("eth1", GIP6)):
            nsrun(n, ["ip", "addr", "flush", "dev", dev, "to", ip], check=False)

    def service(self, n, sched="rr", v6=False):
        fwd = "-m" if self.mode == "nat" else "-g"
        v, rs = (VIP6, self.rs6) if v6 else (VIP, self.rs)
        v, rs = endpoint(v), [endpoint(a) for a in rs.values()]
        rules = f"-A -t {v} -s {sched}\n" + "".join(f"-a -t {v} -r {r} {fwd} -w 1\n" for r in rs)
        p = spawn(n, ["ipvsadm", "-R"], stdin=subprocess.PIPE, text=True)
        p.communicate(rules)
        if p.returncode:
            raise RuntimeError("ipvsadm -R")

    # -- real servers -------------------------------------------------------
    def rs_start(self, n):
        conf = f"/run/lab/{n}.conf"
        if not os.path.exists(conf):
            with open(conf, "w") as f:
                f.write(NGINX.format(n=n))
        self.procs[n] = spawn(n, ["nginx", "-c", conf, "-e", f"/run/lab/{n}.err"], stderr=subprocess.DEVNULL)

    def rs_signal(self, n, number):
        self.procs[n].send_signal(number)

    def rs_kill(self, n):
        p = self.procs.pop(n)
        p.kill()
        p.wait()

    def rs_port(self, n):
        """The bridge port that a real server's cable goes into, for ``cable()``."""
        return f"{n}-{'i' if self.mode == 'nat' else 'o'}"

    def rs_fail(self, n, on, how="fail"):
        """``fail``: every page answers 500; ``moved``: /healthz answers 302."""
        f = f"/run/lab/{n}.{how}"
        if on:
            open(f, "w").close()
        else:
            os.unlink(f)

    def mend(self, n):
        """Whatever was done to a real server is undone."""
        for how in ("fail", "moved"):
            if os.path.exists(f"/run/lab/{n}.{how}"):
                self.rs_fail(n, False, how)
        if n not in self.procs:
            self.rs_start(n)

    def start_all(self):
        for n in RS:
            self.rs_start(n)
        time.sleep(0.5)


Tables = dict[str, dict[str, int]]


def tables(text):
    """``/proc/net/ip_vs`` as {virtual service: {real server: weight}}, all written ``address:port``."""
    out, servers = {}, {}
    for words in map(str.split, text.splitlines()):
        if words[:1] in (["TCP"], ["UDP"], ["SCTP"]):
            servers = out[numeric(words[1])] = {}
        elif words[:1] == ["->"] and words[1][0] in "[0123456789ABCDEF":
            servers[numeric(words[1])] = int(words[3])
    return out


def numeric(text):
    """``C0A80115:0050`` and ``[fd00:0001:...:0021]:0050`` as ``endpoint()`` writes them."""
    host, port = text.rsplit(":", 1)
    address = host.strip("[]") if host[0] == "[" else int(host, 16)
    return endpoint(str(ipaddress.ip_address(address)), int(port, 16))


def table(ns):
    """The kernel's table in this namespace (what ``ipvsadm -Ln`` shows), see ``tables``."""

    def read():
        with open("/proc/thread-self/net/ip_vs") as f:
            return f.read()

    return tables(in_ns(ns, read))


def get(ns, url, t=2):
    """``BODY STATUS`` of one request, ``000`` for none."""
    words = ["curl", "-s", "-g", "-m", str(t), "-w", " %{http_code}", url]
    return nsrun(ns, words, check=False).replace("\n", "")
