#!/usr/bin/env python3
"""Run a mon-compatible daemon through scripted scenarios and compare what it does.

    compat.py record [NAME...]    run the scenarios and write the expected files
    compat.py check  [NAME...]    run the scenarios and compare with the expected files
    compat.py show   NAME         run one scenario and print its normalised result

See README.md for the scenario format.
"""

import argparse
import concurrent.futures
import difflib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
OPTIONS = (
    "-c {config} -a {alertdir} -s {mondir} -D {statedir} -L {logdir} -A {authfile}"
    " -b {basedir} -B {cfbasedir} -P {pidfile} -p {port} -t {trapport}"
)
GLOBALS = """\
serverbind = 127.0.0.1
trapbind = 127.0.0.1
"""
COMMANDS = (
    "ack checkauth clear disable dump enable get list loadstate protid quit reload reset"
    " savestate servertime set start stop term test version"
)
AUTH = (
    "command section\n" + "".join(f"{c}: all\n" for c in COMMANDS.split()) + "trap section\n127.0.0.1 * *\n"
)
UNSTABLE = "<UNSTABLE>"  # in an expected file: this value is not compared
SETTLE = 0.4  # seconds an alert program gets to write its line
PATIENCE = 12  # seconds to wait for something that must happen

MONITOR = r"""#!@PYTHON@ -SI
import json, os, re, signal, sys, time
top = "@DIR@"
name = os.environ.get("MON_GROUP", "") + "__" + os.environ.get("MON_SERVICE", "")
runs = top + "/runs/" + name
try:
    done = len(open(runs).readlines())
except OSError:
    done = 0
wanted = @ENV@
line = {"argv": sys.argv[1:],
        "env": {k: v for k, v in os.environ.items() if k.startswith("MON_") or k in wanted}}
with open(runs, "a") as f:
    f.write(json.dumps(line) + "\n")
script = open(top + "/scripts/" + name, encoding="utf-8").read().splitlines()
result = script[min(done, len(script) - 1)]
code, summary, detail = (result + "||").split("|")[:3]
code, _, delay = code.partition("@")
if delay:
    time.sleep(float(delay))
text = (summary + ("\n" + detail if detail else "")).replace("\\n", "\n")
text = re.sub(r"\{(\d+)\}", lambda m: "x" * int(m[1]), text)     # {9999}: that many letters
if text:
    os.write(1, (text + "\n").encode())
if code.startswith("kill"):
    os.kill(os.getpid(), int(code[4:]))
sys.exit(int(code))
"""

ALERT = r"""#!@PYTHON@ -SI
import json, os, sys, time
now = time.time()
top = "@DIR@"
name = os.environ.get("MON_GROUP", "") + "__" + os.environ.get("MON_SERVICE", "")
try:
    runs = len(open(top + "/runs/" + name).readlines())
except OSError:
    runs = 0
wanted = @ENV@
line = {"program": os.path.basename(sys.argv[0]), "argv": sys.argv[1:],
        "env": {k: v for k, v in os.environ.items() if k.startswith("MON_") or k in wanted},
        "stdin": sys.stdin.buffer.read().decode("latin-1"), "runs": runs, "time": now,
        "step": int(open(top + "/step").read())}
fd = os.open(top + "/alerts.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(fd, (json.dumps(line) + "\n").encode())
"""

ports_lock = threading.Lock()
ports_used = set()


def free_port():
    """A port number that is free for both TCP and UDP on 127.0.0.1."""
    with ports_lock:
        while True:
            with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
                tcp.bind(("127.0.0.1", 0))
                port = tcp.getsockname()[1]
                try:
                    udp.bind(("127.0.0.1", port))
                except OSError:
                    continue
            if port not in ports_used:
                ports_used.add(port)
                return port


