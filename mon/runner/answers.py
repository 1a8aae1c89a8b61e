"""Of what a process says about a job only that is taken which the job was asked for.

A plugin runs in the process that speaks for it and may write to the channel whatever it likes.
"""

from collections.abc import Iterable

from mon.runner.messages import Job, Word
from mon.structs import replace

LONGEST = 16 * 1024
"""Characters of a detail or of a trouble that are passed on; the rest is for nobody to read."""


class Answer:
    """What may be said of one job: one word on each host that it was given, and one end."""

    def __init__(self, number: int, hosts: Iterable[str]) -> None:
        self._number = number
        self._left = set(hosts)
        self._over = False

    @classmethod
    def to(cls, job: Job) -> "Answer":
        """The answer to this job."""
        return cls(job.id, job.hosts)

    def takes(self, word: Word) -> bool:
        """Is this word part of it?  Asked once for each word."""
        if self._over or word.id != self._number:
            return False
        if word.end:
            self._over = True
            return True
        asked = word.host in self._left
        self._left.discard(word.host)
        return asked


def bounded(word: Word) -> Word:
    """The word with no more text than anybody reads."""
    if len(word.detail) <= LONGEST and len(word.trouble) <= LONGEST:
        return word
    return replace(word, detail=word.detail[:LONGEST], trouble=word.trouble[:LONGEST])
