"""``ack`` and ``silence`` over the socket: who, for how long, why; and that they are saved."""

from typing import Any

import pytest

from mon.codec import decode, encode
from mon.control.commands import COMMANDS
from mon.errors import ControlError

HTTP = {"watch": "web", "service": "http"}


async def ask(daemon: Any, command: str, **arguments: object) -> Any:
    value = await COMMANDS[command].run(daemon, {"command": command, "who": "ann", **arguments})
    return decode(encode(value), object)


async def test_a_failure_is_acknowledged_by_who_asks(daemon: Any) -> None:
    daemon.result(("web", "http"), 1, "h1\n")
    assert await ask(daemon, "ack", **HTTP, comment="on\nit") == {"acknowledged": "ann: on it"}
    assert daemon.book.states["web", "http"].ackcomment == "ann: on it"


async def test_what_is_well_is_not_acknowledged(daemon: Any) -> None:
    with pytest.raises(ControlError, match="non-failure"):
        await ask(daemon, "ack", **HTTP)


async def test_a_silence_is_listed_and_ends(daemon: Any) -> None:
    await ask(daemon, "silence", watch="web", seconds=60, reason="new kernel")
    (one,) = await ask(daemon, "silences")
    assert (one["watch"], one["service"], one["by"], one["reason"]) == ("web", "", "ann", "new kernel")
    assert one["until"]["wall"] == daemon.at.wall + 60
    await ask(daemon, "unsilence", watch="web")
    assert await ask(daemon, "silences") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"watch": "web", "reason": "x"}, "for how long"),
        ({"watch": "web", "seconds": 1e9, "reason": "x"}, "at most a year"),
        ({"watch": "web", "seconds": 5}, "give a reason"),
        ({"watch": "mail", "seconds": 5, "reason": "x"}, "no watch 'mail'"),
        ({"watch": "web", "service": "no", "seconds": 5, "reason": "x"}, "no service 'no'"),
        ({"watch": "web", "seconds": "5", "reason": "x"}, "seconds is no number"),
    ],
)
async def test_a_silence_needs_a_place_a_time_and_a_reason(daemon: Any, arguments: Any, said: str) -> None:
    with pytest.raises(ControlError, match=said):
        await ask(daemon, "silence", **arguments)


async def test_there_must_be_one_to_end(daemon: Any) -> None:
    with pytest.raises(ControlError, match="no silence of web/http"):
        await ask(daemon, "unsilence", **HTTP)
