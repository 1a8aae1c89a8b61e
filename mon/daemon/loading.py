"""From a file name to a linked configuration: reading, overriding, finding plugins, resolving names.

Everything here blocks (files, name lookups), so the daemon calls it in a thread.
"""

import os
import socket

from mon.balancer import misnamed
from mon.catalog import Catalog, Plan, link
from mon.daemon.options import Options
from mon.daemon.places import Places, places
from mon.daemon.reading import parsed_file
from mon.errors import ConfigError
from mon.model.source import Problem, Severity
from mon.structs import Struct


class Loaded(Struct, frozen=True):
    """A configuration that can be run.  ``problems`` are its warnings."""

    plan: Plan
    places: Places
    catalog: Catalog
    problems: tuple[Problem, ...]


def load(options: Options, *, starting: bool = False) -> Loaded:
    """Read and link; ``starting``: the daemon is to start, and does so without what it can do without.

    Raises ConfigError with all errors when there are any.
    """
    found = examine(options, starting=starting)
    if errors := [problem for problem in found.problems if problem.severity is Severity.ERROR]:
        raise ConfigError(errors)
    return found


def classic_words(error: ConfigError) -> str:
    """The first error as the classic mon words it: what reads its output looks for ``line N``."""
    first, *others = error.problems
    more = f" (and {len(others)} more: see mon check)" if others else ""
    return f"cf error: {first.what}: {first.remedy}, line {first.source.line}{more}"


def examine(options: Options, *, starting: bool = False) -> Loaded:
    """Read and link as far as it goes; all problems, errors too, are in the result."""
    parsed = parsed_file(options)
    settings = parsed.config.settings
    where = places(settings, classic=options.classic, environ=os.environ)
    catalog = Catalog(where.mondirs, where.alertdirs, user=settings.pluginuser)
    plan = link(parsed.config, catalog, addresses)
    found = (*parsed.problems, *plan.problems, *misnamed(plan.pools))
    problems = tuple(problem.under(classic=options.classic, starting=starting) for problem in found)
    return Loaded(plan, where, catalog, problems)


def addresses(name: str) -> tuple[str, ...]:
    """The numeric addresses of a host, in the resolver's order; () if it has none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a name too long for IDNA is a UnicodeError
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
