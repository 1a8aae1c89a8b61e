"""``mon reload``: a word to the running daemon, and what it answers."""

import argparse

from mon.cli.common import add_config, ask_daemon
from mon.cli.output import say_all

add_arguments = add_config


def run(arguments: argparse.Namespace) -> int:
    """Have it read its configuration again; prints what changed, or the errors (exit status 1)."""
    report = ask_daemon(arguments, "reload")
    say_all(report["lines"], error=not report["ok"])
    return 0 if report["ok"] else 1
