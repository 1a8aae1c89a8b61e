"""When an alert is tried again, and when it is given up (DESIGN §5).  Pure; times are seconds."""

from mon.model.config import Retry
from mon.model.notice import Delivery, Fate
from mon.outbox.entry import Entry
from mon.store.values import Stage
from mon.structs import Struct, replace


class Patience(Struct, frozen=True):
    """``first`` wait, doubled up to ``longest``; no attempt begins later than ``life`` after the decision,
    nor after ``tries`` of them (0: no limit)."""

    first: float
    longest: float
    life: float
    tries: int = 0

    def wait(self, attempts: int, chance: float = 0.5) -> float:
        """How long to wait after so many failed attempts.

        ``chance`` (0 to 1) spreads it by a quarter either way: what failed together is not all tried again
        at the same moment.
        """
        return min(self.longest, self.first * 2.0 ** min(attempts - 1, 32)) * (0.75 + chance / 2)


ACTIONS = Patience(first=10.0, longest=120.0, life=300.0, tries=3)

MOST_ASKED = 3600.0
"""A receiver's Retry-After is obeyed up to so many seconds."""

UNDONE = "its opposite has been decided meanwhile"
NOT_RUN = "mon ended before it was run; actions are not replayed unless the line says replay=yes"
CUT_OFF = "mon ended while it ran; actions are not repeated unless the line says replay=yes"


def patience_for(entry: Entry, general: Retry) -> Patience:
    """How long this one is tried: messages as their line says, else as ``general`` (alertretry) does."""
    if entry.action:
        return ACTIONS
    retry = entry.line.retry or general
    return Patience(retry.first, retry.longest, retry.life)


def after(
    entry: Entry,
    delivery: Delivery,
    *,
    wall: float,
    age: float,
    undone: bool,
    patience: Patience,
    chance: float = 0.5,
) -> Entry:
    """The entry after an attempt (which it counts already).

    ``age`` is how long ago it was decided, ``undone`` whether its opposite was decided meanwhile,
    ``chance`` a random number from 0 to 1.
    """
    entry = _partly(entry, delivery)
    if entry.refused and not entry.notice.left:  # all others have it
        return replace(entry, stage=Stage.FAILED, why=_said_no(entry), next_at=0.0)
    if delivery.fate is not Fate.RETRY:
        why = _with_refusals(delivery.why, entry)
        return replace(entry, stage=Stage(delivery.fate.value), why=why, next_at=0.0)
    if undone:
        return replace(
            entry, stage=Stage.EXPIRED, why=f"{UNDONE}; the last attempt: {delivery.why}", next_at=0.0
        )
    asked = min(delivery.retry_after or 0.0, MOST_ASKED)
    wait = max(asked, patience.wait(entry.attempts, chance))
    if age + wait > patience.life or 0 < patience.tries <= entry.attempts:
        why = f"given up after {_times(entry.attempts)}: {delivery.why}"
        return replace(entry, stage=Stage.FAILED, why=_with_refusals(why, entry), next_at=0.0)
    return replace(entry, stage=Stage.RETRY, why=_with_refusals(delivery.why, entry), next_at=wall + wait)


def once_more(entry: Entry, at: float) -> Entry:
    """One that had ended, as it is tried again at a wall time: for those who have not got it."""
    notice = replace(entry.notice, left=(*entry.notice.left, *entry.refused))
    return replace(entry, stage=Stage.WAITING, created=at, next_at=0.0, notice=notice, refused={}, window="")


def _partly(entry: Entry, delivery: Delivery) -> Entry:
    """With what an attempt says of single recipients: who has it, or is refused it, is not asked again."""
    refused = {**entry.refused, **delivery.refused}
    left = () if delivery.fate is Fate.SENT else delivery.left or entry.notice.left
    notice = replace(entry.notice, left=tuple(who for who in left if who not in refused))
    return replace(entry, notice=notice, refused=refused)


def _said_no(entry: Entry) -> str:
    return "refused for " + "; ".join(f"{who}: {why}" for who, why in entry.refused.items())


def _with_refusals(why: str, entry: Entry) -> str:
    return f"{why}; {_said_no(entry)}" if entry.refused else why


def at_start(entry: Entry) -> Entry:
    """What a restart makes of an entry that had not ended: messages go on, actions expire (law 6)."""
    if entry.action and not entry.replay:
        why = CUT_OFF if entry.stage is Stage.IN_FLIGHT else NOT_RUN
        return replace(entry, stage=Stage.EXPIRED, why=why, next_at=0.0)
    return replace(entry, stage=Stage.RETRY if entry.attempts else Stage.WAITING)


def undone(entry: Entry) -> Entry:
    """An action whose opposite was decided before it was done (again)."""
    return replace(entry, stage=Stage.EXPIRED, why=UNDONE, next_at=0.0)


def _times(count: int) -> str:
    return "one attempt" if count == 1 else f"{count} attempts"
