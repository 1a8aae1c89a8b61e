"""What a command of ours was asked with: words of a JSON object, looked at before they are believed."""

from collections.abc import Mapping

from mon.control.operations import Operations
from mon.errors import ControlError
from mon.model.config import Key

Arguments = Mapping[str, object]


def service(operations: Operations, arguments: Arguments) -> Key:
    """The service that ``watch`` and ``service`` name.  Raises ControlError when there is none."""
    watch, name = arguments.get("watch"), arguments.get("service")
    if not isinstance(watch, str) or not isinstance(name, str):
        raise ControlError("which service? give watch and service")
    if (watch, name) not in operations.book.services:
        raise ControlError(f"no service {name!r:.80} in watch {watch!r:.80}")
    return (watch, name)


def text(arguments: Arguments, name: str) -> str:
    """A word or sentence; "" if it is not given.  Control characters become blanks: it ends in logs."""
    value = arguments.get(name, "")
    if not isinstance(value, str):
        raise ControlError(f"{name} is no text")
    return "".join(letter if letter.isprintable() else " " for letter in value).strip()


def number(arguments: Arguments, name: str) -> float | None:
    """A number; None if it is not given."""
    value = arguments.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ControlError(f"{name} is no number")
    if not abs(value) < 1e15:
        raise ControlError(f"{name} is too large a number")
    return float(value)
