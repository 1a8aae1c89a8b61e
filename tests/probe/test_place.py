"""Where to connect to, as an operator writes it."""

import pytest

from mon.probe.address import place


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("mx1", ("mx1", 25)),
        ("mx1:587", ("mx1", 587)),
        ("10.0.0.1:99", ("10.0.0.1", 99)),
        ("[2001:db8::1]:587", ("2001:db8::1", 587)),
        ("2001:db8::1", ("2001:db8::1", 25)),
        ("[::1]", ("::1", 25)),
    ],
)
def test_a_host_may_have_a_port(word: str, found: tuple[str, int]) -> None:
    assert place(word, 25) == found
