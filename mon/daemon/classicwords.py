"""Errors of a mon.cf in the words of the classic mon, for those who read them by program.

Where it has no words for an error of ours, ours stand: what is wrong and what to do.
"""

import re
from collections.abc import Sequence

from mon.errors import ConfigError
from mon.model.source import Problem, Severity

_PERIOD = "(the specified time period is not valid as per Time::Period::inPeriod)"
_TIME = r"(?:is no time|is too short)"

WORDS: Sequence[tuple[str, str]] = (
    (r"unknown directive .*", "unknown syntax [{line}]"),
    (r"unknown global '(.*)'", "unknown variable '{0}'"),
    (r"watch '(.*)' is already defined at .*", "watch '{0}' already defined"),
    (r"'(.*)' is no name of a service", "invalid service tag '{0}'"),
    (r"variable '.*' stands before any service", "environment variable defined without a service"),
    (r"'.*' stands before any service", "need to specify service in watch record"),
    (r"'(.*)' is no period \(.*\)", f"malformed period '{{0}}' {_PERIOD}"),
    (r"exclude_period: '(.*)' is no period \(.*\)", f"malformed exclude_period '{{0}}' {_PERIOD}"),
    (rf"interval: '(.*)' {_TIME}", "invalid time interval '{0}' (syntax: interval = {number}{unit})"),
    (
        rf"failure_interval: '(.*)' {_TIME}",
        "invalid interval '{0}' (syntax: failure_interval = {number}{unit})",
    ),
    (
        rf"(traptimeout|trapduration): '(.*)' {_TIME}",
        "invalid {0} interval '{1}' (syntax: {0} = {number}{unit})",
    ),
    (
        rf"randskew: '(.*)' {_TIME}",
        "invalid randskew time interval '{0}' (syntax: randskew = {number}{unit})",
    ),
    (
        r"alertevery: '(.*)' is no .*",
        "invalid time interval '{0}' (syntax: alertevery {number}{unit} "
        "[ strict | observe_detail | ignore_summary ])",
    ),
    (
        r"alertafter: '(.*)' is no .*",
        "invalid time interval '{0}' (syntax: alertafter = [{{positive integer}}] [{number}{unit}])",
    ),
    (
        r"alertafter: .* take longer than .*",
        " interval & alertafter not sensible. No alerts can be generated with those parameters",
    ),
    (
        rf"upalertafter: '(.*)' {_TIME}",
        "invalid upalertafter specification '{0}' (syntax: upalertafter = {number}{unit})",
    ),
    (
        r"numalerts: '(.*)' is no whole number",
        "-numeric arg '{0}' (syntax: numalerts = {{positive integer}}",
    ),
    (r"alertexitrange: '(.*)' is no range of .*", "invalid exit code range '{0}'"),
    (r"dep_behavior: '(.*)' is no dep_behavior", "unknown dependency behavior '{0}'"),
    (rf"dep_memory: '(.*)' {_TIME}", "bad value '{0}' for dep_memory option (syntax: dep_memory = timeval)"),
    (rf"randstart: '(.*)' {_TIME}", "bad value '{0}' for randstart option (syntax: randstart = timeval)"),
    (
        rf"historictime: '(.*)' {_TIME}",
        "bad value '{0}' for historictime command (syntax: historictime = timeval)",
    ),
    (rf"cltimeout: '(.*)' {_TIME}", "bad value '{0}' for cltimeout command (syntax: cltimeout = secs)"),
)
"""What we say is wrong, and what the classic mon says there."""


def first_error(error: ConfigError) -> str:
    """The first error as one line; what reads it looks for ``line N``."""
    errors = [problem for problem in error.problems if problem.severity is Severity.ERROR]
    first = errors[0]
    return f"cf error: {_said(first)}, line {first.source.line}"


def _said(problem: Problem) -> str:
    for pattern, template in WORDS:
        if match := re.fullmatch(pattern, problem.what, re.DOTALL):
            more = {"number": "{positive number}", "unit": "{smhd}", "line": _line(problem)}
            return template.format(*match.groups(), **more)
    return f"{problem.what}: {problem.remedy}"


def _line(problem: Problem) -> str:
    """The line itself, as it is in the file by now."""
    try:
        with open(problem.source.file, encoding="utf-8", errors="replace") as file:
            return file.read().split("\n")[problem.source.line - 1].strip()
    except (OSError, IndexError):  # made by m4, or changed meanwhile
        return problem.what
