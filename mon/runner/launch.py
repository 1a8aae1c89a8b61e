"""Starting a program: as which user, with what environment, where, and where its output goes."""

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterable, Mapping
from typing import IO

from mon.runner.cgroups import Scopes
from mon.runner.child import Started
from mon.runner.marks import marking
from mon.runner.variables import encoded
from mon.structs import Struct, field
from mon.users import as_user, environment_of, named_variables

NICE = 5
"""By how much monitors yield to the daemon: a third of its share of a processor that both want."""


class Command(Struct, frozen=True):
    """A program to run.  ``stdin`` None is /dev/null; ``user`` "" is ours.

    ``owner`` is what it is run for, by any name: of the processes that runs for one owner leave behind only
    some stay.  "": all of them stay.  ``apart``: what it writes to stderr is not among its output.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes | None = None
    user: str = ""
    owner: str = ""
    apart: bool = False


class Launcher:
    """Starts programs; see ``Spawner`` for what it is given."""

    def __init__(
        self,
        inherited: Mapping[str, str],
        *,
        directory: str,
        user: str,
        also: Iterable[str],
        scopes: Scopes | None,
    ) -> None:
        self._inherited = inherited
        self._also = tuple(also)
        self._as: dict[str, tuple[tuple[str, ...], dict[bytes, bytes]]] = {}
        self._directory = directory if os.path.isdir(directory) else "/"
        self._user = user
        self._scopes = scopes
        self._null = -1

    def wraps(self, command: Command) -> bool:
        """Is it started by a program of the system, which may be what ends?"""
        return self._scopes is not None or bool(command.user or self._user)

    def start(self, command: Command, mark: int) -> Started:
        """Start it, marked.

        Raises OSError when it cannot be started.
        """
        scope = self._scopes.new() if self._scopes is not None else None
        try:
            started = self._start(command, mark, scope.words if scope else ())
        except OSError:
            if scope is not None and self._scopes is not None:
                self._scopes.over(scope)
            raise
        if command.owner:
            yield_to_others(started.process.pid)
        return started._replace(scope=scope)

    def close(self) -> None:
        """Start nothing more."""
        if self._null >= 0:
            os.close(self._null)
            self._null = -1

    def _user_of(self, command: Command) -> tuple[tuple[str, ...], dict[bytes, bytes]]:
        """The words that make it run as its user, and its user's environment: looked up once."""
        user = command.user or self._user
        if user not in self._as:
            environment = environment_of(user, self._inherited, self._also)
            self._as[user] = as_user(user), encoded(environment)
        return self._as[user]

    def _start(self, command: Command, mark: int, wrapper: tuple[str, ...]) -> Started:
        before, inherited = self._user_of(command)
        named = named_variables(command.words, self._inherited)
        environment = {**inherited, **encoded({**named, **command.environment})}
        words = [*wrapper, *before, *command.words]
        if self._null < 0:  # one for all: Popen would open and close its own each time
            self._null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        stdin: int | IO[bytes] = self._null
        with contextlib.ExitStack() as stack:
            stack.enter_context(marking(mark))
            if command.stdin is not None:
                stdin = stack.enter_context(_memory_file(command.stdin))
            try:
                return _popen(words, environment, stdin, self._directory, apart=command.apart)
            except OSError as error:
                if error.errno != errno.ENOEXEC:
                    raise
                words = ["/bin/sh", *words]  # as execvp(3) does
                return _popen(words, environment, stdin, self._directory, apart=command.apart)


def yield_to_others(pid: int) -> None:
    """Let a process just started, and what it starts, starve neither the daemon nor what is no plugin."""
    with contextlib.suppress(OSError):  # it is gone, or another user's
        os.setpriority(os.PRIO_PROCESS, pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE))


def _popen(
    words: list[str],
    environment: Mapping[bytes, bytes],
    stdin: int | IO[bytes],
    directory: str,
    *,
    apart: bool,
) -> Started:
    ours: list[int] = []
    theirs: list[int] = []
    try:
        for _ in range(1 + apart):
            reading, writing = os.pipe()
            ours.append(reading)
            theirs.append(writing)
            os.set_blocking(reading, False)
        process = subprocess.Popen(
            words, stdin=stdin, stdout=theirs[0], stderr=theirs[-1], env=environment,
            cwd=directory, start_new_session=True, close_fds=True,
        )  # fmt: skip
    except BaseException:  # whatever it is, the pipes are ours
        _close(ours)
        raise
    finally:
        _close(theirs)
    return Started(process, ours[0], ours[1] if apart else -1)


def _close(descriptors: Iterable[int]) -> None:
    for each in descriptors:
        os.close(each)


def _memory_file(data: bytes) -> IO[bytes]:
    """A file in memory: the program reads when it likes, and we never wait for it."""
    file = os.fdopen(os.memfd_create("stdin"), "w+b")
    file.write(data)
    file.flush()
    file.seek(0)
    return file
