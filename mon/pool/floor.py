"""The floor: the least of a pool that is kept in, and who stays in when it bites (DESIGN §6)."""

import math
from collections.abc import Sequence

from mon.model.pool import Floor, ServerId
from mon.model.result import Cause
from mon.structs import Struct

EVIDENCE = (Cause.WRONG, Cause.TIMEOUT, Cause.NONE, Cause.REFUSED)
"""From best to worst: an answer, even a wrong one, is life; a refusal is its absence."""


class Candidate(Struct, frozen=True):
    """An enabled server that is voted out.  ``failed``: when (monotonic), None if nobody said down."""

    id: ServerId
    cause: Cause
    failed: float | None


def least(floor: Floor | None, enabled: int) -> int:
    """How many of ``enabled`` servers must stay in: the share rounded up, the count at most all of them."""
    if floor is None:
        return 0
    # A share such as 0.07 of 100 is 7.000000000000001 in binary: rounded first, so that 7 stays 7.
    share = math.ceil(round((floor.share or 0.0) * enabled, 9))
    return min(enabled, max(share, floor.count or 0))


def kept(candidates: Sequence[Candidate], places: int) -> tuple[ServerId, ...]:
    """The servers the floor holds in: best evidence first, then the latest to fail, then as written."""
    ranked = sorted(candidates, key=lambda one: (EVIDENCE.index(one.cause), -(one.failed or 0.0)))
    return tuple(one.id for one in ranked[: max(0, places)])
