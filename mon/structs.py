"""What the values of mon are made of: msgspec's structs, frozen as a rule.

A struct is a dataclass with slots that is made, compared and replaced in C, at a tenth of a dataclass's cost,
and defined at a thirtieth of it, which is most of what a command's start was (docs/decisions/017).

``gc=False`` is for what is made by every check or alert, of parts that were there before: such a value is in
no circle, so the garbage collector need not look at it.
"""

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct, field, structs

if TYPE_CHECKING:
    from dataclasses import replace  # mypy knows its arguments, for structs too
else:
    from msgspec.structs import replace

__all__ = ["Alike", "Struct", "field", "replace"]


class Alike(Struct, frozen=True):
    """A struct that is the same as another one although the fields named in ``apart`` are not."""

    apart: ClassVar[tuple[str, ...]] = ("source",)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return super().__eq__(structs.replace(other, **{name: getattr(self, name) for name in self.apart}))

    def __hash__(self) -> int:
        return Struct.__hash__(structs.replace(self, **dict.fromkeys(self.apart)))
