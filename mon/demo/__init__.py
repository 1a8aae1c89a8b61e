"""``mon demo``: real servers on this machine fail and come back while the ordinary daemon looks on.

``web``     a small HTTP server that can be told to fail     ``farm``   the servers that are watched
``sinks``   where mail and webhooks arrive                   ``child``  the daemon as a child process
``stage``   all of it together, and what happened on it      ``story``  which faults, in which order
``console`` what the terminal shows
"""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[--once] [-c FILE]``."""
    parser.add_argument("--once", action="store_true", help="one outage, each step checked; exit 0 or 1")
    parser.add_argument("-c", "--config", metavar="FILE", help="instead of the mon.cf beside the package")


def run(arguments: argparse.Namespace) -> int:
    """Play until Ctrl-C, or once; returns the exit status."""
    from mon.demo.story import play  # what it needs is an extra: aiosmtpd, pyftpdlib

    return play(arguments.config, once=arguments.once)
