"""Wrong passwords cost a hash each, so each address has so many, and all together.  Pure.

A budget fills up again with time.  What is over it is refused without a look at the password.
"""

BURST, RATE = 20.0, 1.0
"""Wrong passwords of one address at once, and more of them in a second."""

BURST_OF_ALL, RATE_OF_ALL = 100.0, 10.0
"""The same for all addresses: whoever sends datagrams can write any address on them."""

REMEMBERED = 1000
"""Addresses whose budget is not whole; of more the first ones are forgotten."""


class Guesses:
    """The budgets of all addresses."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}
        self._all = (BURST_OF_ALL, 0.0)

    def take(self, address: str, now: float) -> bool:
        """May it try one more?  It is paid at once, as many try at a time; ``now`` is monotonic."""
        left, of_all = self._of(address, now), _filled(self._all, now, BURST_OF_ALL, RATE_OF_ALL)
        if min(left, of_all) < 1.0:
            return False
        self._keep(address, left - 1.0, now)
        self._all = (of_all - 1.0, now)
        return True

    def right(self, address: str, now: float) -> None:
        """It was right: give it back."""
        self._keep(address, min(BURST, self._of(address, now) + 1.0), now)
        self._all = (_filled((self._all[0] + 1.0, self._all[1]), now, BURST_OF_ALL, RATE_OF_ALL), now)

    def _keep(self, address: str, left: float, now: float) -> None:
        self._left.pop(address, None)
        self._left[address] = (left, now)
        if len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]

    def _of(self, address: str, now: float) -> float:
        return _filled(self._left.get(address, (BURST, now)), now, BURST, RATE)


def _filled(budget: tuple[float, float], now: float, most: float, rate: float) -> float:
    left, at = budget
    return min(most, left + (now - at) * rate)
