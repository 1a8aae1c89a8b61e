"""What the values of mon are made of: msgspec's structs, frozen as a rule.

A struct is a dataclass with slots that is made, compared and replaced in C, at a tenth of a dataclass's cost,
and defined at a thirtieth of it, which is most of what a command's start was (docs/decisions/017).  What has
a field that must not count when two are compared is a dataclass still.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field, structs

__all__ = ["Struct", "field", "replace"]

if TYPE_CHECKING:
    from dataclasses import replace  # of which mypy knows the fields, of structs too
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """The same struct or dataclass with some other fields.  Raises TypeError for one that it has not."""
        made = structs.replace if isinstance(value, Struct) else dataclasses.replace
        return made(value, **changes)
