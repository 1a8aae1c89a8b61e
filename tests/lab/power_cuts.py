#!/usr/bin/env python3
"""On the host: power cuts of a machine that runs mon through an outage.  make power-cuts

    power_cuts.py [--cuts N] [--seed N] [--careless] [--keep]

The machine is the lab's guest, killed (-9) at a random moment; mon's state is on a file that is its disk, to
which the guest writes what is synced and nothing else.  A last life without a cut lets everything be told.
Prints one JSON object with the counts; exit status 1 when anything was wrong, 77 when the lab cannot run.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import lab  # noqa: E402

LONGEST = 4.0
"""Seconds from the daemon's first word to the cut, at most."""

MKFS = shutil.which("mkfs.ext4", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def why_not():
    """Why no power can be cut here, None if it can."""
    return lab.why_not() or (None if MKFS else "mkfs.ext4 not installed (apt-get install e2fsprogs)")


class Machine:
    """The guest, its disk and the world around it."""

    def __init__(self, top, seed, careless):
        self.out, self.disk = top / "out", top / "disk"
        self.seed, self.careless, self.chance = seed, careless, random.Random(seed)
        self.out.mkdir(parents=True)
        with open(self.disk, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run([MKFS, "-q", "-F", str(self.disk)], check=True)

    def live(self, number, mode):
        """One life; -> how the guest ended."""
        words = [sys.executable, str(HERE / "guest/life.py"), str(number), str(self.seed), mode]
        words += ["careless"] if self.careless else []
        cut = self.cutter(number) if mode == "on" else None
        env = {"PYTHONPATH": str(HERE.parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
        with open(self.out / "console", "ab") as console:
            ended, _ = lab.run(
                words,
                180,
                out=str(self.out),
                env=env,
                cwd=str(HERE.parents[1]),
                stdout=console,
                disk=str(self.disk),
                cut=cut,
            )
        return ended

    def cutter(self, number):
        """True when the power fails: some time after the daemon is there."""
        delay, moment = self.chance.uniform(0.0, LONGEST), None

        def due():
            nonlocal moment
            if moment is None and str(number) in self.lines("up"):
                moment = time.monotonic() + delay
            return moment is not None and time.monotonic() >= moment

        return due

    def lines(self, name):
        file = self.out / name
        return file.read_text(errors="replace").splitlines() if file.exists() else []

    def records(self, name):
        return [json.loads(line) for line in self.lines(name)]


def campaign(top, cuts, seed, careless):
    """Play it, and say what was wrong."""
    machine = Machine(top, seed, careless)
    began = time.monotonic()
    wrong = []
    for number in range(cuts + 1):
        mode, wanted = ("on", 137) if number < cuts else ("last", 0)
        ended = machine.live(number, mode)
        if ended != wanted:
            wrong.append(f"life {number} ended with status {ended}")
            break
    wrong += machine.lines("wrong") + ([] if wrong else judged(machine))
    arrivals = machine.records("arrivals")
    return {
        "cuts": cuts,
        "seed": seed,
        "flips": len(machine.lines("flips")),
        "messages": len({each["id"] for each in arrivals}),
        "twice": len(arrivals) - len({each["id"] for each in arrivals}),
        "actions": len(machine.lines("acted")),
        "words": len(machine.lines("words")),
        "found": [each["stages"] for each in machine.records("found")],
        "seconds": round(time.monotonic() - began, 1),
        "wrong": wrong,
    }


def judged(machine):
    """What must hold when all is over."""
    table = json.loads((machine.out / "table").read_text())
    arrivals, found = machine.records("arrivals"), machine.records("found")
    wrong = [f"life {each['life']}: state.db: {each['whole']}" for each in found if each["whole"] != "ok"]
    wrong += [] if table["whole"] == "ok" else [f"at the end: state.db: {table['whole']}"]
    for id_, stage, why in table["rows"]:
        if stage != "sent" and not (stage == "expired" and ("actions are not" in why or "opposite" in why)):
            wrong.append(f"{id_} ended as {stage}: {why}")
    sent_before = {each["life"]: set(each["sent"]) for each in found}
    wrong += [
        f"{each['id']} came again in life {each['life']} though it was noted as sent"
        for each in arrivals
        if each["id"] in sent_before[each["life"]]
    ]
    for service in ("one", "two", "three"):
        firsts = {each["id"]: each["type"] for each in arrivals if each["service"] == service}
        reports = {each["id"] for each in arrivals if each["report"]}
        told = [type_ for id_, type_ in firsts.items() if id_ not in reports]
        flips = machine.lines("flips").count(service)
        if told != (["failure", "up"] * flips)[:flips]:
            wrong.append(f"{service} changed {flips} times, and this was told: {told}")
    acted = Counter(machine.lines("acted"))
    wrong += [f"action {what!r} was done {n} times" for what, n in acted.items() if n > 1]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--careless", action="store_true", help="SQLite does not sync: this must go wrong")
    parser.add_argument("--keep", action="store_true", help="leave the records, and say where")
    arguments = parser.parse_args()
    if trouble := why_not():
        print(f"power_cuts: {trouble}", file=sys.stderr)
        return 77
    top = Path(tempfile.mkdtemp(prefix="mon-power-"))
    report = campaign(top, arguments.cuts, arguments.seed, arguments.careless)
    print(json.dumps(report, indent=1))
    if arguments.keep or report["wrong"]:
        print(f"the records are in {top}", file=sys.stderr)
    else:
        shutil.rmtree(top)
    return 1 if report["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
