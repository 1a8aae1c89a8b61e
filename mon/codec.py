"""Values to bytes and back: JSON by msgspec, for the values of mon.

The type says how bytes are read, so nothing is ever evaluated or imported by what was stored.  A field
with a default may be missing in old bytes, and one that a newer version added is ignored: that is what
lets a state file outlive a release.
"""

from typing import Any, TypeVar

import msgspec

from mon.errors import StoreError

T = TypeVar("T")


def encode(value: Any) -> bytes:
    """A value as JSON bytes; a lone surrogate (a byte that was not text) becomes ``\\udc80``, written out.

    Raises StoreError when it holds something that has no JSON form.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # An alert must not be lost to one bad byte of what a monitor printed.
        return msgspec.json.encode(_written_out(msgspec.to_builtins(value)))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise StoreError(f"a {type(value).__name__} cannot be encoded: {error}") from error


def decode(data: bytes | str, type_: type[T]) -> T:
    """The value of type ``type_`` that ``encode`` made these bytes of.

    Raises StoreError when they are not JSON, or not of that type.
    """
    try:
        return msgspec.json.decode(data, type=type_)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        name = getattr(type_, "__name__", str(type_))
        raise StoreError(f"not a {name}: {error}") from error


def _written_out(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_written_out(key): _written_out(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_written_out(one) for one in value]
    return value
