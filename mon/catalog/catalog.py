"""Finds plugins: the operator's directories first, then ours.

A name may be written ``http.monitor``, ``http``, ``mon:http.monitor`` (ours, whatever lies in mondir), or
as a path.  In each of the operator's directories an executable of that name is a program of the classic
contract; other files must be Python with the functions of mon.plugin, and are never loaded here: they are
asked about themselves in a process of their own.
"""

import difflib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import mon
from mon.catalog.loading import describe, load
from mon.catalog.plan import Description, Form, Kind, Plugin
from mon.errors import PluginBroken, PluginNotFound, StoreError
from mon.starting import run
from mon.users import as_user, environment_of

OURS = "mon:"
DESCRIBE_SECONDS = 10.0
"""How long an operator's file may take to say what it is; loading it may do anything."""


class Catalog:
    """The plugins of one configuration; each file is looked at once.

    ``user`` is who operators' Python files are loaded as to be asked about themselves, "" is us.  In
    ``late_mondirs`` and ``late_alertdirs`` is looked for what ours do not have.
    """

    def __init__(
        self,
        mondirs: Sequence[Path] = (),
        alertdirs: Sequence[Path] = (),
        *,
        late_mondirs: Sequence[Path] = (),
        late_alertdirs: Sequence[Path] = (),
        user: str = "",
    ) -> None:
        self._user = user
        self._late = {Kind.MONITOR: tuple(late_mondirs), Kind.ALERT: tuple(late_alertdirs)}
        self._directories = {Kind.MONITOR: tuple(mondirs), Kind.ALERT: tuple(alertdirs)}
        self._known: dict[tuple[Kind, Path], Plugin | PluginBroken] = {}
        self._found: dict[tuple[Kind, str], Plugin] = {}

    def monitors(self) -> list[Plugin]:
        """All monitors that can be used, by name; of two with one name the one that a config would get."""
        return self._all(Kind.MONITOR)

    def alerts(self) -> list[Plugin]:
        """All alerts that can be used, by name."""
        return self._all(Kind.ALERT)

    def find(self, kind: Kind | str, name: str) -> Plugin:
        """The plugin that this name means.

        Raises PluginNotFound (what, a colon, what to do) and PluginBroken.
        """
        key = (Kind(kind), name)
        if key not in self._found:
            self._found[key] = self._find(*key)
        return self._found[key]

    def _find(self, kind: Kind, name: str) -> Plugin:
        base = _base(kind, name.removeprefix(OURS))
        if name.startswith(OURS):
            return self._ours(kind, base) or _not_found(kind, name, self._names(kind))
        if name.startswith("/"):
            return self._at(kind, Path(name), name)
        ours = self._ours(kind, base)
        if ours is not None and ours.votes is not None:  # an alert that votes has to be ours to work
            return ours
        found = self._theirs(kind, self.operators_file(kind, name)) or ours
        found = found or self._theirs(kind, self.packaged_file(kind, name))
        return found or _not_found(kind, name, self._names(kind))

    def _at(self, kind: Kind, path: Path, name: str) -> Plugin:
        if not os.path.isfile(path):
            raise PluginNotFound(f"{name} is not there: give the path of a file")
        return self._look(kind, path, ours=False)

    def _ours(self, kind: Kind, base: str) -> Plugin | None:
        path = our_directory(kind) / f"{base.replace('-', '_')}.py"
        public = not base.startswith("_") and "/" not in base
        return self._look(kind, path, ours=True) if public and os.path.isfile(path) else None

    def operators_file(self, kind: Kind, name: str) -> Path | None:
        """The operator's file of this name, whoever was taken."""
        return _file(self._directories[kind], kind, name)

    def packaged_file(self, kind: Kind, name: str) -> Path | None:
        """The file of this name that is looked for last, whoever was taken."""
        return _file(self._late[kind], kind, name)

    def _theirs(self, kind: Kind, path: Path | None) -> Plugin | None:
        return self._look(kind, path, ours=False) if path is not None else None

    def _look(self, kind: Kind, path: Path, *, ours: bool) -> Plugin:
        key = (kind, path)
        if key not in self._known:
            try:
                self._known[key] = _native(kind, path) if ours else _foreign(kind, path, self._user)
            except PluginBroken as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, PluginBroken):
            raise found
        return found

    def _names(self, kind: Kind) -> list[str]:
        directories = (*self._directories[kind], *self._late[kind])
        files = (file for directory in directories for file in _files(directory))
        operators = {_base(kind, file.name) for file in files if _is_plugin(kind, file)}
        ours = {file.stem for file in _files(our_directory(kind)) if file.suffix == ".py"}
        return sorted(operators | ours)

    def _all(self, kind: Kind) -> list[Plugin]:
        return list(self._usable(kind, self._names(kind)))

    def _usable(self, kind: Kind, names: Iterable[str]) -> Iterator[Plugin]:
        for name in names:
            try:
                yield self.find(kind, name)
            except PluginBroken:  # said when a configuration names it
                continue


