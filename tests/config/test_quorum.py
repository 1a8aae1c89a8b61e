"""The line ``quorum``: commands are split into words; where they end is where the other keyword stands."""

import pytest

from mon.config.place import Misfit, Place
from mon.config.quorum import quorum
from mon.model.quorum import Call, Quorum
from mon.model.source import NOWHERE

HERE = Place(NOWHERE, [])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2", Quorum(2)),
        ("2 up /a b down /c", Quorum(2, 0, Call(("/a", "b")), Call(("/c",)))),
        ("3 hysteresis 1 down /c up /a", Quorum(3, 1, Call(("/a",)), Call(("/c",)))),
        ("1 up /a 'b c' \"up\" x", Quorum(1, 0, Call(("/a", "b c", "up", "x")))),
        ("1 up 'ip link set x up'", Quorum(1, 0, Call(("ip", "link", "set", "x", "up")))),
        (
            "1 up ip link set x up down ip link set x down",
            Quorum(1, 0, Call(("ip", "link", "set", "x", "up")), Call(("ip", "link", "set", "x", "down"))),
        ),
        ("1 up 'a down b' down c", Quorum(1, 0, Call(("a", "down", "b")), Call(("c",)))),
        ("1 up runas=root /a ; rm -rf /", Quorum(1, 0, Call(("/a", ";", "rm", "-rf", "/"), "root"))),
    ],
)
def test_it_means(text: str, meant: Quorum) -> None:
    assert quorum(text, HERE) == meant


@pytest.mark.parametrize("text", ["", "up /a", "many", "2 up ''", "2 up 'a", "2 hysteresis x", "-1 up a"])
def test_it_means_nothing(text: str) -> None:
    with pytest.raises(Misfit):
        quorum(text, HERE)
