"""Templates to text (the room that imports jinja2).

``templates``  an environment of jinja2: sandboxed, and what comes from outside is made fit for where it goes
``filters``    what templates may do with a value
``bounded``    templates of operators, rendered by a process that can be ended
``child``      that process

Templates are looked for in the operator's directories first, then in ours.  A name that does not exist is an
error, and an error never costs an alert: a plain text stands in and says so.

jinja2 is imported by the first ``Render``: commands that render nothing start sooner without it.
"""

import weakref
from collections.abc import Sequence
from pathlib import Path

from mon.errors import RenderError
from mon.outside import printable
from mon.render.filters import clock, duration, iso, some, unsaid, zone_named

__all__ = ["OURS", "Render", "clock", "duration", "iso", "some", "unsaid", "zone_named"]

MON = Path(__file__).parents[1]
OURS = (MON / "alerts" / "templates", MON.parent / "alerts" / "templates")
"""Where our own templates lie: installed, and in a checkout."""


class Render:
    """The templates of the operator's directories and ours; safe to use from several threads.

    Ours are rendered here.  As soon as one of an operator has a part in it, a process of its own does it: a
    template is a program, and may never end or fill the memory (docs/decisions/026).
    """

    def __init__(self, directories: Sequence[Path] = (), ours: Sequence[Path] = OURS) -> None:
        from mon.render.bounded import Bounded
        from mon.render.templates import Templates

        self._theirs = tuple(Path(each) for each in directories)
        self._ours = Templates(ours)
        self._all = Templates((*self._theirs, *ours))
        self._bounded = Bounded((*self._theirs, *ours))
        weakref.finalize(self, self._bounded.close)

    def has(self, name: str) -> bool:
        """Is there a template of this name?"""
        return self._all.has(name)

    def render(self, name: str, /, **values: object) -> str:
        """The text of a template.  Raises RenderError with the template's file and line."""
        if self._is_theirs(name):
            return self._bounded.render(name, values)
        return self._ours.render(name, values)

    def text(self, name: str, fallback: str, /, **values: object) -> str:
        """The text of a template; if that fails, ``fallback`` and a line that says why."""
        try:
            return self.render(name, **values)
        except RenderError as error:
            return f"{printable(fallback).rstrip()}\n({printable(str(error))})\n"

    def _is_theirs(self, name: str) -> bool:
        """Has an operator's file a part in it?  One of the name of ours may be included by any of ours."""
        if not any(folder.is_dir() for folder in self._theirs):
            return False
        names = (name, *self._ours.names)
        return any((folder / each).exists() for folder in self._theirs for each in names)
