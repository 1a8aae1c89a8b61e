"""Can these balancers be reached from here?  ``mon check`` asks, and changes nothing."""

import threading
from collections.abc import Callable, Iterable, Sequence

from mon.balancer import Balancer, check, open_balancer
from mon.errors import BalancerError
from mon.model.pool import Pool, VirtualId
from mon.model.source import Problem, Severity

PATIENCE = 5.0
"""Seconds that all of them have together to answer."""

_REMEDY = "start it or correct the line; mon run tries it again and again"


def unreachable(
    pools: Iterable[Pool],
    *,
    patience: float = PATIENCE,
    connect: Callable[[Sequence[str]], Balancer] = open_balancer,
) -> list[Problem]:
    """A warning for each balancer that does not let its pools be read.

    Each is asked in a thread of its own, which is left behind where it hangs.
    """
    first: dict[tuple[str, ...], Pool] = {}
    for pool in pools:
        if not check(pool.balancer):
            first.setdefault(pool.balancer, pool)
    asked = [(pool, _Question(pool.id, pool.balancer, connect)) for pool in first.values()]
    for _, question in asked:
        question.start()
    found = [(pool, question.trouble_within(patience)) for pool, question in asked]
    return [
        Problem(
            pool.source,
            f"balancer {' '.join(pool.balancer)} cannot be reached ({why})",
            _REMEDY,
            Severity.WARNING,
        )
        for pool, why in found
        if why
    ]


class _Question(threading.Thread):
    """One reading of one virtual service."""

    def __init__(
        self, id_: VirtualId, words: Sequence[str], connect: Callable[[Sequence[str]], Balancer]
    ) -> None:
        super().__init__(daemon=True)
        self._id = id_
        self._words = words
        self._connect = connect
        self._trouble = ""

    def run(self) -> None:
        """Ask; runs in the thread."""
        try:
            balancer = self._connect(self._words)
            try:
                balancer.read([self._id])
            finally:
                balancer.close()
        except BalancerError as error:
            self._trouble = str(error)

    def trouble_within(self, patience: float) -> str:
        """What it said if it said no, or that it says nothing; "" if all is well."""
        self.join(patience)
        return f"no answer within {patience:g} s" if self.is_alive() else self._trouble
