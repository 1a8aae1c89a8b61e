"""Numbers and places in what balancers print."""

import pytest

from mon.balancer.reading import number, place, understood
from mon.errors import BalancerUnreachable


def test_a_place_has_an_address_and_a_port() -> None:
    assert place("10.0.0.1:80") == ("10.0.0.1", 80)
    assert place("[2001:db8::1]:80") == ("2001:db8::1", 80)
    assert place("2001:db8::1:80") == ("2001:db8::1", 80)


@pytest.mark.parametrize(
    "text", ["", ":80", "10.0.0.1", "10.0.0.1:", "[]:80", "a:b", "a:" + "9" * 5000, "[a]]:1"]
)
def test_what_is_no_place_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        place(text)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "٣", "9" * 5000])
def test_what_is_no_number_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        number(text)


def test_what_cannot_be_read_says_so() -> None:
    odd = pytest.raises(BalancerUnreachable, match="haproxy: what it says cannot be read: '9999")
    with odd, understood("haproxy"):
        number("9" * 5000)
