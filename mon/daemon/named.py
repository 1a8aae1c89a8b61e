"""What mon.cf names of this machine: users and directories of plugins that are not there."""

import os
import pwd
from collections.abc import Iterator

from mon.daemon.places import Places
from mon.model.config import CommandLine, Config
from mon.model.source import NOWHERE, Problem, Severity, Source, Tolerance


def missing(config: Config, where: Places) -> Iterator[Problem]:
    """An error for each user (a start goes on: they may come from a directory service that is not up yet), a
    warning where none of the directories is there.
    """
    users: dict[str, tuple[str, Source]] = {}
    settings = config.settings
    if settings.pluginuser:
        users[settings.pluginuser] = ("pluginuser", settings.given.get("pluginuser", NOWHERE))
    for command, source in _commands(config):
        if command.runas:
            users.setdefault(
                command.runas, ("runas", command.source if command.source != NOWHERE else source)
            )
    for name, (word, source) in users.items():
        if not _is_user(name):
            remedy = "correct the name, or create it with useradd(8)"
            yield Problem(source, f"{word}: there is no user '{name}'", remedy, tolerated=Tolerance.START)
    for word, directories in (
        ("mondir", where.mondirs),
        ("alertdir", where.alertdirs),
        ("templatedir", where.templatedirs),
    ):
        if getattr(settings, word) and not any(map(os.path.isdir, directories)):
            what = f"{word}: there is no directory {', '.join(map(str, directories))}"
            place = settings.given.get(word, NOWHERE)
            yield Problem(place, what, "correct its name, or make it", Severity.WARNING)


def _commands(config: Config) -> Iterator[tuple[CommandLine, Source]]:
    for service in config.services.values():
        for command in (service.monitor, service.redistribute):
            if command is not None:
                yield command, service.source
        for period in service.periods:
            yield from ((each.command, each.source) for line in period.lines for each in line.chain)


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):
        return False
    return True
