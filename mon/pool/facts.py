"""All that a decision about a pool depends on, and what of its plan is looked up again and again."""

from collections.abc import Mapping

from mon.model.moment import Moment
from mon.model.pool import Member, Pool, ServerId
from mon.pool.advice import Course, aimed, rounded
from mon.pool.floor import least
from mon.pool.memory import Memory, Word
from mon.pool.reasons import Said
from mon.structs import Struct, field


class Index(Struct, frozen=True):
    """Of a plan: its ``members`` by what the balancer knows them by, those that the floor counts (``base``:
    with a weight above 0 in mon.cf), and how many of them the ``floor`` asks for.
    """

    members: Mapping[ServerId, Member]
    base: tuple[Member, ...]
    floor: int

    @property
    def needed(self) -> int:
        """The least that may be left: the floor, or one where there is none."""
        return max(1, self.floor)

    @property
    def need(self) -> str:
        """The same in words."""
        return f"the floor is {self.floor}" if self.floor else "somebody must serve"


def indexed(plan: Pool) -> Index:
    """The index of a plan."""
    base = tuple(member for member in plan.members if member.weight > 0)
    return Index({member.id: member for member in plan.members}, base, least(plan.floor, len(base)))


class Facts(Struct, frozen=True):
    """All that a decision depends on.  ``ready``: the first round of checks is over.  ``exits``: how often a
    server was voted out lately.
    """

    plan: Pool
    index: Index
    said: Mapping[ServerId, Said]
    words: Mapping[ServerId, Word]
    memory: Memory
    now: Moment
    ready: bool
    exits: Mapping[ServerId, int] = field(default_factory=dict)

    def word(self, id: ServerId) -> Word | None:
        """What an operator says about a server, while it holds."""
        word = self.words.get(id)
        return None if word is None or word.over(self.now) else word

    def ordered_out(self, id: ServerId) -> Word | None:
        """The operator's word that keeps it out, if one does."""
        word = self.word(id)
        return word if word is not None and word.weight == 0 else None

    def whole(self, member: Member) -> int:
        """The weight it has when nothing is against it: an operator's, a suggested one, mon.cf's."""
        word, course = self.word(member.id), self.course(member)
        if word is not None:
            return word.weight
        return member.weight if course is None else rounded(course.level(self.now))

    def course(self, member: Member) -> Course | None:
        """How it follows the weights that are suggested, if it does."""
        if member.bounds is None:
            return None
        before, inside = self.memory.courses.get(member.id), self.memory.inside or frozenset()
        return aimed(member, self.said[member.id], before, self.now, inside=member.id in inside)
