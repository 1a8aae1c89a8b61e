"""A function's parameters as options, and words to their values.

The classic letters work as with getopt(3): ``-p 80``, ``-p80``, switches bundled (``-ar``), ``--`` ends
the options; long names as ``--port 80`` or ``--port=80`` or their beginning (``--po``), ``--no-NAME`` turns
off a switch.  Names that classic monitors have with one dash (``-zone``) are flags of their own.
"""

import difflib
import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, NamedTuple

from mon.catalog.plan import OptionSpec, Value, ValueType
from mon.errors import BadOption, PluginBroken
from mon.plugin import Option

INJECTED = frozenset({"Probe", "Render", "Spawn"})
"""Names of the classes that a parameter may be annotated with to be given the daemon's own."""

PLAIN = {
    str: ValueType.TEXT,
    int: ValueType.INTEGER,
    float: ValueType.NUMBER,
    bool: ValueType.SWITCH,
    list[str]: ValueType.LIST,
}

GIVEN = {"check": 1, "sweep": 2, "follow": 2, "send": 1}
"""How many parameters in front the framework passes by position."""


class Parameters(NamedTuple):
    """The options of a function, and the parameters that the framework fills (name, class name)."""

    options: tuple[OptionSpec, ...]
    needs: tuple[tuple[str, str], ...]


class Parsed(NamedTuple):
    """``values`` that the words give, by the options' names; ``rest`` are the words that are no options."""

    values: dict[str, Value]
    rest: tuple[str, ...]


def parameters(function: Callable[..., Any], verb: str) -> Parameters:
    """Read the options off a plugin's function.

    Raises PluginBroken for a parameter of a type that no word can be converted to.
    """
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise PluginBroken(f"an annotation of {verb}() cannot be read: {error}") from error
    options: list[OptionSpec] = []
    needs: list[tuple[str, str]] = []
    for parameter in list(inspect.signature(function).parameters.values())[GIVEN[verb] :]:
        annotation = hints.get(parameter.name, str)
        if parameter.kind is parameter.VAR_KEYWORD and typing.get_origin(annotation) is typing.Unpack:
            options += _shared(typing.get_args(annotation)[0])
            continue
        injected = _injected(annotation)
        if injected:
            needs.append((parameter.name, injected))
        else:
            options.append(_spec(parameter, annotation))
    return Parameters(tuple(options), tuple(needs))


def _shared(group: Any) -> list[OptionSpec]:
    """The options of a TypedDict; the empty value of its type stands for one that is not given."""
    hints = typing.get_type_hints(group, include_extras=True)
    made = []
    for name, annotation in hints.items():
        bare = typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation
        default = {str: "", bool: False}.get(bare)
        keyword = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        made.append(_spec(keyword, annotation))
    return made


def _injected(annotation: Any) -> str:
    name = getattr(annotation, "__name__", "")
    return name if isinstance(annotation, type) and name in INJECTED else ""


def _spec(parameter: inspect.Parameter, annotation: Any) -> OptionSpec:
    option = Option()
    if typing.get_origin(annotation) is Annotated:
        annotation, *extras = typing.get_args(annotation)
        option = next((extra for extra in extras if isinstance(extra, Option)), option)
    required = parameter.default is inspect.Parameter.empty
    flags = option.flags
    if not option.positional and not any(flag.startswith("--") for flag in flags):
        flags = (*flags, "--" + parameter.name.replace("_", "-"))
    return OptionSpec(
        name=parameter.name,
        flags=flags,
        type=_value_type(parameter.name, annotation),
        default=_shown(None if required else parameter.default),
        required=required,
        positional=option.positional,
        help=option.help,
        metavar=option.metavar or parameter.name.upper(),
        unset=option.unset,
    )


def _value_type(name: str, annotation: Any) -> ValueType:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        left = [part for part in typing.get_args(annotation) if part is not types.NoneType]
        annotation = left[0] if len(left) == 1 else annotation
    found = PLAIN.get(annotation)
    if found is None:
        raise PluginBroken(f"parameter {name} is of a type that no option has: {annotation}")
    return found


def _shown(default: Any) -> Value:
    if isinstance(default, str | int | float | list) or default is None:
        return default
    return list(default) if isinstance(default, tuple) else str(default)


def parse(specs: Sequence[OptionSpec], words: Iterable[str]) -> Parsed:
    """Convert the words of a line.

    Raises BadOption (what is wrong, a colon, what to do) for an option that is unknown, misses its value
    or has a wrong one, and for a required one that is missing.
    """
    by_flag = {flag: spec for spec in specs for flag in spec.flags}
    values: dict[str, Value] = {}
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += queue
            break
        if word.startswith("--") or _named(by_flag, word.partition("=")[0]):
            _long(by_flag, word, queue, values)
        elif word.startswith("-") and len(word) > 1:
            _letters(by_flag, word, queue, values)
        else:
            rest.append(word)
    left = _positional(specs, rest, values)
    _require(specs, values)
    return Parsed(values, left)


