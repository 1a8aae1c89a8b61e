"""Dependency expressions."""

import itertools
import random
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.depend import Expression, compiled, parse

GOOD = {"net:up": True, "net:down": False, "SELF:up": True}


def holds(text: str) -> bool:
    return parse(text).holds(lambda name: GOOD.get(name, False))


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "net:up",
        "SELF:up",
        "net:up && !net:down",
        "net:down || net:up",
        "(net:down || net:up) && !(SELF:up && net:down)",
        "net:up and not net:down or 0",
        "not net:down and net:up",
        "net:up == 1",
        "net:up != net:down",
        "!net:down == net:up",
        "net:up || net:up && net:down",
        "not 0 == 1",
    ],
)
def test_an_expression_that_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "net:down",
        "other:undefined",
        "!net:up",
        "net:up && net:down",
        "(net:up || net:up) && net:down",
        "not net:down || net:up and 0",
        "not (net:up || net:down)",
        "not (0) && (! 1)",
        "net:up == net:down",
        "net:up net:down",
        "not net:down || net:up and 1 or 0 and 0",
    ],
)
def test_an_expression_that_does_not_hold(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "expected group:service, not end in column 1"),
        ("a:b &&", "expected group:service, not end in column 7"),
        ("(a:b || c:d", "the bracket in column 1 is not closed"),
        ("a:b)", "unexpected ')' in column 4"),
        ("a:b & c:d", "'&' in column 5 has no meaning here"),
        ("a:b; system", "';' in column 4 has no meaning here"),
        ("__import__('os')", "'_' in column 1 has no meaning here"),
        ("ping", "expected group:service, not 'ping' in column 1"),
        ("2", "expected group:service, not '2' in column 1"),
        ("a:b || && c:d", "expected group:service, not '&&' in column 8"),
        ("!", "expected group:service, not end in column 2"),
        ("a:b 1", "unexpected '1' in column 5"),
    ],
)
def test_an_error_says_what_and_where(text: str, wrong: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse(text)
    assert str(raised.value) == wrong


def test_names_are_told_once_in_order_with_self() -> None:
    assert parse("b:y && (a:x || SELF:z) && !b:y").names == ("b:y", "a:x", "SELF:z")


def test_a_list_of_names_has_names() -> None:
    assert parse("a:x b:y.z-1").names == ("a:x", "b:y.z-1")


def test_names_that_end_alike_are_different_names() -> None:
    assert not parse("net:x && old-net:x").holds(lambda name: name == "net:x")


def test_compiled_remembers() -> None:
    assert compiled("a:b && c:d") is compiled("a:b && c:d")


def test_an_expression_nested_too_deep_is_refused_not_a_crash() -> None:
    with pytest.raises(ValueError, match="column"):
        parse("(" * 5000 + "a:b" + ")" * 5000)


def test_a_long_chain_is_fine() -> None:
    chain = parse(" && ".join(f"g:s{number}" for number in range(5000)))
    assert chain.holds(lambda name: True)
    assert len(chain.names) == 5000


def test_precedence_is_that_of_the_usual_operators() -> None:
    for a, b, c in itertools.product((False, True), repeat=3):
        values = {"x:a": a, "x:b": b, "x:c": c}
        assert parse("x:a || x:b && !x:c").holds(values.__getitem__) == (a or (b and not c))
        assert parse("not x:a || x:b").holds(values.__getitem__) == (not (a or b))


@pytest.mark.skipif(shutil.which("perl") is None, reason="perl is not installed")
def test_a_thousand_random_expressions_mean_what_they_mean_to_perl() -> None:
    chance = random.Random(20)
    texts = [random_text(chance, 4) for _ in range(1000)]
    program = "while (<STDIN>) { s/net:up/1/g; s/net:down/0/g; print((eval $_) ? 1 : 0); print qq(\\n) }"
    done = subprocess.run(["perl", "-e", program], input="\n".join(texts), capture_output=True, text=True)
    assert [holds(text) for text in texts] == [line == "1" for line in done.stdout.split()]


def random_text(chance: random.Random, depth: int) -> str:
    """An expression with few brackets, so that precedence matters."""
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(("net:up", "net:down", "0", "1"))
    form = chance.choice(
        ("{0} && {1}", "{0} || {1}", "{0} and {1}", "{0} or {1}", "! {0}", "not {0}", "({0})")
    )
    return form.format(random_text(chance, depth - 1), random_text(chance, depth - 1))


expressions = st.recursive(
    st.sampled_from(["0", "1", "a:b", "SELF:c"]).map(Expression),
    lambda inner: st.one_of(
        inner.map(lambda part: Expression("not", (part,))),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner).map(lambda it: Expression(it[0], it[1:])),
    ),
    max_leaves=12,
)


def written(expression: Expression) -> str:
    parts = [f"({written(part)})" for part in expression.parts]
    if expression.word == "not":
        return f"!{parts[0]}"
    return f" {expression.word} ".join(parts) if parts else expression.word


@given(expressions, st.booleans(), st.booleans())
def test_what_is_written_in_brackets_means_the_same_when_read(
    expression: Expression, b: bool, c: bool
) -> None:
    values = {"a:b": b, "SELF:c": c}
    assert parse(written(expression)).holds(values.__getitem__) == expression.holds(values.__getitem__)


@given(st.text(alphabet="ab:&|!() 01norand=<>$`'"))
def test_any_text_is_understood_or_refused_with_a_column(text: str) -> None:
    try:
        parse(text).holds(lambda name: True)
    except ValueError as error:
        assert "column" in str(error)
