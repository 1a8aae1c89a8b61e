"""Which file was taken, where mon.cf's name could have meant another one too (``mon check`` says so)."""

from collections.abc import Iterator

from mon.catalog.catalog import Catalog
from mon.catalog.plan import Bound, Plan, Plugin
from mon.errors import PluginError


def taken(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    """A line for each name that an operator's file and ours both answer to: which one was taken."""
    lines = {line for bound in _all(plan) if (line := _line(bound, catalog))}
    return tuple(sorted(lines))


def packaged(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    """A line for each plugin of ours that a distribution has one of the same name of."""
    found = {bound.command.plugin: bound.plugin for bound in _all(plan) if bound.plugin.ours}
    others = {name: catalog.packaged_file(plugin.kind, name) for name, plugin in found.items()}
    return tuple(f"{name}: ours is taken, not {other}" for name, other in sorted(others.items()) if other)


def chosen(plugin: Plugin, name: str, catalog: Catalog) -> str:
    """Which file a name meant when that is not one of ours, and how to have ours; "" if it is, or a path."""
    if plugin.ours or name.startswith("/"):
        return ""
    other = f": write mon:{name} to have ours" if _is_ours_too(plugin, name, catalog) else ""
    return f"{name}: {plugin.path} is taken{other}"


def _all(plan: Plan) -> Iterator[Bound]:
    yield from (check.monitor for check in plan.checks.values() if check.monitor is not None)
    yield from plan.alerts.values()


def _line(bound: Bound, catalog: Catalog) -> str:
    name, plugin = bound.command.plugin, bound.plugin
    if name.startswith(("/", "mon:")):
        return ""
    if plugin.ours:
        other = catalog.operators_file(plugin.kind, name)
        return f"{name}: ours is taken, not {other}: give the path to have that" if other else ""
    return chosen(plugin, name, catalog) if _is_ours_too(plugin, name, catalog) else ""


def _is_ours_too(plugin: Plugin, name: str, catalog: Catalog) -> bool:
    try:
        catalog.find(plugin.kind, f"mon:{name}")
    except PluginError:
        return False
    return True