class Client:
    """One TCP connection to the daemon."""

    FINAL = re.compile(rb"^[25]\d\d [^\n]*\n", re.M)

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def ask(self, line, timeout=PATIENCE):
        """Send one line; return the lines of the reply, up to and with its final line."""
        try:
            self.sock.sendall(line.encode("latin-1") + b"\n")
        except OSError:
            return ["<connection closed>"]
        return self.read(timeout)

    def read(self, timeout):
        data, deadline = b"", time.monotonic() + timeout
        while time.monotonic() < deadline:
            final = self.FINAL.search(data)
            # after a final line, wait briefly: some replies have a second one
            self.sock.settimeout(0.15 if final else max(0.01, deadline - time.monotonic()))
            try:
                more = self.sock.recv(65536)
            except (TimeoutError, OSError) as e:
                if final:
                    break
                return data.decode("latin-1").splitlines() + (
                    ["<no reply>"] if isinstance(e, TimeoutError) else ["<connection closed>"]
                )
            if not more:
                return [*data.decode("latin-1").splitlines(), "<connection closed>"]
            data += more
        return data.decode("latin-1").splitlines()

    def close(self):
        self.sock.close()


class Failure(Exception):
    """The scenario could not go on; the text becomes part of the result."""


class Run:
    """One scenario, run once against one daemon."""

    def __init__(self, scenario, program, keep=False):
        self.scenario = scenario
        self.program = program
        self.keep = keep
        self.dir = tempfile.mkdtemp(prefix="compat-")
        self.port, self.trapport = free_port(), free_port()
        self.step_number = 0
        self.process = None
        self.client = None
        self.steps = []
        self.prepare()

    # -- files ---------------------------------------------------------------

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text, mode=0o644):
        name = self.path(name)
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "w") as f:
            f.write(text)
        os.chmod(name, mode)

    def fill(self, text):
        """Replace @NAME@ in a text of the scenario."""
        for key, value in {
            "GLOBALS": GLOBALS,
            "DIR": self.dir,
            "PORT": self.port,
            "TRAPPORT": self.trapport,
            "NOW": int(time.time()),
            "TODAY": time.strftime("%a", time.gmtime()),
            "TOMORROW": time.strftime("%a", time.gmtime(time.time() + 86400)),
        }.items():
            text = text.replace(f"@{key}@", str(value))
        return text

    def prepare(self):
        os.chmod(self.dir, 0o755)
        for d in ("mon.d", "alert.d", "state", "log", "cf", "scripts", "runs"):
            os.mkdir(self.path(d))
        wanted = repr(self.scenario.get("env", []))
        for text, where in ((MONITOR, "mon.d/scripted.monitor"), (ALERT, "alert.d/record.alert")):
            for key, value in (("@PYTHON@", sys.executable), ("@DIR@", self.dir), ("@ENV@", wanted)):
                text = text.replace(key, value)  # noqa: PLW2901
            self.write(where, text, 0o755)
        shutil.copy(self.path("alert.d/record.alert"), self.path("alert.d/second.alert"))
        self.write("step", "0")
        self.write("cf/auth.cf", self.fill(self.scenario.get("auth", AUTH)))
        self.config_name = self.scenario.get("config_name", "mon.cf")
        self.write("cf/" + self.config_name, self.fill(self.scenario.get("config", "")))
        for name, text in self.scenario.get("files", {}).items():
            mode = 0o755 if name in self.scenario.get("executable", []) else 0o644
            self.write(name, self.fill(text), mode)
        for service, results in self.scenario.get("scripts", {}).items():
            self.write("scripts/" + service.replace("/", "__"), "\n".join(results) + "\n")

    # -- the daemon ----------------------------------------------------------

    def command(self):
        places = {
            "config": self.path("cf", self.config_name),
            "alertdir": self.path("alert.d"),
            "mondir": self.path("mon.d"),
            "statedir": self.path("state"),
            "logdir": self.path("log"),
            "authfile": self.path("cf/auth.cf"),
            "basedir": self.dir,
            "cfbasedir": self.path("cf"),
            "pidfile": self.path("mon.pid"),
            "port": self.port,
            "trapport": self.trapport,
        }
        options = self.scenario.get("options", OPTIONS) + " " + self.scenario.get("more_options", "")
        words = shlex.split(self.program) + shlex.split(self.fill(options))
        return [w.format(**places) for w in words]

    def start(self, extra=""):
        env = {k: v for k, v in os.environ.items() if not k.startswith("MON")}
        env.update(LC_ALL="C", TZ="UTC")
        self.out = open(self.path("daemon.out"), "ab")  # noqa: SIM115  # noqa: SIM115
        self.process = subprocess.Popen(
            self.command() + shlex.split(self.fill(extra)),
            cwd=self.dir,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=self.out,
            process_group=0,
        )

    def wait_ready(self):
        """True when the daemon answers, False when it ended first."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status = self.process.poll()
            if status is not None and not (status == 0 and self.scenario.get("background")):
                return False
            try:
                self.control = Client(self.port)
            except OSError:
                time.sleep(0.05)
                continue
            self.control.ask("version")
            time.sleep(SETTLE)
            return True
        raise Failure("the daemon does not listen")

    def stop(self):
        for client in (self.client, getattr(self, "control", None)):
            if client:
                client.close()
        self.client = self.control = None
        if self.scenario.get("background") and os.path.exists(self.path("mon.pid")):
            with open(self.path("mon.pid")) as f:
                os.kill(int(f.read()), 15)
            self.wait("the end of the daemon", lambda: not os.path.exists(self.path("mon.pid")))
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # whatever it left behind
        except ProcessLookupError:
            pass
        self.out.close()

    # -- looking at the daemon -----------------------------------------------

    def runs(self, service):
        try:
            with open(self.path("runs", service.replace("/", "__"))) as f:
                return len(f.readlines())
        except OSError:
            return 0

    def control_ask(self, line):
        reply = self.control.ask(line)
        if reply[-1:] == ["<connection closed>"]:  # idle for too long
            self.control = Client(self.port)
            reply = self.control.ask(line)
        return reply

    def idle(self, service):
        reply = self.control_ask("list opstatus " + service.replace("/", ","))
        return not any("monitor_running=1" in line for line in reply)

    def wait(self, what, condition, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise Failure(f"gave up waiting for {what}")
            time.sleep(0.05)

    def wait_processed(self, service, count, patience=PATIENCE):
        """Until the monitor has run `count` times and the daemon has seen the last result."""
        self.wait(f"run {count} of {service}", lambda: self.runs(service) >= count, patience)
        self.wait(f"the end of {service}", lambda: self.idle(service), patience)
        time.sleep(SETTLE)

    def alert_lines(self):
        try:
            with open(self.path("alerts.log")) as f:
                return [json.loads(line) for line in f]
        except OSError:
            return []

    # -- steps: each returns what the daemon did, or None --------------------

    def do_run(self, service):
        """Have the monitor run now, and wait for its result."""
        before = self.runs(service)
        self.control_ask("test monitor " + service.replace("/", " "))
        self.wait_processed(service, before + 1)

    def do_tryrun(self, service):
        """Have the monitor run now; report whether it did within 3 seconds."""
        before = self.runs(service)
        self.control_ask("test monitor " + service.replace("/", " "))
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and self.runs(service) == before:
            time.sleep(0.05)
        ran = self.runs(service) > before
        if ran:
            self.wait_processed(service, before + 1)
        return {"ran": ran}

    def do_until(self, rest):
        """Wait until the daemon has by itself run a monitor this many times: `until g/s 3`."""
        service, count = rest.split()
        self.wait_processed(service, int(count), 40)

    def do_sleep(self, seconds):
        time.sleep(float(seconds))

    def do_send(self, line):
        """Send a command on the scenario's connection and record the reply."""
        if self.client is None:
            self.client = Client(self.port)
        return {"reply": self.normal_reply(line, self.client.ask(line))}

    def do_bytes(self, text):
        """Send raw text (with \\n, \\r ... escapes) and record what comes back in 2.5 seconds."""
        if self.client is None:
            self.client = Client(self.port)
        self.client.sock.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
        data, deadline = b"", time.monotonic() + 2.5
        while (left := deadline - time.monotonic()) > 0:
            self.client.sock.settimeout(left)
            try:
                more = self.client.sock.recv(65536)
            except OSError:
                break
            if not more:
                data += b"<connection closed>"
                break
            data += more
        return {"reply": [self.mask(x) for x in data.decode("latin-1").splitlines()]}

    def do_connect(self, _):
        """Use a new connection from now on (a login does not carry over)."""
        if self.client:
            self.client.close()
        self.client = Client(self.port)

    def do_waitfor(self, rest):
        """Poll until a reply matches: `waitfor PATTERN :: COMMAND`."""
        pattern, command = rest.split(" :: ")
        self.wait(pattern, lambda: re.search(pattern, "\n".join(self.control_ask(command))), 20)
        time.sleep(SETTLE)

    def do_alerts(self, count):
        """Wait until this many alert programs have been called."""
        self.wait(f"{count} alerts", lambda: len(self.alert_lines()) >= int(count), 20)

    def do_trap(self, rest):
        """Send a trap: `trap grp=g svc=s sta=1 sum='down' dtl=''` (pro= is added)."""
        fields = dict(word.split("=", 1) for word in shlex.split(rest))
        fields = {"pro": "0.3807", **fields}
        self.datagram("".join(f"{k}='{escape(v)}'\n" for k, v in fields.items()))

    def do_rawtrap(self, text):
        """Send a datagram as written (with \\n ... escapes)."""
        self.datagram(text.encode().decode("unicode_escape"))

    def datagram(self, text):
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.sendto(text.encode("latin-1"), ("127.0.0.1", self.trapport))
        time.sleep(1.2 + SETTLE)

    def do_file(self, name):
        """Record a file of the scenario's directory."""
        try:
            with open(self.path(name), encoding="latin-1") as f:
                lines = [self.mask(line.rstrip("\n")) for line in f]
        except OSError:
            return {"file": "<missing>"}
        if name.startswith("state/"):
            lines = sorted(self.sort_periods(line) for line in lines)
        return {"file": lines}

    @staticmethod
    def sort_periods(line):
        """Put the fields of periods (in the order of a Perl hash) of a state line in order."""
        fields = line.split("\t")
        plain = [f for f in fields if ":" not in f.partition("=")[0]]
        return "\t".join(plain + sorted(f for f in fields if f not in plain))

    def do_count(self, rest):
        """Record how many lines of a reply match: `count PATTERN :: COMMAND`."""
        pattern, command = rest.split(" :: ")
        return {"count": sum(bool(re.search(pattern, x)) for x in self.control_ask(command))}

    def do_write(self, name):
        """Write [later."name"] of the scenario to that file."""
        self.write(name, self.fill(self.scenario["later"][name]))

    def do_remove(self, name):
        os.unlink(self.path(name))

    def do_signal(self, name):
        self.process.send_signal(getattr(signal, "SIG" + name))
        time.sleep(1.5)

    def do_gone(self, _):
        """Wait for the daemon to end by itself; record its exit status."""
        self.wait("the daemon to end", lambda: self.process.poll() is not None)
        return {"exit": self.process.returncode}

    def do_restart(self, extra):
        """Stop the daemon and start it again, with more options."""
        self.stop()
        self.start(extra)
        if not self.wait_ready():
            raise Failure("the daemon did not start again")

    # -- normalisation -------------------------------------------------------

    def mask(self, text):
        """Replace what differs from one run to the next."""
        text = text.replace(self.dir, "<DIR>")
        text = re.sub(rf"(?<!\d){self.port}(?!\d)", "<PORT>", text)
        text = re.sub(rf"(?<!\d){self.trapport}(?!\d)", "<TRAPPORT>", text)
        gap = r"(?: |\\20)+"
        text = re.sub(
            rf"(Sun|Mon|Tue|Wed|Thu|Fri|Sat){gap}[A-Z][a-z][a-z]{gap}\d+{gap}"
            rf"\d\d:\d\d:\d\d{gap}\d{{4}}",
            "<CTIME>",
            text,
        )
        text = re.sub(r"(?:(?<!\d)|(?<=\\[0-9a-f][0-9a-f]))1\d{9}(?!\d)", "<TIME>", text)
        text = re.sub(r"\b(timer|monitor_duration|failure_duration|trap_timer)=\d+", r"\1=<N>", text)
        text = re.sub(r"^(<TIME> \S+ \S+ <TIME>) \d+ ", r"\1 <N> ", text)  # downtime log
        text = re.sub(r"PID \d+@\S+", "PID <PID>@<HOST>", text)
        for name, day in (("TODAY", 0), ("TOMORROW", 86400)):
            text = text.replace(time.strftime("{%a}", time.gmtime(time.time() + day)), f"{{<{name}>}}")
        return re.sub(r"x{1000,}", lambda m: f"<{len(m[0])} x>", text)

    def normal_reply(self, command, lines):
        lines = [self.mask(line) for line in lines]
        words = [*command.split(), "", ""]
        if words[0].lower() != "list":
            return lines
        body, final = lines[:-1], lines[-1:]
        if words[1] == "pids":
            body = [re.sub(r" \d+$", " <PID>", line) for line in body]
        if words[1] == "aliasgroups":
            body = [" ".join(sorted(line.split())) for line in body]
        if words[1] == "aliases":
            records = "".join(line + "\n" for line in body).split("\n\n")[:-1]
            body = [x for r in sorted(records) for x in [*r.split("\n"), ""]]
        if words[1] in (
            "opstatus",
            "failures",
            "successes",
            "warnings",
            "descriptions",
            "watch",
            "disabled",
            "pids",
            "deps",
        ):
            body.sort()  # mon answers in the order of a Perl hash
        return body + final

    def normal_env(self, env):
        return {k: self.mask(v) for k, v in sorted(env.items())}

    def result(self):
        script = self.scenario.get("scripts", {})
        auto = self.scenario.get("auto", False)

        def limit(service):
            return len(script.get(service, [])) if auto else 10**6

        ignore = set(self.scenario.get("ignore", []))
        alerts = {}
        lines = self.alert_lines()
        for a in lines:
            service = a["env"].get("MON_GROUP", "") + "/" + a["env"].get("MON_SERVICE", "")
            if a["runs"] > limit(service):
                continue
            entry = {
                "type": a["env"].get("MON_ALERTTYPE", ""),
                "program": a["program"],
                "argv": [self.mask(x) for x in a["argv"]],
                "env": self.normal_env(a["env"]),
                "stdin": self.mask(a["stdin"]),
            }
            if service in script:
                entry["after_run"] = a["runs"]
            for name in ignore:
                entry["env"].pop(name, None)
            # alerts called for the same event start in no particular order
            alerts.setdefault(service, []).append((a["step"], a["runs"], a["time"], entry))
        for service, found in alerts.items():
            found.sort(key=lambda f: f[:3])
            bursts, previous = [], None
            for step, runs, when, entry in found:
                if previous and previous[:2] == (step, runs) and when - previous[2] < 0.5:
                    bursts[-1].append(entry)
                else:
                    bursts.append([entry])
                previous = (step, runs, when)
            alerts[service] = [
                e for burst in bursts for e in sorted(burst, key=lambda e: json.dumps(e, sort_keys=True))
            ]
        monitors = {}
        for name in sorted(os.listdir(self.path("runs"))):
            service = name.replace("__", "/")
            with open(self.path("runs", name)) as f:
                found = [json.loads(line) for line in f][: limit(service)]
            monitors[service] = [
                {"argv": [self.mask(x) for x in m["argv"]], "env": self.normal_env(m["env"])} for m in found
            ]
            for m in monitors[service]:
                for key in ignore:
                    m["env"].pop(key, None)
        return {"steps": self.steps, "alerts": dict(sorted(alerts.items())), "monitors": monitors}

    def messages(self):
        """What the daemon printed, without Perl's own warnings."""
        with open(self.path("daemon.out"), encoding="latin-1") as f:
            lines = [self.mask(line.rstrip()) for line in f]
        return [
            line for line in lines if line and not re.search(r" at \S+ line \d+(, <\w+> line \d+)?\.$", line)
        ]

    # -- whole runs ----------------------------------------------------------

    def play(self):
        try:
            if "case" in self.scenario:
                return self.play_cases()
            self.start(self.scenario.get("first_options", ""))
            try:
                if not self.wait_ready():
                    raise Failure("the daemon ended at once: " + " / ".join(self.messages()))
                for text in self.scenario.get("steps", []):
                    self.step_number += 1
                    self.write("step.new", str(self.step_number))
                    os.replace(self.path("step.new"), self.path("step"))
                    verb, _, rest = text.partition(" ")
                    seen = getattr(self, "do_" + verb)(self.fill(rest))
                    if seen is not None:
                        self.steps.append({"step": text, **seen})
            except (Failure, OSError) as e:
                self.steps.append({"failure": self.mask(str(e)), "step": self.step_number})
            finally:
                self.stop()
            return self.result()
        finally:
            if self.keep:
                print("kept", self.dir, file=sys.stderr)
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    def play_cases(self):
        """Start the daemon once for each [[case]] and see whether it takes the configuration."""
        results = []
        for case in self.scenario["case"]:
            for name, text in case.get("files", {}).items():
                self.write(name, self.fill(text))
            self.write("cf/auth.cf", self.fill(case.get("auth", AUTH)))
            self.write("cf/" + self.config_name, self.fill(case.get("config", "")))
            self.write("daemon.out", "")
            self.scenario = {**self.scenario, "options": case.get("options", OPTIONS)}
            self.start()
            try:
                started = self.wait_ready()
                entry = {"case": case["name"], "started": started}
                if started:
                    entry["replies"] = [
                        self.normal_reply(c, self.control.ask(c)) for c in case.get("ask", ["list watch"])
                    ]
                else:
                    entry["exit"] = "0" if self.process.returncode == 0 else "not 0"
            except Failure as e:
                entry = {"case": case["name"], "failure": str(e)}
            finally:
                self.stop()
            entry["messages"] = [
                m for m in self.messages() if not m.startswith(("client command", "client args"))
            ]
            results.append(entry)
        return {"cases": results}


