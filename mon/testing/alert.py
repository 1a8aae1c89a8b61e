"""An alert that keeps what it is given."""

from mon.catalog.plan import Bound
from mon.model.notice import Delivery, Fate, Notice
from mon.structs import Struct


class Sent(Struct, frozen=True):
    """One call of an alert."""

    bound: Bound
    notice: Notice
    attempt: int


class RecordingAlert:
    """``sent`` are the calls, in their order; ``fates`` are the next answers, *sent* when there are none."""

    def __init__(self, *fates: Fate) -> None:
        self.sent: list[Sent] = []
        self.fates = list(fates)

    async def send(self, bound: Bound, notice: Notice, *, attempt: int = 1) -> Delivery:
        """Keep the call; the answer is the next of ``fates``."""
        self.sent.append(Sent(bound, notice, attempt))
        fate = self.fates.pop(0) if self.fates else Fate.SENT
        return Delivery(fate, "" if fate is Fate.SENT else "as the test told it")
