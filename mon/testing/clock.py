"""A clock for tests: it stands still until told otherwise."""

from mon.model.moment import Moment

START = Moment(1_800_000_000.0, 1_000.0)


class FakeClock:
    """Called, it gives the present as a Moment."""

    def __init__(self, start: Moment = START) -> None:
        self._now = start

    def __call__(self) -> Moment:
        return self._now

    def advance(self, seconds: float) -> Moment:
        """Let time pass; returns the new present."""
        self._now = self._now.later(seconds)
        return self._now

    def step_wall(self, seconds: float) -> Moment:
        """Set the wall clock forward (or back, if negative) while no time passes; returns the present."""
        self._now = Moment(self._now.wall + seconds, self._now.mono)
        return self._now
