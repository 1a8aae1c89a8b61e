"""Every value of the model that is stored or sent to a process comes back as it was."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from mon import codec
from mon.errors import StoreError
from mon.model import config, moment, notice, pool, result, source
from mon.structs import Struct

NOT_STORED = {config.Config}  # its mappings have tuples as keys; mon.cf is its text


def model_types() -> Iterator[type]:
    for module in (config, moment, notice, pool, result, source):
        for _, value in inspect.getmembers(module, inspect.isclass):
            if value.__module__ == module.__name__ and value not in NOT_STORED:
                yield value


TYPES = sorted(model_types(), key=lambda t: t.__qualname__)

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=8))
st.register_type_strategy(int, st.integers(-(2**31), 2**31))
st.register_type_strategy(
    Mapping,
    lambda of: st.dictionaries(st.from_type(of.__args__[0]), st.from_type(of.__args__[1]), max_size=2),  # type: ignore[attr-defined]
)


def built(struct: type[Struct]) -> st.SearchStrategy[Struct]:
    """Of any values in some fields: by itself hypothesis takes what makes a default for the default."""
    types, fields = get_type_hints(struct), structs.fields(struct)
    needed = {one.name: st.from_type(types[one.name]) for one in fields if one.required}
    known = {one.name: st.from_type(types[one.name]) for one in fields if not one.required}
    return st.fixed_dictionaries(needed, optional=known).map(lambda given: struct(**given))


for struct_ in filter(lambda one: issubclass(one, Struct), TYPES):
    st.register_type_strategy(struct_, built)


@pytest.mark.parametrize("type_", TYPES, ids=lambda t: t.__qualname__)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_each_type_of_the_model_comes_back_equal(type_: type[Any], data: st.DataObject) -> None:
    assert is_dataclass(type_) or issubclass(type_, Struct | Enum)
    value = data.draw(st.from_type(type_))
    assert codec.decode(codec.encode(value), type_) == value


def test_a_source_comes_back_although_it_is_not_compared() -> None:
    line = config.CommandLine("http.monitor", ("http.monitor",), source=source.Source("mon.cf", 7))
    assert codec.decode(codec.encode(line), config.CommandLine).source == source.Source("mon.cf", 7)


def test_a_field_that_old_bytes_do_not_have_gets_its_default() -> None:
    assert codec.decode(b'{"name": "web1"}', config.Host) == config.Host("web1")


def test_a_field_of_a_newer_version_is_ignored() -> None:
    assert codec.decode(b'{"name": "web1", "colour": "red"}', config.Host) == config.Host("web1")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"name": 3}', b"\xff"])
def test_bytes_that_are_not_the_type_are_a_store_error(data: bytes) -> None:
    with pytest.raises(StoreError, match="not a Host"):
        codec.decode(data, config.Host)


@pytest.mark.parametrize(
    "value", [object(), {(1, 2): 3}, config.Config(services={("w", "s"): config.Service("w", "s")})]
)
def test_what_has_no_form_in_bytes_is_a_store_error(value: object) -> None:
    with pytest.raises(StoreError, match="cannot be encoded"):
        codec.encode(value)


def test_a_byte_that_was_not_text_costs_nothing_but_itself() -> None:
    said = config.CommandLine("\udc80", ("a\udcff", "b"))
    assert codec.decode(codec.encode(said), config.CommandLine) == config.CommandLine(
        "\\udc80", ("a\\udcff", "b")
    )
