"""A function's parameters as options, and words to values."""

import string
from typing import Annotated, TypedDict, Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.catalog.options import parameters, parse
from mon.catalog.plan import ValueType
from mon.errors import BadOption, PluginBroken
from mon.plugin import Option, Probe


async def check(
    host: str,
    *,
    port: Annotated[int, Option("-p", help="port")] = 80,
    timeout: Annotated[float, Option("-t")] = 10,
    all_hosts: Annotated[bool, Option("-a")] = False,
    resume: Annotated[bool, Option("-r")] = True,
    header: Annotated[list[str], Option("-H")] = [],  # noqa: B006 - a default as plugins write it
    match: Annotated[str | None, Option("-m")] = None,
    probe: Probe,
) -> str:
    return ""


SPECS = parameters(check, "check").options


def values(*words):
    return parse(SPECS, words).values


def test_parameters_become_options_with_letters_and_names():
    port = SPECS[0]
    assert (port.name, port.flags, port.type, port.default) == (
        "port",
        ("-p", "--port"),
        ValueType.INTEGER,
        80,
    )
    assert SPECS[2].flags == ("-a", "--all-hosts")


def test_a_parameter_of_a_class_of_ours_is_no_option():
    assert parameters(check, "check").needs == (("probe", "Probe"),)


@pytest.mark.parametrize("words", [("-p", "81"), ("-p81",), ("--port", "81"), ("--port=81",), ("-ap81",)])
def test_a_value_may_be_given_in_every_usual_way(words):
    assert values(*words)["port"] == 81


def test_an_underscore_in_a_name_is_a_dash():
    assert values("--all_hosts") == {"all_hosts": True}


def test_the_beginning_of_a_name_is_enough():
    assert values("--po", "81") == values("--por=81") == {"port": 81}
    with pytest.raises(BadOption, match="there is no option --re"):
        parse(parameters(classic, "check").options, ["--re", "1"])


async def classic(
    host: str,
    *,
    zone: Annotated[list[str], Option("-zone")] = [],  # noqa: B006 - a default as plugins write it
    tcp: Annotated[bool, Option("-tcp")] = False,
    retry: Annotated[int, Option("-retry")] = 2,
    retransmit: Annotated[int, Option("-retransmit")] = 5,
    timeout: Annotated[float, Option("-t", "-timeout")] = 5,
) -> str:
    return ""


@pytest.mark.parametrize(
    "line",
    [
        "-zone a -zone b -tcp -timeout 7",
        "-zon a -zone=b -tcp -timeout=7",
        "--zone a --zone b --tcp -t 7",
    ],
)
def test_classic_names_have_one_dash_or_two(line):
    words = parse(parameters(classic, "check").options, line.split())
    assert words.values == {"zone": ["a", "b"], "tcp": True, "timeout": 7.0}


def test_switches_may_be_bundled():
    assert values("-ar") == {"all_hosts": True, "resume": True}


def test_a_switch_can_be_turned_off():
    assert values("--no-resume") == {"resume": False}


def test_a_list_is_collected():
    assert values("-H", "a: b", "--header=c: d")["header"] == ["a: b", "c: d"]


def test_a_value_may_look_like_an_option():
    assert values("-m", "-p")["match"] == "-p"


def test_what_is_no_option_is_left_over():
    assert parse(SPECS, ("a", "-p", "1", "b", "--", "-c")).rest == ("a", "b", "-c")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--prot", "1"], "there is no option --prot: did you mean --port?"),
        (["-x"], "there is no option -x: it takes -H, -a, -m, -p, -r, -t, --all-hosts, --header, --match, "
                 "--port, --resume, --timeout"),
        (["-p"], "-p has no value: write -p PORT"),
        (["-p", "http"], "-p is given 'http': it takes a whole number"),
        (["-t", "5s"], "-t is given '5s': it takes a number"),
        (["--resume=yes"], "--resume takes no value, but is given 'yes': leave the value out"),
        (["-ax"], "there is no option -x (in -ax): it takes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(words, text):
    with pytest.raises(BadOption) as error:
        parse(SPECS, words)
    assert str(error.value).startswith(text)


def test_what_has_no_default_is_required():
    def send(notice, *, url: Annotated[str, Option("-u", "--url")]): ...

    with pytest.raises(BadOption, match="-u URL is missing: it has no default"):
        parse(parameters(send, "send").options, ())


def test_positional_arguments_take_words():
    def send(
        notice,
        *,
        name: Annotated[str, Option(positional=True)],
        to: Annotated[list[str], Option(positional=True, metavar="ADDRESS")] = (),
    ): ...

    assert parse(parameters(send, "send").options, ("a", "b", "c")).values == {"name": "a", "to": ["b", "c"]}
    with pytest.raises(BadOption, match="NAME is missing"):
        parse(parameters(send, "send").options, ())


def test_options_that_several_share_are_a_typed_dict():
    class Shared(TypedDict, total=False):
        ca: Annotated[str, Option("--ca", metavar="FILE")]
        lax: Annotated[bool, Option("-x", "--lax")]

    def check(host, *, port: Annotated[int, Option("-p")] = 1, **given: Unpack[Shared]): ...

    made = parameters(check, "check").options
    assert [(spec.name, spec.default, spec.required) for spec in made] == [
        ("port", 1, False),
        ("ca", "", False),
        ("lax", False, False),
    ]
    assert parse(made, ("-x", "--ca=a")).values == {"ca": "a", "lax": True}


def test_a_type_that_no_word_has_is_a_broken_plugin():
    def check(host, *, port: Annotated[dict, Option("-p")] = 1): ...

    with pytest.raises(PluginBroken, match="parameter port"):
        parameters(check, "check")


@given(st.lists(st.text(string.printable, min_size=1)))
def test_any_words_are_values_or_a_bad_option(words):
    try:
        parse(SPECS, words)
    except BadOption as error:
        assert ": " in str(error)


@given(st.integers(), st.lists(st.text(string.ascii_letters, min_size=1)))
def test_values_and_left_over_words_survive(number, rest):
    assert parse(SPECS, [*rest, "-p", str(number)]) == ({"port": number}, tuple(rest))
