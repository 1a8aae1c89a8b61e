"""Names to addresses, off the event loop, with a time limit, remembered for a while."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence

from mon.errors import Unknown
from mon.model.result import Cause
from mon.probe.address import endpoint, numeric
from mon.probe.alabel import ascii_name
from mon.probe.attempts import interleaved, reach
from mon.probe.threads import Threads
from mon.structs import Struct

GOOD_FOR = 60.0
BAD_FOR = 5.0
LIMIT = 20_000
"""Names remembered; mon.cf bounds them, this only guards against names that change with every check."""


class Answer(Struct, frozen=True):
    """What the resolver said: ``addresses`` (best first), or ``why`` there are none; until ``expires``."""

    addresses: tuple[str, ...]
    why: str
    expires: float


def look_up(name: str) -> tuple[str, ...]:
    """All addresses of ``name`` as the system's resolver orders them.  Blocks; raises OSError."""
    found = socket.getaddrinfo(ascii_name(name), None, type=socket.SOCK_STREAM)
    spelled = (
        socket.getnameinfo(entry[4], socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0] for entry in found
    )
    return tuple(dict.fromkeys(spelled))


def connect(host: str, port: int, seconds: float, addresses: Sequence[str] = ()) -> socket.socket:
    """A connected socket for a library that blocks; ``addresses`` if they are known already.

    Several are tried as everywhere (mon.probe.attempts).  Blocks; raises OSError or UnicodeError.
    """
    found = interleaved(addresses or look_up(host))
    return reach([endpoint(address, port) for address in found], seconds)


class Resolver:
    """Looks names up in a few threads; the same name asked for twice at once is looked up once.

    ``pinned`` are names whose addresses somebody else has settled: they are not looked up.  ``good_for`` is
    for how many seconds an answer is remembered.
    """

    def __init__(
        self,
        look_up: Callable[[str], tuple[str, ...]] = look_up,
        *,
        threads: int = 8,
        good_for: float = GOOD_FOR,
    ) -> None:
        self.pinned: Mapping[str, tuple[str, ...]] = {}
        self._good_for = good_for
        self._look_up = look_up
        self._threads = Threads(threads, "mon-resolver")
        self._answers: dict[str, Answer] = {}
        self._asked: dict[str, asyncio.Future[Answer]] = {}

    async def resolve(self, host: str, *, timeout: float = 5.0, family: int = 0) -> tuple[str, ...]:
        """The addresses of ``host``, at least one; a numeric address is its own.

        ``family`` (4 or 6) is the one that is wanted: a name that is pinned to the other one is looked up.

        Raises Unknown if the name cannot be resolved, or not within ``timeout`` seconds.
        """
        if address := numeric(host):
            return (address,)
        pinned = self.pinned.get(host, ())
        if any(not family or (":" in each) == (family == 6) for each in pinned):
            return pinned
        answer = self._remembered(host) or await self._asked_for(host, timeout)
        if not answer.addresses:
            raise Unknown(f"cannot resolve {host}: {answer.why}", cause=Cause.NONE)
        return answer.addresses

    def close(self) -> None:
        """Forget everything; lookups under way are left to end by themselves."""
        for future in self._asked.values():
            future.cancel()
        self._asked.clear()
        self._answers.clear()
        self._threads.close()

    def _remembered(self, name: str) -> Answer | None:
        answer = self._answers.get(name)
        if answer and answer.expires > asyncio.get_running_loop().time():
            return answer
        return None

    async def _asked_for(self, name: str, timeout: float) -> Answer:
        """Wait for the one lookup of ``name``; it goes on, for the next who asks, if we give up."""
        future = self._asked.get(name)
        if future is None:
            future = self._asked[name] = asyncio.ensure_future(self._ask(name))
        done, _ = await asyncio.wait((future,), timeout=timeout)
        if not done:
            return Answer((), f"no answer within {timeout:g} s", 0.0)
        return future.result()

    async def _ask(self, name: str) -> Answer:
        try:
            addresses, why = await self._threads.submit(self._look_up, name), ""
        except (OSError, UnicodeError) as error:  # UnicodeError: no host name at all
            addresses, why = (), getattr(error, "strerror", None) or str(error)
        finally:
            self._asked.pop(name, None)
        if not addresses and not why:
            why = "it has no address"
        now = asyncio.get_running_loop().time()
        answer = Answer(addresses, why, now + (self._good_for if addresses else BAD_FOR))
        if len(self._answers) >= LIMIT:
            self._answers.clear()
        self._answers[name] = answer
        return answer
