"""What linking makes of a configuration: plugins found, options checked, pools with pinned addresses."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from mon.model.config import AlertLine, CommandLine, Config, Host, Key, Service
from mon.model.notice import Notice
from mon.model.pool import Pool
from mon.model.source import Problem
from mon.plugin import Render, VoteTarget
from mon.structs import Alike, Struct, field


class Kind(StrEnum):
    """What a plugin is for; also the suffix of its classic name."""

    MONITOR = "monitor"
    ALERT = "alert"


class Form(StrEnum):
    """How a plugin is run: in the daemon's loop, in the worker process, or as a program."""

    NATIVE = "native"
    PYTHON = "python"
    EXECUTABLE = "executable"


class ValueType(StrEnum):
    """What an option's word is converted to."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    SWITCH = "switch"
    LIST = "list"


Value = str | bool | int | float | list[str] | None
"""The value of an option."""


class OptionSpec(Struct, frozen=True):
    """One option of a plugin: a keyword argument of its function."""

    name: str
    flags: tuple[str, ...]
    type: ValueType
    default: Value = None
    required: bool = False
    positional: bool = False
    help: str = ""
    metavar: str = ""
    unset: tuple[str, ...] = ()


class Description(Struct, frozen=True):
    """What a Python plugin says about itself; it can be sent between processes.

    ``verb`` is its function: check, sweep, follow, send or votes.  ``needs`` are parameters that the
    framework fills: (parameter, "Probe" or "Render").  ``waits``: the function is ``async def``.
    """

    summary: str
    text: str
    verb: str
    waits: bool = False
    options: tuple[OptionSpec, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()


class Plugin(Alike, frozen=True):
    """A monitor or an alert that was found.

    ``name`` is without suffix; ``function``, ``deadline``, ``verify``, ``voting``, ``preview`` and ``votes``
    are there only for our own (see mon.plugin), the others are never loaded into the daemon.  ``disturbs``:
    an alert that people may be woken by, unlike a line in a log.
    """

    apart = ("function", "deadline", "verify", "voting", "preview", "votes")

    name: str
    kind: Kind
    path: Path
    form: Form
    ours: bool
    about: Description
    function: Callable[..., Any] | None = None
    deadline: Callable[[Mapping[str, Value]], float] | None = None
    verify: Callable[[Mapping[str, Value]], Sequence[str] | None] | None = None
    voting: Callable[[Mapping[str, Value]], Mapping[str, Value]] | None = None
    preview: Callable[[Notice, Mapping[str, Value], Render], str] | None = None
    votes: Callable[[tuple[str, ...]], VoteTarget] | None = None
    disturbs: bool = True

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return self.about.summary

    @property
    def options(self) -> tuple[OptionSpec, ...]:
        """Its options, in the order of the function's parameters; an executable has none we know of."""
        return self.about.options

    @property
    def sweep(self) -> bool:
        """Does one call serve all hosts?"""
        return self.about.verb == "sweep"

    @property
    def follows(self) -> bool:
        """Is it an event monitor: long-lived, one call for each host?"""
        return self.about.verb == "follow"


class Bound(Struct, frozen=True):
    """A plugin with the arguments of one line.

    ``options`` are those that the line gives, converted; ``extra`` are the words that are no options: for
    a monitor more hosts, as the classic plugins take them; ``target`` is what a vote line votes on;
    ``warnings`` are what the plugin has to say about its options (what is wrong, a colon, what to do).
    """

    plugin: Plugin
    options: Mapping[str, Value]
    command: CommandLine
    extra: tuple[str, ...] = ()
    target: VoteTarget | None = None
    warnings: tuple[str, ...] = ()

    @property
    def values(self) -> Mapping[str, Value]:
        """All options: as given, else their defaults."""
        return {spec.name: self.options.get(spec.name, spec.default) for spec in self.plugin.options}

    def value(self, name: str) -> Value:
        """An option as given, else its default; None if there is no such option."""
        default = next((spec.default for spec in self.plugin.options if spec.name == name), None)
        return self.options.get(name, default)


class Check(Struct, frozen=True):
    """One service, ready to run.  ``timeout`` is its deadline in seconds; ``monitor`` None never runs."""

    service: Service
    monitor: Bound | None
    hosts: tuple[Host, ...]
    timeout: float
    votes: bool = False

    @property
    def key(self) -> Key:
        """(watch, service)."""
        return self.service.key


class Plan(Struct, frozen=True):
    """A configuration with everything it names found.

    ``votes`` are the alert lines that vote, ``missing`` the names of alerts that were not found.
    """

    config: Config
    checks: Mapping[Key, Check] = field(default_factory=dict)
    alerts: Mapping[AlertLine, Bound] = field(default_factory=dict)
    pools: tuple[Pool, ...] = ()
    problems: tuple[Problem, ...] = ()
    votes: frozenset[AlertLine] = frozenset()
    missing: frozenset[str] = frozenset()

    def path(self, command: CommandLine) -> str:
        """Where the program of an alert line was found; its name as written if no line has it."""
        found = (bound.plugin.path for line, bound in self.alerts.items() if line.command == command)
        return str(next(found, command.plugin))
