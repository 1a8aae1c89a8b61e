"""Arguments that several commands share, and finding the daemon they talk to."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mon.daemon.options import Options
from mon.daemon.places import Places, places

DEFAULT_CONFIG = "/etc/mon/mon.cf"


def add_config(parser: argparse.ArgumentParser) -> None:
    """``-c FILE`` and ``--statedir DIR``."""
    parser.add_argument("-c", "--config", default=DEFAULT_CONFIG, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--statedir", metavar="DIR", help="instead of the one in the file")


def options(arguments: argparse.Namespace) -> Options:
    """What the command line says about the configuration, as the daemon takes it."""
    settings: dict[str, object] = {}
    if arguments.statedir:
        settings["statedir"] = os.path.abspath(arguments.statedir)
    return Options(config=Path(os.path.abspath(arguments.config)), settings=settings)


def find(arguments: argparse.Namespace) -> Places:
    """The places of the daemon that runs with these arguments.

    Raises ConfigError when the configuration cannot be read (its statedir is where the socket is).
    """
    from mon.daemon.reading import read_config

    given = options(arguments)
    if arguments.statedir:
        from mon.model.config import Settings

        return places(Settings(statedir=arguments.statedir, basedir="/"), classic=False, environ={})
    return places(read_config(given).config.settings, classic=False, environ=os.environ)


def ask_daemon(arguments: argparse.Namespace, command: str, **words: object) -> Mapping[str, Any]:
    """One command to the running daemon.  Raises ControlError when there is none."""
    from mon.control.asking import ask

    answer = ask(find(arguments).socket, command, **words)
    return answer if isinstance(answer, dict) else {"answer": answer}