def _long(by_flag: dict[str, OptionSpec], word: str, queue: list[str], values: dict[str, Value]) -> None:
    flag, equals, value = word.partition("=")
    spec = by_flag.get(flag) or by_flag.get(flag.replace("_", "-")) or _begun(by_flag, flag)
    if spec is None:
        opposite = by_flag.get("--" + flag.removeprefix("--no-"))
        if opposite is None or opposite.type is not ValueType.SWITCH:
            raise unknown(flag, by_flag)
        values[opposite.name] = False
    elif spec.type is ValueType.SWITCH:
        if equals:
            raise BadOption(f"{flag} takes no value, but is given {value!r}: leave the value out")
        values[spec.name] = True
    else:
        _take(spec, flag, value if equals else _next(flag, spec, queue), values)


def _named(by_flag: dict[str, OptionSpec], flag: str) -> bool:
    """Is it a name with one dash, or the beginning of one, rather than letters?"""
    return len(flag) > 2 and (
        flag in by_flag or (flag[:2] not in by_flag and _begun(by_flag, flag) is not None)
    )


def _begun(by_flag: dict[str, OptionSpec], flag: str) -> OptionSpec | None:
    """The one option whose long name begins like this, as Getopt::Long of the classic monitors has it."""
    names = {spec.name: spec for known, spec in by_flag.items() if known.startswith(flag) and len(flag) > 3}
    return next(iter(names.values())) if len(names) == 1 else None


def _letters(by_flag: dict[str, OptionSpec], word: str, queue: list[str], values: dict[str, Value]) -> None:
    for place, letter in enumerate(word[1:], start=2):
        flag = "-" + letter
        spec = by_flag.get(flag)
        if spec is None:
            raise unknown(flag if place == 2 else f"{flag} (in {word})", by_flag)
        if spec.type is not ValueType.SWITCH:
            _take(spec, flag, word[place:] or _next(flag, spec, queue), values)
            return
        values[spec.name] = True


def _next(flag: str, spec: OptionSpec, queue: list[str]) -> str:
    if not queue:
        raise BadOption(f"{flag} has no value: write {flag} {spec.metavar}")
    return queue.pop(0)


def _take(spec: OptionSpec, flag: str, word: str, values: dict[str, Value]) -> None:
    if spec.type is ValueType.LIST:
        before = values.get(spec.name)
        values[spec.name] = [*(before if isinstance(before, list) else ()), word]
    elif word in spec.unset:
        values.pop(spec.name, None)
    else:
        values[spec.name] = _convert(spec, flag, word)


def _convert(spec: OptionSpec, flag: str, word: str) -> Value:
    try:
        if spec.type is ValueType.INTEGER:
            return int(word)
        if spec.type is ValueType.NUMBER:
            return _finite(word)
    except ValueError:
        kind = "a whole number" if spec.type is ValueType.INTEGER else "a number"
        raise BadOption(f"{flag} is given {word!r}: it takes {kind}") from None
    return word


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):  # "nan", "inf", 400 digits: no timeout, no limit
        raise ValueError(word)
    return number


def _positional(specs: Sequence[OptionSpec], rest: list[str], values: dict[str, Value]) -> tuple[str, ...]:
    for spec in specs:
        if spec.positional and rest:
            if spec.type is ValueType.LIST:
                values[spec.name], rest = list(rest), []
            else:
                values[spec.name], rest = _convert(spec, spec.metavar, rest[0]), rest[1:]
    return tuple(rest)


def _require(specs: Sequence[OptionSpec], values: dict[str, Value]) -> None:
    for spec in specs:
        if spec.required and spec.name not in values:
            form = spec.metavar if spec.positional else f"{spec.flags[0]} {spec.metavar}"
            raise BadOption(f"{form} is missing: it has no default")


def unknown(flag: str, known: Iterable[str]) -> BadOption:
    """The error for an option that is not there, with what may have been meant."""
    flags = sorted(known, key=lambda each: (each.startswith("--"), each))
    near = difflib.get_close_matches(flag, flags, n=1, cutoff=0.6) if flag.startswith("--") else []
    if near:
        return BadOption(f"there is no option {flag}: did you mean {near[0]}?")
    takes = f"it takes {', '.join(flags)}" if flags else "it takes none"
    return BadOption(f"there is no option {flag}: {takes}")