def escape(text):
    """Escape a trap value the way mon's own client library does."""
    return "".join(
        "\\\\" if c == "\\" else f"\\{ord(c):02x}" if ord(c) <= 32 or ord(c) > 126 or c in "'\"" else c
        for c in text
    )


# -- comparison --------------------------------------------------------------


def merge(a, b):
    """The part in which two results agree; the rest is marked as unstable."""
    if a == b:
        return a
    if isinstance(a, dict) and isinstance(b, dict):
        return {k: merge(a[k], b[k]) if k in a and k in b else UNSTABLE for k in sorted(set(a) | set(b))}
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [merge(x, y) for x, y in zip(a, b, strict=False)]
    return UNSTABLE


def unstable_places(value, where=""):
    if value == UNSTABLE:
        yield where
    elif isinstance(value, dict):
        for k, v in value.items():
            yield from unstable_places(v, f"{where}/{k}")
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from unstable_places(v, f"{where}/{i}")


def blind(expected, actual):
    """The actual result with the unstable places of the expected one put in."""
    if expected == UNSTABLE:
        return UNSTABLE
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {
            **{k: blind(expected[k], actual[k]) if k in expected else actual[k] for k in actual},
            **{k: v for k, v in expected.items() if v == UNSTABLE},
        }
    if isinstance(expected, list) and isinstance(actual, list):
        return [blind(e, a) for e, a in zip(expected, actual, strict=False)] + actual[len(expected) :]
    return actual


