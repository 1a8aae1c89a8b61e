"""``mon run``: the daemon in the foreground; also how the classic command line starts it."""

import argparse
import logging
import os

from mon import logs
from mon.catalog import packaged, taken
from mon.cli.common import add_config, options
from mon.cli.output import say, say_text
from mon.daemon import events
from mon.daemon.core import Daemon
from mon.daemon.detach import detach
from mon.daemon.loading import Loaded, classic_words, load
from mon.daemon.options import Options
from mon.daemon.places import looked_in
from mon.errors import ConfigError, MonError
from mon.model.source import Severity
from mon.runner import loop
from mon.runner.capabilities import become_subreaper, clear_ambient, close_memory
from mon.structs import replace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [--statedir DIR] [--log-json] [--syslog]``."""
    add_config(parser)
    parser.add_argument("--log-json", action="store_true", help="one JSON object per event")
    parser.add_argument("--syslog", action="store_true", help="log to syslog instead of stderr")
    parser.add_argument(
        "--passive", action="store_true", help="change no balancer, send no alert: say what would be done"
    )
    parser.add_argument("--debug", action="store_true", help="also log what was held, and why")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM."""
    logs.set_up(json=arguments.log_json, facility="daemon" if arguments.syslog else "", debug=arguments.debug)
    return _serve(replace(options(arguments), passive=arguments.passive), fork=False)


def serve(options: Options, *, fork: bool, json: bool) -> int:
    """The daemon with ``options``; ``fork``: in the background, logging to syslog."""
    facility = str(options.settings.get("syslog_facility", "daemon")) if fork else ""
    logs.set_up(json=json, facility=facility, debug=False)
    return _serve(options, fork=fork)


def _serve(given: Options, *, fork: bool) -> int:
    clear_ambient()  # before the first child and any thread: none of our privileges is for plugins
    become_subreaper()
    close_memory()
    try:
        loaded = load(given, starting=True)
        _print_problems(loaded)
        _log_places(loaded)
        if given.classic:
            _auth_file(loaded)
        if fork:
            detach(loaded.plan.config.settings.monerrfile)
        return loop.run(Daemon(loaded, given).serve())
    except ConfigError as error:
        say_text(classic_words(error) if given.classic else str(error), error=True)
    except (MonError, OSError) as error:
        say_text(f"mon: {error}", error=True)
    return 1


def _print_problems(loaded: Loaded) -> None:
    for problem in loaded.problems:
        if problem.severity is Severity.WARNING:
            say(f"{problem.source}: warning: {problem.what}: {problem.remedy}", error=True)
    if os.geteuid() == 0 and not loaded.plan.config.settings.pluginuser:
        say(
            "mon: warning: plugins will run as root: set `pluginuser = NAME` in mon.cf, "
            "or start mon as a user of its own (packaging/mon.service)",
            error=True,
        )


def _log_places(loaded: Loaded) -> None:
    lines = looked_in(loaded.places, loaded.plan.config.settings)
    for line in (*lines, *taken(loaded.plan, loaded.catalog), *packaged(loaded.plan, loaded.catalog)):
        events.say(logging.INFO, "plugins", line)


def _auth_file(loaded: Loaded) -> None:
    """The classic daemon does not start without its auth.cf (PROTOCOL §7)."""
    with loaded.places.authfile.open(encoding="utf-8", errors="replace"):
        return
