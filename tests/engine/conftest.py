"""A stage for the engine: a mon.cf, a clock that stands still, and results told in a few letters."""

from collections.abc import Callable

import pytest

from mon.config import parse
from mon.engine import Book, Step
from mon.model.config import Config, Key
from mon.model.result import RunResult
from mon.testing.clock import FakeClock

WEB: Key = ("web", "http")
STATIC = {"MON_STATEDIR": "/state", "MON_LOGDIR": "/log", "MON_CFBASEDIR": "/cf"}


def configured(text: str) -> Config:
    """A mon.cf without errors."""
    parsed = parse(text, "mon.cf", read=lambda pattern, relative_to: ())
    assert not parsed.errors, parsed.errors
    return parsed.config


def web(period: str = "alert down; upalert up", service: str = "") -> str:
    """A mon.cf with the one service web/http and its one period; semicolons part lines."""
    return (
        "hostgroup web h1 h2\n\nwatch web\n service http\n interval 1h\n monitor m\n"
        + "".join(f" {line.strip()}\n" for line in service.split(";") if line.strip())
        + " period wd {Sun-Sat}\n"
        + "".join(f"  {line.strip()}\n" for line in period.split(";") if line.strip())
    )


class Play:
    """A book under a clock.  ``step`` is what the last event led to."""

    def __init__(self, text: str) -> None:
        self.clock = FakeClock()
        self.book = Book(configured(text), self.clock())
        self.step = Step()

    def run(self, said: str, key: Key = WEB) -> list[str]:
        """A round, told as ``STATUS|summary|detail``, a second after the last; the alerts it calls."""
        status, summary, detail = (said + "||").split("|")[:3]
        output = "\n".join(filter(None, (summary, detail)))
        started, ended = self.clock(), self.clock.advance(1)
        result = RunResult(*key, int(status), output and output + "\n", started, ended)
        return self.took(self.book.result(result, ended, STATIC))

    def runs(self, script: str, key: Key = WEB) -> list[str]:
        """Rounds one after another; the alerts of each joined by a plus, ``-`` for none."""
        return ["+".join(self.run(said, key)) or "-" for said in script.split()]

    def trap(self, status: int, output: str = "sum\n\ndetail", key: Key = WEB) -> list[str]:
        """A trap, a second after the last event."""
        return self.took(self.book.trap(key, status, output, self.clock.advance(1), STATIC))

    def took(self, step: Step) -> list[str]:
        """Take a step; the command lines of the alerts it calls."""
        self.step = step
        return [decision.line.command.text for decision in step.sent]

    @property
    def held(self) -> list[str]:
        """The rules that held alerts in the last step."""
        return [decision.rule for decision in self.step.decisions if not decision.send]

    @property
    def why(self) -> str:
        """Why the first alert of the last step was held, or what is said when it was sent."""
        return self.step.decisions[0].why

    @property
    def state(self):
        """The state of web/http."""
        return self.book.states[WEB]


@pytest.fixture(scope="session")
def play() -> Callable[..., Play]:
    """Makes a Play of the one service web/http: ``play(period lines, service lines)``."""
    return lambda period="alert down; upalert up", service="": Play(web(period, service))


@pytest.fixture(scope="session")
def stage() -> Callable[[str], Play]:
    """Makes a Play of a whole mon.cf."""
    return Play


@pytest.fixture(scope="session")
def mon_cf() -> Callable[[str], Config]:
    """Makes a Config of the text of a mon.cf."""
    return configured
