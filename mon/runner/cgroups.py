"""A control group for each run, where mon has a part of the tree of its own (cgroup v2, ``Delegate=yes``).

What is in a group is killed by one write, however fast it forks, and plugins can have less memory and fewer
tasks than the unit (docs/decisions/020).  The daemon is in ``daemon/`` and the runs are below ``plugins/``.
"""

import contextlib
import itertools
import logging
import os
from pathlib import Path

log = logging.getLogger("mon.runner")

LEAF, PLUGINS = "daemon", "plugins"
DELEGATED = ("user.delegate", "trusted.delegate")
"""What systemd writes on the directory of a unit with ``Delegate=``."""

SHARE = 0.75
"""Of the unit's memory and tasks that plugins may have all together: the rest is the daemon's."""

WRAPPER = "mon-scope"
JOIN = 'group=$1; shift; { echo 0 >"$group"; } 2>/dev/null; exec "$@"'
"""Of a shell that goes into the group and then becomes the program: nothing is started outside of it."""


class Scope:
    """The group of one run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def words(self) -> tuple[str, ...]:
        """What stands before the words of a program that is to run in it."""
        return ("/bin/sh", "-c", JOIN, WRAPPER, str(self._path / "cgroup.procs"))

    def adopt(self, pid: int) -> None:
        """Take in a process that has started nothing yet."""
        with contextlib.suppress(OSError):
            (self._path / "cgroup.procs").write_text(str(pid))

    def kill(self) -> None:
        """Kill all that is in it (Linux 5.14; before that ``kill_runs`` does)."""
        with contextlib.suppress(OSError):
            (self._path / "cgroup.kill").write_text("1")

    def remove(self) -> bool:
        """Remove it; False while there is something in it."""
        try:
            self._path.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


class Scopes:
    """The groups of all runs, below ``plugins``."""

    def __init__(self, plugins: Path) -> None:
        self._plugins = plugins
        self._numbers = itertools.count(1)
        self._stale = {Scope(path) for path in plugins.iterdir() if path.is_dir()}  # of a mon before us
        self.sweep()

    def new(self) -> Scope | None:
        """One more, or None where there can be none now: the run goes without."""
        path = self._plugins / f"{os.getpid()}-{next(self._numbers)}"
        try:
            path.mkdir()
        except OSError as error:
            log.warning("a run has no control group of its own: %s: %s", path, error.strerror)
            return None
        return Scope(path)

    def over(self, scope: Scope) -> None:
        """Its run has ended; what it left behind keeps it for a while."""
        if not scope.remove():
            self._stale.add(scope)

    def sweep(self) -> None:
        """Remove those in which nothing is left."""
        self._stale = {scope for scope in self._stale if not scope.remove()}


def settle(group: Path | None = None) -> Scopes | None:
    """Go into the leaf of our part of the tree and make place for plugins; None where we have no part.

    ``group`` is the directory of our own group, by default that which the kernel says.
    """
    group = group or _own_group()
    if group is None:
        return None
    in_leaf = group.name == LEAF and _delegated(group.parent)  # by systemd's DelegateSubgroup=
    if not in_leaf and not _delegated(group):
        return None
    base = group.parent if in_leaf else group
    try:
        for name in (LEAF, PLUGINS):
            (base / name).mkdir(exist_ok=True)
        (base / LEAF / "cgroup.procs").write_text("0")
        if in_leaf:
            _limit(base)
        return Scopes(base / PLUGINS)
    except OSError as error:
        log.warning("plugins have no control groups: %s: %s", base, error.strerror)
        return None


def _limit(base: Path) -> None:
    """Let plugins have a share of what the unit has.

    Only where systemd starts mon in the leaf: with controllers handed down nothing can be started in the
    unit's own group, where an older systemd would put the next mon after a crash.
    """
    with contextlib.suppress(OSError):  # the unit was given no such controllers
        (base / "cgroup.subtree_control").write_text("+memory +pids")
    for name in ("memory.max", "pids.max"):
        with contextlib.suppress(OSError, ValueError):  # not there, or "max"
            most = int((base / name).read_text())
            (base / PLUGINS / name).write_text(str(int(most * SHARE)))


def _own_group() -> Path | None:
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        path = next((line[3:].rstrip("\n") for line in file if line.startswith("0::")), "/")
    mounted = _mounted()
    return mounted / path.lstrip("/") if mounted is not None and path != "/" else None


def _mounted() -> Path | None:
    """Where all of the tree is mounted: /sys/fs/cgroup, or below it beside the older kind."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            before, _, after = line.partition(" - ")
            if after.startswith("cgroup2 ") and before.split()[3] == "/":
                return Path(before.split()[4])
    return None


def _delegated(group: Path) -> bool:
    for name in DELEGATED:
        with contextlib.suppress(OSError):
            if os.getxattr(group, name) == b"1":
                return os.access(group / "cgroup.procs", os.W_OK)
    return False
