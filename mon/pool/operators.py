"""An operator's word on one server of a pool: who is meant, and whether the pool can bear it (law 2)."""

from mon.errors import ControlError
from mon.model.moment import Moment
from mon.model.pool import Member, ServerId
from mon.pool.decide import forgotten
from mon.pool.facts import Facts
from mon.pool.memory import Word
from mon.pool.selection import too_few
from mon.pool.state import PoolState
from mon.structs import Struct, replace

DRAIN = 60.0
"""Seconds that ``drain`` gives a server of a pool without a ``drain`` line."""

VERBS = ("disable", "drain", "enable", "weight")


class Order(Struct, frozen=True):
    """What an operator asks for.  ``weight`` is that of the verb ``weight``; ``seconds`` is how long it is
    to hold, None is for good; ``drain`` how long connections may be finished, None is as the pool says.
    """

    pool: str
    server: str
    verb: str
    who: str
    why: str = ""
    weight: int = 0
    seconds: float | None = None
    drain: float | None = None
    force: bool = False


def instruct(state: PoolState, order: Order, now: Moment) -> str:
    """Take the order, or take the one before back; says what follows.

    Raises ControlError: no such server, or (without ``force``) below the floor.
    """
    member = the_member(state, order.server)
    if member is None:
        return taken_back(state, order)
    words = words_after(state, member, order, now)
    if not order.force:
        _bear(state.facts(now), replace(state.facts(now), words=words))
    state.words = words
    # Whoever speaks of the pool means that it is ours again: what was given up is tried again.
    memory = forgotten(state.memory, {member.id})
    state.memory = replace(memory, repairs=(), service=None, hands_off="")
    state.advance(now)
    return f"{member.name} {member.id}: {state.decided.why.get(member.id, state.decided.waiting)}"


def words_after(state: PoolState, member: Member, order: Order, now: Moment) -> dict[ServerId, Word]:
    """The words on all servers once the order is taken.  Raises ControlError."""
    words = {id_: each for id_, each in state.words.items() if id_ != member.id}
    if order.verb not in VERBS:
        raise ControlError(f"{order.verb!r:.40} is no word for a server: {', '.join(VERBS)}")
    if order.verb != "enable":
        words[member.id] = replace(_word(state, order, now), name=member.name)
    return words


def taken_back(state: PoolState, order: Order) -> str:
    """Take back the word on a server that is not in mon.cf, or not now.  Raises ControlError."""
    found = _kept(state, order.server)
    if len(found) != 1 or order.verb != "enable":
        what = f"{order.server!r:.80} is not in mon.cf: only `enable` means something"
        raise ControlError(
            what if found else f"no word is kept on {order.server!r:.80}, and it is not in mon.cf"
        )
    word = state.words.pop(found[0])
    return f"{word.name} {found[0]}: not in mon.cf; the word on it is taken back: {word}"


def _kept(state: PoolState, server: str) -> list[ServerId]:
    """Servers out of mon.cf on which there is a word."""
    kept = {id_: word for id_, word in state.words.items() if id_ not in state.index.members}
    return [id_ for id_, word in kept.items() if server in (word.name, id_.address, str(id_))]


def the_member(state: PoolState, server: str) -> Member | None:
    """The server that an operator means: by its name, its address, or both; None: one that is not in mon.cf
    any more, but has a word.  Raises ControlError.
    """
    found = [m for m in state.plan.members if server in (m.name, m.id.address, str(m.id))]
    if not found and _kept(state, server):
        return None
    if not found:
        known = ", ".join(member.name for member in state.plan.members)
        raise ControlError(f"no server {server!r:.80} in pool {state.plan.name} (there are {known})")
    if len(found) > 1:
        raise ControlError(f"{server!r:.80} is more than one server: {', '.join(str(m.id) for m in found)}")
    return found[0]


def _word(state: PoolState, order: Order, now: Moment) -> Word:
    weight = order.weight if order.verb == "weight" else 0
    if weight and state.plan.partial:
        raise ControlError(f"{state.plan.name} is no block of mon.cf: its weights are what others set")
    if not 0 <= weight <= 65535:
        raise ControlError(f"weight {weight} is out of range: 0 to 65535")
    drain = state.plan.drain if order.drain is None else order.drain
    if order.verb == "drain" and not drain:
        drain = DRAIN
    until = None if order.seconds is None else now.later(order.seconds)
    return Word(weight, order.who, order.why, now, until, 0.0 if weight else drain)


def _bear(before: Facts, after: Facts) -> None:
    """Raises ControlError if the pool would be left below its floor, or empty."""
    if why := too_few(before, after):
        raise ControlError(f"that would leave {why}: say --force if you mean it")
