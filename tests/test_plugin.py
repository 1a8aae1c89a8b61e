"""The surface that plugin authors see."""

import pytest

import mon.plugin
from mon.plugin import Option, Weighed


def test_everything_that_is_promised_is_there():
    assert [name for name in mon.plugin.__all__ if not hasattr(mon.plugin, name)] == []


def test_an_option_keeps_its_flags():
    option = Option("-p", "--port", help="port")
    assert (option.flags, option.help, option.positional) == (("-p", "--port"), "port", False)


def test_the_names_are_in_order():
    assert mon.plugin.__all__ == sorted(mon.plugin.__all__)


@pytest.mark.parametrize(
    ("given", "shown"), [(5, "5"), (0, "0"), (2.5, "2.5"), ("75%", "75%"), ("33.3%", "33.3%"), ("8", "8")]
)
def test_a_weight_is_a_number_or_a_share(given: float | str, shown: str) -> None:
    said = Weighed("load 3", given)
    assert (str(said), str(said.weight)) == ("load 3", shown)


@pytest.mark.parametrize("given", [-1, float("nan"), float("inf"), 1e9, "lots", "", "5 %", "-5%", "٣"])
def test_what_is_none_is_refused(given: float | str) -> None:
    with pytest.raises(ValueError, match="is no weight"):
        Weighed("load 3", given)
