"""What the daemon offers to every control channel: the Unix socket, port 2583, traps.

A channel reads ``book`` and ``plan`` as it likes, asks the book for a step (``book.ack(...)``,
``book.test_alert(...)``) and gives it to ``carry_out``.  All of it happens in the daemon's loop, so a
channel never sees the book half changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mon.catalog import Plan
from mon.engine import Book, Step
from mon.model.config import Key
from mon.model.moment import Moment
from mon.model.notice import Decision
from mon.model.result import OpStatus, RunResult
from mon.outbox import Outbox
from mon.pool.operators import Order
from mon.pool.record import SavedWord
from mon.store import HistoryStore, StateStore
from mon.structs import Struct


class ReloadReport(Struct, frozen=True):
    """How a reload ended: ``lines`` say what changed, or what is wrong if not ``ok``."""

    ok: bool
    lines: tuple[str, ...] = ()


class TestReport(Struct, frozen=True):
    """What a monitor said just now and what the engine would make of it; nothing was sent or kept.

    ``result`` is None when it could not be run, and then ``why`` says why not.  ``votes`` are the pools that
    it votes on.
    """

    __test__ = False  # not a test case, whatever its name makes pytest think

    result: RunResult | None
    decisions: tuple[Decision, ...] = ()
    why: str = ""
    votes: tuple[str, ...] = ()


class ServerView(Struct, frozen=True):
    """One real server of a pool: its weight on the balancer, the one wanted, and why.

    ``votes`` are the voters' words, ``word`` is the operator's, ``suggested`` what becomes of a weight that
    monitors suggest; ``since`` (wall seconds) is when it was let in or put out.
    """

    name: str
    address: str  # "10.0.0.1:80"
    weight: int
    wanted: int
    forward: str
    active: int = 0
    inactive: int = 0
    why: str = ""
    votes: tuple[str, ...] = ()
    word: str = ""
    since: float = 0.0
    suggested: str = ""


class PoolStep(Struct, frozen=True):
    """What would be done to one pool: in words, as commands where its balancer has such, and the outlook."""

    pool: str
    changes: tuple[str, ...]
    commands: tuple[str, ...] = ()
    outlook: str = ""


class QuorumView(Struct, frozen=True):
    """The quorum of a pool: ``healthy`` servers count, ``up`` is what its commands were told last.

    ``up`` None: nothing yet; ``since`` is wall time.
    """

    count: int
    hysteresis: int
    healthy: int
    up: bool | None = None
    since: float = 0.0


class PoolView(Struct, frozen=True):
    """A pool as the daemon last read it.

    ``trouble`` is what the balancer said if it does not obey, ``outlook`` what people must know of the pool
    as a whole (the floor holds, only the fallback serves); both "" if all is well.  ``absent`` are its
    servers that are not in the table now.
    """

    name: str
    virtual: str  # "tcp 192.168.0.10:80"
    balancer: str
    scheduler: str
    servers: tuple[ServerView, ...] = ()
    trouble: str = ""
    absent: tuple[ServerView, ...] = ()
    outlook: str = ""
    quorum: QuorumView | None = None


class PendingAlert(Struct, frozen=True):
    """An alert in the outbox.  Times are wall seconds; ``why`` is how the last attempt ended."""

    watch: str
    service: str
    alert: str  # the command line
    type: str
    decided: float
    attempts: int = 0
    next: float = 0.0
    why: str = ""


class Records(Struct, frozen=True):
    """Where it is written what became of alerts."""

    outbox: Outbox
    store: StateStore
    history: HistoryStore


class Operations(Protocol):
    """What a control channel may ask of the daemon.

    ``key`` is always that of a service in ``book.services``; commands look first.  Methods that wait
    for a disk or a plugin are coroutines.  Raises ControlError where a text for the operator is due.
    """

    @property
    def book(self) -> Book:
        """The owner of all states."""
        ...

    @property
    def plan(self) -> Plan:
        """The linked configuration in force."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The static MON_* variables of every plugin (STATEDIR, LOGDIR, CFBASEDIR)."""
        ...

    @property
    def downtime_log(self) -> Path | None:
        """The file of the downtime log, None if it is not turned on."""
        ...

    @property
    def userfile(self) -> Path:
        """The file of users and their crypted passwords, for ``authtype = userfile``."""
        ...

    @property
    def records(self) -> Records:
        """The outbox and the databases."""
        ...

    def now(self) -> Moment:
        """The present."""
        ...

    def due_in(self, key: Key) -> float | None:
        """Seconds to the next run, None if none is planned."""
        ...

    def running(self, key: Key) -> int | None:
        """The process of the running monitor, 0 for one in our own process, None if it is not running."""
        ...

    def check_now(self, key: Key) -> bool:
        """Run the monitor at the next turn of the loop; False if it has none or is running already."""
        ...

    def set_timer(self, key: Key, seconds: float) -> None:
        """Let the next run be in so many seconds."""
        ...

    async def test_check(self, key: Key) -> TestReport:
        """Run the monitor beside the schedule and say what would follow."""
        ...

    async def carry_out(self, step: Step) -> None:
        """Commit and deliver what an operator's command led to."""
        ...

    async def trap(self, key: Key, status: int, output: str, *, intended: str = "", word: str = "") -> None:
        """Take a result that somebody sent us (Book.trap), for the engine and for voters with ``--traps``."""
        ...

    async def set_opstatus(self, key: Key, status: OpStatus) -> None:
        """Set the standing opinion; it votes like a trap."""
        ...

    async def rebind(self, key: Key) -> None:
        """An operator has set the service's monitor: let that be what runs."""
        ...

    def dump(self) -> bool:
        """Write what is known of each service to the log; False unless mon was started for that (``-d``)."""
        ...

    def tell_remote(self, *words: str) -> None:
        """Pass a client's word on: ``monremote`` is called with these words, in the background."""
        ...

    async def reload(self, *, force: bool = False) -> ReloadReport:
        """Read the configuration again, by laws 8 and 9; refused where a pool would lose what it needs.

        ``force``: that is meant (law 2).
        """
        ...

    async def reset(self, *, keepstate: bool, stopped: bool) -> str:
        """Classic ``reset``: "" or the errors of the file, and then nothing changed."""
        ...

    async def check_config(self) -> Sequence[str]:
        """The errors of the file as it is now on disk, without using it."""
        ...

    def start_scheduler(self) -> None:
        """Run monitors and alerts again."""
        ...

    def stop_scheduler(self) -> None:
        """Run no monitors and call no alerts until started again."""
        ...

    def terminate(self) -> None:
        """End the daemon, after the replies under way."""
        ...

    async def save_state(self, kinds: Iterable[str]) -> None:
        """Write what is meant by ``disabled``, ``opstatus`` or ``all``; other words are ignored.

        Raises ControlError when what was said is in force, but not on disk.
        """
        ...

    async def load_state(self, kinds: Iterable[str]) -> None:
        """Read it back."""
        ...

    def pools(self) -> Sequence[PoolView]:
        """The pools as last read from their balancers."""
        ...

    async def instruct(self, order: Order) -> str:
        """Take an operator's word on a server of a pool; it is on disk when this returns.

        Raises ControlError when it was refused, or is in force but not on disk.
        """
        ...

    async def plan_pools(self, config: str, order: Order | None) -> Sequence[PoolStep]:
        """What the file ``config`` ("": the one in force) or an order would do to the balancers.

        Raises ConfigError, BalancerError, ControlError.
        """
        ...

    def explain(self, server: str) -> Sequence[str]:
        """Why a real server has its weight, in lines; () if no pool has it."""
        ...

    def words(self) -> Sequence[tuple[str, SavedWord]]:
        """All words of operators on servers, with the name of the pool."""
        ...

    def pending(self) -> Sequence[PendingAlert]:
        """What is in the outbox, in the order in which it was decided."""
        ...
