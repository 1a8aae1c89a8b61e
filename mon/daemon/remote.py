"""``monremote``: a program that is told what clients turn off, turn on, and have tested (PROTOCOL §2).

Sites use it to pass the word on to a second mon.  It is started directly, never by a shell.
"""

import logging
import shlex

from mon.daemon import events
from mon.daemon.parts import Parts
from mon.runner.launch import Command

SECONDS = 60.0
MOST = 50
"""Calls under way; a client that switches more is not passed on, and that is told."""


class Remote:
    """Calls the program, in the background."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._under_way = 0

    def tell(self, *words: str) -> None:
        """``tell("disable", "watch", "web")``; nothing without a ``monremote``."""
        program = self._parts.loaded.plan.config.settings.monremote
        if not program:
            return
        if self._under_way >= MOST:
            events.say(logging.WARNING, "monremote", f"not called for {' '.join(words)}: {MOST} are running")
            return
        self._under_way += 1
        self._parts.background.spawn(self._call(program, words))

    async def _call(self, program: str, words: tuple[str, ...]) -> None:
        try:
            command = Command((*shlex.split(program), *words), self._parts.environment)
            ended = await self._parts.spawner.run(command, SECONDS)
        except ValueError as error:  # of shlex: a quote that is not closed
            events.say(logging.ERROR, "monremote", f"monremote = {program} cannot be called: {error}")
            return
        finally:
            self._under_way -= 1
        if ended.trouble or ended.status:
            why = ended.trouble or f"exit status {ended.status}"
            events.say(logging.WARNING, "monremote", f"{program} {' '.join(words)}: {why}")
