"""One job of an operator's Python plugin, in the process forked for it: load the file, make the call.

What is learned of a file on the way (its code, what it says about itself) is told to the worker that forks,
so that the next job of the same file need not find it out again, which costs more than most checks.
"""

import asyncio
import importlib
import inspect
import marshal
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mon.catalog.loading import compiled, describe, load
from mon.catalog.plan import Description, Kind
from mon.errors import Down, Finding, PluginBroken, Undeliverable
from mon.model.notice import Fate
from mon.model.result import Cause, Verdict
from mon.model.weight import Detail, detail_of, parted
from mon.runner.messages import Job, Learned, Word

NAME = "mon._plugins.operator"

INJECTED = {"Probe": "mon.probe", "Render": "mon.render"}
"""Where the classes live that a plugin may ask for."""


def perform(job: Job, say: Callable[[Word], None], learned: Learned | None = None) -> Word:
    """Make the call that ``job`` describes; returns how it ended, whatever the plugin does.

    ``learned`` is what an earlier job found out about the file; it holds while the file is the same.
    """
    path = Path(job.path)
    os.environ.update(job.environment)
    try:
        stamp = stamped(path)
        if learned is not None and learned.stamp == stamp:
            module, about = load(path, NAME, marshal.loads(learned.code)), learned.about
        else:
            code = compiled(path)
            module = load(path, NAME, code)
            about = describe(module, job.kind)
            say(Word(job.id, learned=Learned(stamp, marshal.dumps(code), about)))
    except PluginBroken as error:
        return Word(job.id, end=True, fate=Fate.FAILED, trouble=str(error))
    call = _send if job.kind is Kind.ALERT else (_sweep if about.verb == "sweep" else _check)
    return call(job, getattr(module, about.verb), about, say)


def stamped(path: Path) -> tuple[int, int, int]:
    """What changes when a file does; zeros for one that is not there."""
    try:
        found = os.stat(path)
    except OSError:  # said by who tries to read it
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def _check(job: Job, function: Callable[..., Any], about: Description, say: Callable[[Word], None]) -> Word:
    for host in job.hosts:
        try:
            detail, weight = parted(detail_of(_call(function, about, job, host)))
            say(Word(job.id, host, Verdict.OK, detail, weight=weight))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything
            say(_found(job, host, error))
    return Word(job.id, end=True)


def _sweep(job: Job, function: Callable[..., Any], about: Description, say: Callable[[Word], None]) -> Word:
    left = dict.fromkeys(job.hosts)

    def report(host: str, verdict: Verdict, detail: Detail = "", cause: Cause = Cause.NONE) -> None:
        if host not in left:  # it was said, or nobody asked
            return
        del left[host]
        line, weight = parted(detail)
        say(Word(job.id, host, Verdict(verdict), line, cause, weight))

    try:
        _call(function, about, job, list(job.hosts), report)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything
        for host in left:
            say(_found(job, host, error))
    return Word(job.id, end=True)


def _send(job: Job, function: Callable[..., Any], about: Description, say: Callable[[Word], None]) -> Word:
    try:
        said = _call(function, about, job, job.notice)
    except Undeliverable as error:
        fate = Fate.FAILED if error.permanent else Fate.RETRY
        return Word(
            job.id, end=True, fate=fate, detail=str(error), retry_after=error.retry_after,
            left=error.left, refused=error.refused,
        )  # fmt: skip
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything
        return Word(job.id, end=True, fate=Fate.RETRY, detail=f"{type(error).__name__}: {error}")
    return Word(job.id, end=True, fate=Fate.SENT, detail=str(said or ""))


def _call(function: Callable[..., Any], about: Description, job: Job, *given: Any) -> Any:
    async def waiting() -> Any:
        made = {name: _make(kind, job) for name, kind in about.needs}
        try:
            return await function(*given, **job.options, **made)
        finally:
            for each in made.values():
                closing = each.close() if hasattr(each, "close") else None
                if inspect.isawaitable(closing):
                    await closing

    if about.waits:
        return asyncio.run(waiting())
    return function(*given, **job.options, **{name: _make(kind, job) for name, kind in about.needs})


def _make(kind: str, job: Job) -> Any:
    """A Probe or Render of the job's own."""
    made = getattr(importlib.import_module(INJECTED[kind]), kind)
    return made([Path(each) for each in job.templates]) if kind == "Render" else made()


def _found(job: Job, host: str, error: BaseException) -> Word:
    if isinstance(error, Finding):
        verdict = Verdict.DOWN if isinstance(error, Down) else Verdict.UNKNOWN
        return Word(job.id, host, verdict, error.detail, error.cause)
    return Word(job.id, host, Verdict.UNKNOWN, f"{type(error).__name__}: {error}")
