"""``mon check``: every problem of a configuration, one line each."""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from mon.catalog import Catalog, link
from mon.cli.common import DEFAULT_CONFIG
from mon.config.files import load as load_file
from mon.daemon.loading import addresses, override
from mon.daemon.options import Options
from mon.daemon.places import places
from mon.model.source import Problem, Severity

GOOD, ERRORS, WARNINGS = 0, 1, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [--classic] [--strict]``."""
    parser.add_argument("-c", "--config", default=DEFAULT_CONFIG, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--classic", action="store_true", help="also say what the classic mon would refuse")
    parser.add_argument("--strict", action="store_true", help="let warnings count: exit status 3")
    parser.add_argument("--m4", default="", metavar="PATH", help="send the file through m4")


def run(arguments: argparse.Namespace) -> int:
    """Print the problems and a last line that sums up; 0 good, 1 errors, 3 warnings with --strict."""
    found = shown(problems(Path(arguments.config), arguments.m4), classic=arguments.classic)
    for problem in found:
        mark = "" if problem.severity is Severity.ERROR else "warning: "
        print(f"{problem.source}: {mark}{problem.what}: {problem.remedy}")
    errors = sum(problem.severity is Severity.ERROR for problem in found)
    warnings = len(found) - errors
    print(f"{arguments.config}: {errors} errors, {warnings} warnings", file=sys.stderr)
    if errors:
        return ERRORS
    return WARNINGS if warnings and arguments.strict else GOOD


def problems(file: Path, m4: str = "") -> tuple[Problem, ...]:
    """All that reading and linking find.  An unreadable file is a problem like any other."""
    options = Options(config=Path(os.path.abspath(file)))
    parsed = override(load_file(str(file), m4=m4), options)
    where = places(parsed.config.settings, classic=False, environ=os.environ)
    plan = link(parsed.config, Catalog(where.mondirs, where.alertdirs), addresses)
    return (*parsed.problems, *plan.problems, *advice(plan.pools))


def advice(pools: Iterable[object]) -> tuple[Problem, ...]:
    """What the balancers of the pools recommend about this machine."""
    from mon.balancer import advice as ask

    return tuple(ask(tuple(pools)))  # type: ignore[arg-type]


def shown(found: Iterable[Problem], *, classic: bool) -> list[Problem]:
    """The problems to print, in order of place."""
    wanted = [p for p in found if classic or p.severity is not Severity.CLASSIC]
    return sorted(wanted, key=lambda p: p.source)
