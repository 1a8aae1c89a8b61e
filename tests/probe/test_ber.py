"""The basic encoding rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.probe import ber


@given(st.integers(-(1 << 70), 1 << 70))
def test_numbers_survive(number):
    assert ber.read(ber.integer(number))[0].number == number


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_elements_survive(contents):
    whole = ber.element(ber.SEQUENCE, *(ber.element(ber.OCTETS, each) for each in contents))
    found, end = ber.read(whole)
    assert end == len(whole)
    assert [each.content for each in found.children()] == contents


@given(st.binary(max_size=40))
def test_any_bytes_are_an_element_or_a_value_error(data):
    try:
        found, end = ber.read(data)
    except ValueError:
        return
    assert end <= len(data)
    assert data.endswith(data[end:]) and found.content in data


@given(st.binary(max_size=300), st.data())
def test_a_header_is_known_as_soon_as_it_is_there(content, draw):
    whole = ber.element(ber.OCTETS, content)
    start = len(whole) - len(content)
    cut = draw.draw(st.integers(0, len(whole)))
    found = ber.header(whole[:cut])
    assert found == ((ber.OCTETS, start, len(whole)) if cut >= start else None)


@pytest.mark.parametrize("data", [b"\x30\x80", b"\x30\x85\x01\x00\x00\x00\x00", b"\x1f\x81\x01\x00"])
def test_what_has_no_end_is_refused(data):
    with pytest.raises(ValueError, match="no BER"):
        ber.header(data)
