"""Many scripted outages, several at a time: ``campaign.py [--runs N] [--jobs N] [--seed N]``.

Prints one JSON object with the counts; the exit status is 1 when anything was wrong.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    return work(arguments) if arguments.worker else share(arguments)


def work(arguments: argparse.Namespace) -> int:
    """One worker: its runs one after another, a line of JSON for each."""
    from forkserver import ForkServer

    with ForkServer() as forkserver:  # before any thread
        from outage import Outage

        for seed in range(arguments.seed, arguments.seed + arguments.runs):
            print(json.dumps(asdict(Outage(forkserver, seed).play())), flush=True)
    return 0


def share(arguments: argparse.Namespace) -> int:
    """Split the runs among workers and add up what they say."""
    began, jobs = time.monotonic(), min(arguments.jobs, arguments.runs)
    shares = [arguments.runs // jobs + (n < arguments.runs % jobs) for n in range(jobs)]
    workers, seed = [], arguments.seed
    for runs in shares:
        command = [sys.executable, str(Path(__file__)), "--worker", "--runs", str(runs), "--seed", str(seed)]
        workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        seed += runs
    from outage import Result

    results = []
    for worker in workers:
        said, _ = worker.communicate()
        results += [json.loads(line) for line in said.splitlines()]
    wrong = [f"seed {one['seed']}: {what}" for one in results for what in one["wrong"]]
    counts = [field.name for field in fields(Result) if field.name not in ("seed", "wrong")]
    total = {name: sum(one[name] for one in results) for name in counts}
    report = {**total, "seconds": round(time.monotonic() - began, 1), "wrong": wrong}
    print(json.dumps(report, indent=1))
    return 1 if wrong or len(results) != arguments.runs else 0


if __name__ == "__main__":
    sys.exit(main())
