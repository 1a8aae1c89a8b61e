"""The scenarios of the compatibility kit, played without a daemon: alerts and environments as classic mon's.

The kit itself (tests/compat) drives the daemon; here the same scripts go straight to the book.
"""

import json
import re
import shlex
import time
import tomllib
from pathlib import Path

import pytest

from mon.engine import NOTHING
from mon.model.config import AlertKind
from mon.model.notice import AlertType
from mon.model.result import RunResult

KIT = Path(__file__).parents[1] / "compat"

STATIC = {f"MON_{name}": f"<DIR>/{place}" for name, place in
          (("STATEDIR", "state"), ("LOGDIR", "log"), ("CFBASEDIR", "cf"))}  # fmt: skip

FLAGS = {
    AlertType.UP: ["-u"],
    AlertType.ACK: ["-a"],
    AlertType.DISABLE: ["-D"],
    AlertType.TRAP: ["-T"],
    AlertType.TRAPTIMEOUT: ["-O"],
}

SCENARIOS = [
    "alert-upalert", "alertafter-num", "alertafter-num-interval", "alertevery-expires",
    "alertevery-plain", "alertevery-strict", "alertevery-strict-upalert", "allow-empty-group",
    "clear-timers", "depend-alert", "depend-boolean", "depend-host", "depend-monitor", "disable-host",
    "disable-service-watch", "exclude-hosts", "exclude-period", "exit-ranges", "failure-interval",
    "history-length", "list-status-kinds", "monitor-results", "no-comp-alerts", "numalerts",
    "period-in-out", "periods-labels", "redistribute", "reset", "reset-new-config", "scheduler",
    "service-env", "startupalert", "startupalert-not-on-reset", "stop-start", "test-alerts",
    "trap-basic", "trap-default", "unack-summary",
]  # fmt: skip


def day(seconds=0):
    return time.strftime("%a", time.localtime(time.time() + seconds))


def filled(text):
    return text.replace("@GLOBALS@", "").replace("@TODAY@", day()).replace("@TOMORROW@", day(86400))


def masked(text):
    return re.sub(r"\b1\d{9}\b", "<TIME>", text)


