"""``mon reload``: a word to the running daemon, and what it answers."""

import argparse

from mon.cli.common import add_config, ask_daemon
from mon.cli.output import say_all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [--statedir DIR] [--force]``."""
    add_config(parser)
    parser.add_argument(
        "--force", action="store_true", help="even if a pool is left below its floor, or to nobody"
    )


def run(arguments: argparse.Namespace) -> int:
    """Have it read its configuration again; prints what changed, or the errors (exit status 1)."""
    report = ask_daemon(arguments, "reload", force=arguments.force)
    say_all(report["lines"], error=not report["ok"])
    return 0 if report["ok"] else 1
