"""``mon reload``: a word to the running daemon, and what it answers."""

import argparse
import sys

from mon.cli.common import add_config, ask_daemon

add_arguments = add_config


def run(arguments: argparse.Namespace) -> int:
    """Have it read its configuration again; prints what changed, or the errors (exit status 1)."""
    report = ask_daemon(arguments, "reload")
    for line in report["lines"]:
        print(line, file=sys.stdout if report["ok"] else sys.stderr)
    return 0 if report["ok"] else 1
