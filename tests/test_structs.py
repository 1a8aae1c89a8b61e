"""What a struct is that is the same although some of its fields differ."""

from typing import Any, ClassVar

import pytest

from mon.structs import Alike, Struct, field, replace


class Line(Alike, frozen=True):
    text: str
    words: tuple[str, ...] = ()
    source: int = 0


class Holder(Struct, frozen=True):
    lines: tuple[Line, ...] = ()


class Counted(Alike, frozen=True):
    apart: ClassVar[tuple[str, ...]] = ("active", "seen")

    name: str
    active: int = 0
    seen: dict[str, int] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Line("x", source=1), Line("x", source=2)),
        (Holder((Line("x", source=1),)), Holder((Line("x", source=2),))),
        (Counted("x", 1), Counted("x", 2)),
        (Counted("x", seen={"y": 1}), Counted("x")),
    ],
)
def test_fields_apart_make_no_difference(one: Any, other: Any) -> None:
    assert one == other
    assert hash(one) == hash(other) and {one: 1}[other] == 1


@pytest.mark.parametrize(
    "other",
    [Line("y", source=1), Line("x", ("z",), source=1), Counted("x"), "x", None, Holder()],
)
def test_any_other_field_or_class_does(other: object) -> None:
    assert Line("x", source=1) != other


def test_comparing_and_hashing_changes_neither() -> None:
    one, other = Line("x", source=1), Line("x", source=2)
    assert one == other and hash(one)
    assert (one.source, other.source) == (1, 2)


def test_another_one_differs_in_the_fields_given() -> None:
    assert replace(Line("x", ("y",), source=1), text="z") == Line("z", ("y",))
    with pytest.raises(TypeError):
        replace(Line("x"), colour="red")  # type: ignore[call-arg]
