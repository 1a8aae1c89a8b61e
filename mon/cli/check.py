"""``mon check``: every problem of a configuration, one line each."""

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mon.balancer import advice
from mon.catalog import packaged, taken
from mon.cli.common import DEFAULT_CONFIG
from mon.cli.exits import DONE, FAILED, TROUBLE
from mon.cli.output import say, say_all
from mon.daemon.exposed import exposed
from mon.daemon.loading import examine
from mon.daemon.options import Options
from mon.daemon.places import looked_in
from mon.model.pool import Pool
from mon.model.source import Problem, Severity


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``[-c FILE] [--classic] [--strict] [--offline] [-s DIRS] [-a DIRS]``."""
    parser.add_argument("-c", "--config", default=DEFAULT_CONFIG, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--classic", action="store_true", help="also say what the classic mon would refuse")
    parser.add_argument("--strict", action="store_true", help="let warnings count: exit status 3")
    parser.add_argument("--offline", action="store_true", help="do not ask whether balancers can be reached")
    for letter, name, kind in (("-s", "--mondir", "monitors"), ("-a", "--alertdir", "alerts")):
        text = f"look for {kind} there, separated by colons, as the classic command line has it"
        parser.add_argument(letter, name, metavar="DIRS", help=text)
    parser.add_argument("--m4", default="", metavar="PATH", help="send the file through m4")


def run(arguments: argparse.Namespace) -> int:
    """Print the problems and a last line that sums up; 0 good, 1 errors, 3 warnings with --strict."""
    given = {name: getattr(arguments, name) for name in ("mondir", "alertdir")}
    settings = {name: tuple(value.split(":")) for name, value in given.items() if value}
    options = Options(config=Path(arguments.config), m4=arguments.m4, settings=settings)
    loaded = examine(options)
    pools = loaded.plan.pools
    problems = [*loaded.problems, *advice(pools), *exposed(loaded, os.geteuid())]
    problems += [] if arguments.offline else _unreachable(pools)
    found = shown(problems, classic=arguments.classic)
    for problem in found:
        mark = "" if problem.severity is Severity.ERROR else "warning: "
        say(problem.told(mark))
    say_all(taken(loaded.plan, loaded.catalog))
    where = looked_in(loaded.places, loaded.plan.config.settings)
    say_all((*where, *packaged(loaded.plan, loaded.catalog)), error=True)
    errors = sum(problem.severity is Severity.ERROR for problem in found)
    warnings = len(found) - errors
    say(f"{arguments.config}: {errors} errors, {warnings} warnings", error=True)
    if errors:
        return FAILED
    return TROUBLE if warnings and arguments.strict else DONE


def _unreachable(pools: Sequence[Pool]) -> list[Problem]:
    if not pools:  # a command starts sooner without what only balancers need
        return []
    from mon.balancer.reach import unreachable

    return unreachable(pools)


def shown(found: Iterable[Problem], *, classic: bool) -> list[Problem]:
    """The problems to print, in order of place."""
    wanted = [p for p in found if classic or p.severity is not Severity.CLASSIC]
    return sorted(wanted, key=lambda p: p.source)
