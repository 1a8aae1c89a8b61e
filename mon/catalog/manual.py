"""The page that ``mon plugins NAME`` prints: a plugin's documentation and the table of its options."""

from mon.catalog.plan import Form, Kind, OptionSpec, Plugin, ValueType

INDENT = 28


def manual(plugin: Plugin) -> str:
    """The manual page of a plugin as text, made of its docstring and its options."""
    parts = [f"{plugin.name}.{plugin.kind}: {plugin.path}", "", plugin.about.text or "(no documentation)"]
    if plugin.options:
        parts += ["", usage(plugin), "", "options:", *(_option(spec) for spec in plugin.options)]
    elif plugin.form is not Form.EXECUTABLE:
        parts += ["", usage(plugin)]
    return "\n".join(parts) + "\n"


def usage(plugin: Plugin) -> str:
    """How it is run by hand."""
    words = ["usage: mon", plugin.kind.value, plugin.name]
    if any(not spec.positional for spec in plugin.options):
        words.append("[OPTIONS]")
    words += [spec.metavar for spec in plugin.options if spec.positional]
    return " ".join([*words, "HOST..."] if plugin.kind is Kind.MONITOR else words)


def _option(spec: OptionSpec) -> str:
    takes = "" if spec.type is ValueType.SWITCH or spec.positional else f" {spec.metavar}"
    left = "  " + (spec.metavar if spec.positional else ", ".join(spec.flags) + takes)
    notes = [spec.help] if spec.help else []
    if spec.required:
        notes.append("(required)")
    elif spec.default not in (None, "", False) and spec.default != []:
        notes.append(f"(default: {spec.default})")
    if spec.type is ValueType.LIST and not spec.positional:
        notes.append("(may be repeated)")
    gap = " " * max(2, INDENT - len(left))
    return left + gap + " ".join(notes) if notes else left
