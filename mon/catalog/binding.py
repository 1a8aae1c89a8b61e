"""Checks the words of one line against the plugin they are for."""

from mon.catalog.options import parse
from mon.catalog.plan import Bound, Form, Kind, Plugin
from mon.errors import BadOption
from mon.model.config import CommandLine
from mon.structs import replace


def bind(plugin: Plugin, command: CommandLine) -> Bound:
    """The plugin with the arguments of ``command``.

    An executable judges its own arguments.  Words that are no options are hosts for a monitor, and an
    error for an alert.  Raises BadOption (what is wrong, a colon, what to do).
    """
    if plugin.votes is not None:
        return _vote(plugin, command)
    if plugin.form is Form.EXECUTABLE:
        return Bound(plugin, {}, command)
    values, rest = parse(plugin.options, command.arguments)
    if rest and plugin.kind is Kind.ALERT:
        raise BadOption(
            f"there is a word too many, {rest[0]!r}: leave it out, or quote what belongs together"
        )
    bound = Bound(plugin, values, command, rest)
    if plugin.verify is not None:
        return replace(bound, warnings=tuple(plugin.verify(bound.values) or ()))
    return bound


def _vote(plugin: Plugin, command: CommandLine) -> Bound:
    assert plugin.votes is not None  # asked by bind
    try:
        return Bound(plugin, {}, command, target=plugin.votes(command.arguments))
    except ValueError as error:  # a plugin's own conversions: int("x"), Forward("x")
        raise BadOption(f"{error}: see mon plugins {plugin.name}") from error