def our_directory(kind: Kind) -> Path:
    """Where our own plugins of a kind lie: in the installed package, else in the checkout."""
    package = Path(mon.__file__).parent
    installed = package / f"{kind}s"
    return installed if installed.is_dir() else package.parent / f"{kind}s"


def _file(directories: Iterable[Path], kind: Kind, name: str) -> Path | None:
    """The first file of this name.

    ``os.path`` says of a name that is too long that it is not there, where ``pathlib`` raises.
    """
    base = _base(kind, name)
    names = dict.fromkeys((name, f"{base}.{kind}", f"{base}.{kind}.py", f"{base}.py"))
    paths = (directory / each for directory in directories for each in names)
    return next((path for path in paths if os.path.isfile(path)), None)


def _base(kind: Kind, name: str) -> str:
    return name.removesuffix(".py").removesuffix(f".{kind}")


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_file() and path.name[0] not in "._")
    except OSError:  # a directory that is not there holds nothing
        return []


def _is_plugin(kind: Kind, file: Path) -> bool:
    """Is it named like a plugin?  (There are READMEs and libraries beside them.)"""
    return file.name.removesuffix(".py").endswith(f".{kind}") or file.suffix == ".py"


def _native(kind: Kind, path: Path) -> Plugin:
    module = load(path, f"mon._plugins.{kind}s.{path.stem}")
    about = describe(module, kind)
    return Plugin(
        name=path.stem,
        kind=kind,
        path=path,
        form=Form.NATIVE,
        ours=True,
        about=about,
        function=getattr(module, about.verb),
        deadline=getattr(module, "deadline", None),
        verify=getattr(module, "verify", None),
        voting=getattr(module, "voting", None),
        preview=getattr(module, "preview", None),
        votes=getattr(module, "votes", None),
        disturbs=getattr(module, "disturbs", True),
    )


def _foreign(kind: Kind, path: Path, user: str) -> Plugin:
    base = _base(kind, path.name)
    if os.access(path, os.X_OK):
        about = Description(f"program {path}", f"The program {path}, run by the classic contract.", "")
        return Plugin(base, kind, path, Form.EXECUTABLE, ours=False, about=about)
    about = _ask(kind, path, user)
    if about.verb == "follow":
        raise PluginBroken(
            f"{path}: follow() is for monitors that mon brings along: write check() or sweep()"
        )
    if any(need == "Spawn" for _, need in about.needs):
        raise PluginBroken(f"{path}: Spawn is for monitors that mon brings along: use subprocess")
    return Plugin(base, kind, path, Form.PYTHON, ours=False, about=about)


def _ask(kind: Kind, path: Path, user: str) -> Description:
    """Have another process load the file and say what it is."""
    from mon.codec import decode  # seldom needed, slow to import

    command = [sys.executable, "-P", "-m", "mon.worker", "describe", str(kind), str(path)]
    try:
        said = run(
            [*as_user(user), *command],
            timeout=DESCRIBE_SECONDS,
            cwd="/",
            env=environment_of(user, os.environ, ("PYTHONPATH",)),
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise PluginBroken(f"{path}: loading it took more than {DESCRIBE_SECONDS:g} s") from None
    except OSError as error:
        raise PluginBroken(f"{path}: it cannot be looked at: {error}") from error
    if said.returncode:
        reason = said.stderr.decode(errors="backslashreplace").strip() or f"status {said.returncode}"
        hint = "" if path.suffix == ".py" else " (a program? make it executable)"
        raise PluginBroken(reason.splitlines()[-1] + hint)
    try:
        return decode(said.stdout, Description)
    except StoreError as error:
        raise PluginBroken(f"{path}: it ended while being loaded") from error


def _not_found(kind: Kind, name: str, names: Sequence[str]) -> NoReturn:
    base = _base(kind, name.removeprefix(OURS))
    near = difflib.get_close_matches(base, names, n=1)
    remedy = f"did you mean {near[0]}.{kind}?" if near else f"put it into {_setting(kind)}, executable"
    raise PluginNotFound(f"there is no {kind} {name}: {remedy}")


def _setting(kind: Kind) -> str:
    return {Kind.MONITOR: "mondir", Kind.ALERT: "alertdir"}[kind]
