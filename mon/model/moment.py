"""The present on the two clocks that matter."""

from mon.structs import Struct


class Moment(Struct, frozen=True, gc=False):
    """One instant: ``wall`` (seconds since 1970) and ``mono`` (seconds, monotonic clock).

    Durations are differences of ``mono``; ``wall`` is for periods, messages and what is saved.
    """

    wall: float
    mono: float

    def later(self, seconds: float) -> "Moment":
        """The moment ``seconds`` after this one, on both clocks."""
        return Moment(self.wall + seconds, self.mono + seconds)