class Replay:
    """One scenario, step by step."""

    def __init__(self, name, stage, mon_cf):
        self.scenario = tomllib.loads((KIT / "scenarios" / f"{name}.toml").read_text("utf-8"))
        self.mon_cf = mon_cf
        self.p = stage(filled(self.scenario["config"]))
        self.p.clock.step_wall(time.time() - self.p.clock().wall)
        self.book = self.p.book
        self.alerts, self.monitors, self.runs = {}, {}, {}

    def play(self):
        """All steps; then ``alerts`` and ``monitors`` are as in the kit's expected files."""
        if "-S" in self.scenario.get("first_options", ""):
            self.book.stop(self.now)
        for key in self.book.services:
            self.took(self.book.startup(key, self.now, STATIC))
        for step in self.scenario["steps"]:
            word, _, rest = filled(step).partition(" ")
            getattr(self, f"do_{word}", lambda rest: None)(rest)
            self.p.clock.advance(1)

    @property
    def now(self):
        return self.p.clock()

    def took(self, step):
        burst = {}
        for decision in step.sent:
            notice = decision.notice
            called = {
                "type": notice.environment["MON_ALERTTYPE"],
                "program": decision.line.command.plugin,
                "argv": ["-s", notice.service, "-g", notice.watch, "-h", " ".join(notice.hosts), "-t",
                         "<TIME>", *FLAGS.get(decision.type, []), *decision.line.command.arguments],
                "env": {name: masked(value) for name, value in notice.environment.items()},
                "stdin": masked(notice.output.encode().decode("latin-1")),
            }  # fmt: skip
            service = f"{notice.watch}/{notice.service}"
            if service in self.scenario.get("scripts", {}):
                called["after_run"] = self.runs.get(service, 0)
            burst.setdefault(service, []).append(called)
        for service, calls in burst.items():
            self.alerts.setdefault(service, []).extend(
                sorted(calls, key=lambda c: json.dumps(c, sort_keys=True))
            )

    def do_run(self, service):
        key = tuple(service.split("/"))
        config = self.book.services[key]
        if config.interval is None or self.book.may_run(key, self.now):
            return False
        hosts = [host.name for host in self.book.monitor_hosts(key, self.now)]
        environment = self.book.monitor_environment(key, self.now) | STATIC
        self.monitors.setdefault(service, []).append(
            {
                "argv": [*config.monitor.arguments, *(hosts if config.monitor.hosts else [])],
                "env": {name: masked(value) for name, value in environment.items()},
            }
        )
        status, output = self.scripted(service)
        started, ended = self.now, self.p.clock.advance(1)
        self.took(self.book.result(RunResult(*key, status, output, started, ended), ended, STATIC))
        return True

    do_tryrun = do_run

    def scripted(self, service):
        script, done = self.scenario["scripts"][service], self.runs.get(service, 0)
        self.runs[service] = done + 1
        status, summary, detail = (script[min(done, len(script) - 1)] + "||").split("|")[:3]
        text = "\n".join([summary, detail] if detail else [summary]).replace("\\n", "\n")
        return int(status), text and text + "\n"

    def do_until(self, rest):
        service, count = rest.split()
        while self.runs.get(service, 0) < int(count) and self.do_run(service):
            pass

    def do_sleep(self, seconds):
        self.p.clock.advance(float(seconds))

    def do_trap(self, rest):
        said = dict(word.split("=", 1) for word in shlex.split(rest))
        key, intended = (said["grp"], said["svc"]), ""
        if key[0] not in {watch for watch, _ in self.book.services}:
            intended, key = ":".join(key), ("default", key[1])
        if key not in self.book.services and key[0] == "default":
            key = ("default", "default")
        if key in self.book.services:
            # Each backslash is doubled by a client's escaping, and stays double.
            output = said["sum"].replace("\\", "\\\\") + "\n\n" + said["dtl"]
            self.took(self.book.trap(key, int(said["sta"]), output, self.now, STATIC, intended=intended))

    def do_write(self, name):
        self.scenario["config"] = self.scenario["later"][name]

    def do_send(self, line):
        words = line.split()
        commands = {
            "stop": lambda: self.book.stop(self.now),
            "start": self.book.start,
            "reset": lambda: self.book.reset(self.mon_cf(filled(self.scenario["config"])), self.now),
            "clear": lambda: self.book.clear_timers(("web", "http"), self.now),
            "ack": lambda: self.took(
                self.book.ack((words[1], words[2]), "", words[3], self.now, STATIC)
            ),
            "disable": lambda: self.switched("disable", words[1:]),
            "enable": lambda: self.switched("enable", words[1:]),
            "test": lambda: self.tested(line),
        }  # fmt: skip
        commands.get(words[0].lower(), lambda: None)()

    def switched(self, verb, words):
        if words[:1] == ["service"] and tuple(words[1:]) in self.book.services:
            step = (
                self.book.disable_service(tuple(words[1:]), self.now, STATIC)
                if verb == "disable"
                else self.book.enable_service(tuple(words[1:]))
            )
            self.took(step or NOTHING)
        elif words[:1] in (["watch"], ["host"]) and not self.book.unknown_hosts(
            *(words[1:] if (verb, words[0]) == ("disable", "host") else ())
        ):
            for name in words[1:]:
                getattr(self.book, f"{verb}_{words[0]}")(name)

    def tested(self, line):
        kind, *rest = line.split(None, 5)[1:] or [""]
        if len(rest) != 4 or (rest[0], rest[1]) not in self.book.services:
            return
        key, periods = (rest[0], rest[1]), self.book.services[(rest[0], rest[1])].periods
        if rest[3] in [period.key for period in periods]:
            # A word that only begins like "alert" is accepted, and calls nothing.
            kinds = [one for one in AlertKind if one.value == kind]
            for one in kinds:
                self.took(self.book.test_alert(key, one, int(rest[2]), rest[3], self.now, STATIC))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_calls_what_classic_mon_called(name, stage, mon_cf):
    expected = json.loads((KIT / "expected" / f"{name}.json").read_text("utf-8"))
    replay = Replay(name, stage, mon_cf)
    replay.play()
    assert replay.alerts == expected["alerts"]
    assert replay.monitors == expected["monitors"]
