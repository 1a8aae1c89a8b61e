"""From a file name to a linked configuration: reading, overriding, finding plugins, resolving names.

Everything here blocks (files, name lookups), so the daemon calls it in a thread.
"""

import dataclasses
import os
import socket
from dataclasses import dataclass

from mon.catalog import Catalog, Plan, link
from mon.config import Parsed
from mon.config.files import load as load_file
from mon.daemon.options import Options
from mon.daemon.places import Places, places
from mon.errors import ConfigError
from mon.model.source import Problem, Severity


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be run.  ``problems`` are its warnings."""

    plan: Plan
    places: Places
    problems: tuple[Problem, ...]


def read_config(options: Options) -> Parsed:
    """Parse the file of ``options``; settings from the command line win over those in it.

    Raises ConfigError when the file has errors or cannot be read.
    """
    parsed = load_file(str(options.config), m4=options.m4)
    if parsed.errors:
        raise ConfigError(parsed.problems)
    return override(parsed, options)


def override(parsed: Parsed, options: Options) -> Parsed:
    """``parsed`` with the settings of the command line."""
    settings = dataclasses.replace(parsed.config.settings, **options.settings)  # type: ignore[arg-type]
    return dataclasses.replace(parsed, config=dataclasses.replace(parsed.config, settings=settings))


def load(options: Options) -> Loaded:
    """Read and link.

    Raises ConfigError with all problems when any of them is an error.
    """
    parsed = read_config(options)
    where = places(parsed.config.settings, classic=options.classic, environ=os.environ)
    plan = link(parsed.config, Catalog(where.mondirs, where.alertdirs), addresses)
    problems = (*parsed.problems, *plan.problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ConfigError(problems)
    return Loaded(plan, where, problems)


def addresses(name: str) -> tuple[str, ...]:
    """The numeric addresses of a host, in the resolver's order; () if it has none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a name too long for IDNA is a UnicodeError
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