def without_wording(result, expected):
    """Reduce the messages of the `cases` to line numbers, where mon gives them."""
    if "cases" not in result:
        return result

    def numbers(case):
        return [n for m in case.get("messages", []) for n in re.findall(r"\bline (\d+)", m)]

    return {
        "cases": [
            {**case, "messages": numbers(case) if numbers(wanted) and not wanted.get("started") else []}
            for case, wanted in zip(result["cases"], expected["cases"], strict=False)
        ]
    }


def as_lines(value):
    return json.dumps(value, indent=1, sort_keys=True).splitlines()


def load(path):
    with open(path, "rb") as f:
        return tomllib.load(f)


def run_once(scenario, args):
    return Run(scenario, args.daemon, args.keep).play()


def record(name, scenario, args):
    result = None
    for _ in range(args.times):
        new = run_once(scenario, args)
        result = new if result is None else merge(result, new)
    suffix = ".better.json" if args.better else ".json"
    with open(args.expected / (name + suffix), "w") as f:
        json.dump(result, f, indent=1, sort_keys=True)
        f.write("\n")
    places = list(unstable_places(result))
    failures = [s["failure"] for s in result.get("steps", []) if isinstance(s, dict) and "failure" in s]
    if failures:
        return False, "FAILED: " + "; ".join(failures)
    return not places, "ok" if not places else "unstable at " + ", ".join(places)


