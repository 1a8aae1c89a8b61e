"""What was done to a balancer's table, for the journal."""

from mon.structs import Struct


class Deed(Struct, frozen=True):
    """One thing done to a virtual service or a real server of it, or decided of it.

    ``server`` is as the balancer has it, "" is the virtual service itself; ``name`` as mon.cf has it.
    ``what`` was done and ``why``; ``trigger`` is what made us look (a result, an operator, the resync ...);
    ``said`` is what the balancer said on reading back, "" for as asked.  ``evidence`` is all that gave the
    server its weight at that moment, a line each: votes, thresholds, floor, words, clocks.  ``at`` is wall
    time.
    """

    at: float
    pool: str
    what: str
    why: str = ""
    trigger: str = ""
    server: str = ""
    name: str = ""
    said: str = ""
    evidence: tuple[str, ...] = ()
