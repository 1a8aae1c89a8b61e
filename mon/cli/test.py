"""``mon test WATCH SERVICE``: run a monitor now and show what would follow."""

import argparse
from collections.abc import Mapping
from typing import Any

from mon.cli.common import add_config, ask_daemon
from mon.cli.exits import DONE, FAILED, TROUBLE
from mon.cli.output import say, say_all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] WATCH SERVICE``."""
    add_config(parser)
    parser.add_argument("watch")
    parser.add_argument("service")


def run(arguments: argparse.Namespace) -> int:
    """Print each host's verdict and each alert line's decision; 3 if it fails."""
    report = ask_daemon(arguments, "test", watch=arguments.watch, service=arguments.service)
    result = report["result"]
    if result is None:
        say(f"{arguments.watch}/{arguments.service} could not be tested: {report['why']}")
        return FAILED
    say_all(_result(result))
    say_all(f"votes on pool {pool} with each result" for pool in report["votes"])
    say_all(_decision(decision) for decision in report["decisions"])
    if not report["decisions"]:
        say("no alert line is concerned")
    return DONE if result["status"] == 0 else TROUBLE


def _result(result: Mapping[str, Any]) -> list[str]:
    took = result["ended"]["mono"] - result["started"]["mono"]
    verdict = "ok" if result["status"] == 0 else f"failing (status {result['status']})"
    lines = [f"{result['watch']}/{result['service']}: {verdict} after {took:.3f} s"]
    if result["trouble"]:
        lines.append(f"  trouble: {result['trouble']}")
    lines += [f"  {part['host']:<20} {part['verdict']:<8} {part['detail']}" for part in result["hosts"]]
    return lines


def _decision(decision: Mapping[str, Any]) -> str:
    line = decision["line"]
    what = f"{line['kind']} {line['command']['text']}"
    if decision["notice"] is not None:
        return f"would be sent: {what} ({decision['why']})"
    return f"would be held: {what}: {decision['why']}"
