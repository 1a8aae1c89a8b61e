"""From a file name to a linked configuration: reading, overriding, finding plugins, resolving names.

Everything here blocks (files, name lookups), so the daemon calls it in a thread.
"""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from mon.balancer import misnamed
from mon.catalog import Catalog, Plan, link
from mon.daemon.lookups import AT_LEISURE, AT_START, Lookups, names_of
from mon.daemon.named import missing
from mon.daemon.options import Options
from mon.daemon.places import Places, places
from mon.daemon.reading import parsed_file
from mon.daemon.saved import saved_addresses
from mon.daemon.written import misplaced
from mon.errors import ConfigError
from mon.model.config import Settings
from mon.model.source import Problem, Severity, Source
from mon.structs import Struct, field, replace

Stamp = tuple[int, int, int]
"""What changes when a file does."""


class Loaded(Struct, frozen=True):
    """A configuration that can be run.  ``problems`` are its warnings.

    ``asked`` are the settings as the file and the command line have them: those in force are in the plan.
    ``files`` are the templates and the operators' plugins that are used, ``sources`` the files of mon.cf,
    ``addresses`` what was found for the names of real servers.
    """

    plan: Plan
    places: Places
    catalog: Catalog
    problems: tuple[Problem, ...]
    asked: Settings
    files: Mapping[str, Stamp] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
    """Read and link as far as it goes; all problems, errors too, are in the result.

    ``starting``: the resolver is not waited for, and addresses that were saved count where it says nothing.
    """
    parsed = parsed_file(options)
    asked = parsed.config.settings
    settings = replace(asked, **options.held)  # type: ignore[arg-type]
    where = places(settings, classic=options.classic, environ=os.environ)
    catalog = catalog_of(where, user=settings.pluginuser)
    saved, patience = (saved_addresses(where.addresses), AT_START) if starting else ({}, AT_LEISURE)
    resolve = Lookups(names_of(parsed.config), addresses, patience, saved)
    plan = link(replace(parsed.config, settings=settings), catalog, resolve)
    old = _old(resolve.remembered, options)
    lacking = (*missing(plan.config, where), *misplaced(settings, where, str(options.config)))
    found = (*parsed.problems, *plan.problems, *misnamed(plan.pools), *lacking, *old)
    problems = tuple(problem.under(classic=options.classic, starting=starting) for problem in found)
    return Loaded(
        plan, where, catalog, problems, asked, dict(_files(plan, where)), parsed.files, resolve.found
    )


def _old(remembered: Mapping[str, tuple[str, ...]], options: Options) -> Iterator[Problem]:
    where = Source(str(options.config))
    for name, found in remembered.items():
        what = f"{name!r} has no address now: {', '.join(found)} is used, which it had before"
        yield Problem(where, what, "see to the resolver, or write its address", Severity.WARNING)


def catalog_of(where: Places, *, user: str = "") -> Catalog:
    """The plugins that can be had with these places."""
    return Catalog(
        where.mondirs,
        where.alertdirs,
        late_mondirs=where.late_mondirs,
        late_alertdirs=where.late_alertdirs,
        user=user,
    )


def _files(plan: Plan, where: Places) -> Iterator[tuple[str, Stamp]]:
    """The files beside mon.cf that say what is done, as they are now."""
    bound = chain((check.monitor for check in plan.checks.values()), plan.alerts.values())
    plugins = {each.plugin.path for each in bound if each is not None and not each.plugin.ours}
    templates = (path for directory in where.templatedirs for path in _inside(directory))
    for path in (*sorted(plugins), *templates):
        with contextlib.suppress(OSError):  # gone meanwhile
            found = path.stat()
            yield str(path), (found.st_mtime_ns, found.st_size, found.st_ino)


def _inside(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_file())
    except OSError:  # a directory that is not there holds nothing
        return []


def addresses(name: str) -> tuple[str, ...]:
    """The numeric addresses of a host, in the resolver's order; () if it has none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a name too long for IDNA is a UnicodeError
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