def read_expected(path):
    try:
        with open(path) as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def differences(expected, actual, args):
    """The lines of a diff; none if the actual result is as expected."""
    actual = blind(expected, actual)
    if not args.exact_messages:
        actual = without_wording(actual, expected)
        expected = without_wording(expected, expected)
    if actual == expected:
        return []
    return list(
        difflib.unified_diff(as_lines(expected), as_lines(actual), "expected", "actual", lineterm="", n=2)
    )


def check(name, scenario, args):
    expected = read_expected(args.expected / f"{name}.json")
    better = read_expected(args.expected / f"{name}.better.json")
    if expected is None:
        return False, "no expected file"
    for _ in range(1 + args.retries):
        actual = run_once(scenario, args)
        diff = differences(expected, actual, args)
        if not diff:
            return True, "ok"
        if better is not None:
            diff = differences(better, actual, args)
            if not diff:
                return True, "ok, better than mon"
    if len(diff) > args.diff_lines:
        diff = [*diff[: args.diff_lines], f"... {len(diff) - args.diff_lines} more lines"]
    forgiven = "bug" in scenario and better is None
    title = f"differs (known fault of mon: {scenario['bug']})" if forgiven else "differs"
    return forgiven, "\n    ".join([title, *diff])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["record", "check", "show", "list"])
    parser.add_argument("names", nargs="*", help="scenarios (default: all)")
    parser.add_argument(
        "--daemon",
        default="/usr/sbin/mon",
        help="command that starts the daemon; mon's options are added to it",
    )
    parser.add_argument("--scenarios", type=pathlib.Path, default=HERE / "scenarios")
    parser.add_argument(
        "--expected", type=pathlib.Path, help="default: the directory `expected` beside the scenarios"
    )
    parser.add_argument("--jobs", type=int, default=6, help="scenarios at a time")
    parser.add_argument("--times", type=int, default=3, help="runs per scenario for `record`")
    parser.add_argument("--retries", type=int, default=0, help="more tries for `check`")
    parser.add_argument("--diff-lines", type=int, default=20)
    parser.add_argument(
        "--exact-messages", action="store_true", help="compare the wording of messages, not only line numbers"
    )
    parser.add_argument(
        "--better", action="store_true", help="record: write the files of a daemon that does better than mon"
    )
    parser.add_argument("--keep", action="store_true", help="keep the working directories")
    args = parser.parse_intermixed_args()
    args.expected = args.expected or args.scenarios.resolve().parent / "expected"

    scenarios = {p.stem: load(p) for p in sorted(args.scenarios.glob("*.toml"))}
    names = args.names or list(scenarios)
    if args.what == "list":
        for name in names:
            print(f"{name}: {scenarios[name].get('about', '')}")
        return 0
    if args.what == "show":
        for name in names:
            print(json.dumps(run_once(scenarios[name], args), indent=1, sort_keys=True))
        return 0
    args.expected.mkdir(exist_ok=True)
    work = record if args.what == "record" else check
    bad = 0

    def one(name):
        missing = [p for p in scenarios[name].get("needs", []) if not shutil.which(p)]
        if missing:
            return True, f"skipped, needs {' '.join(missing)}"
        return work(name, scenarios[name], args)

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, (good, text) in zip(names, pool.map(one, names), strict=False):
            bad += not good
            print(f"{name}: {text}", flush=True)
    print(f"{len(names) - bad} of {len(names)} as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
