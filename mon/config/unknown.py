"""What to say of a line that no table knows: is it in the wrong place, misspelt, or of an older mon?"""

from collections.abc import Mapping

from mon.config.directives import ALERTGROUP, DEPENDENCIES, GLOBALS, PERIOD, RETIRED, SERVICE, VIRTUAL, Row
from mon.config.suggest import suggest

_RECORDS = ("service", "period", "watch", "hostgroup", "view", "alias", "virtual", "alertgroup", "include")
_IN_SERVICE: Mapping[str, Row] = {**SERVICE, **DEPENDENCIES}
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "watch": ("service",),
    "service": (*SERVICE, *DEPENDENCIES, "period", "service"),
    "period": (*PERIOD, "period", "service"),
    "virtual": tuple(VIRTUAL),
    "alertgroup": tuple(ALERTGROUP),
}

_VARIABLE = "write NAME=value in capitals, without blanks around '='"


def unknown_directive(word: str, rest: str, record: str) -> tuple[str, str]:
    """What is wrong with the line, and what to do.  ``record`` is where it stands: a key of `_KNOWN`."""
    if word in RETIRED:
        return f"'{word}' is no longer a directive", RETIRED[word]
    if rest.startswith("=") and word in GLOBALS:
        return f"the global '{word}' stands inside of a {record}", "move it behind the next empty line"
    if word in _RECORDS:
        return f"'{word}' is not complete here", f"write a name behind {word}, and what else belongs to it"
    if misplaced := _misplaced(word, record):
        return misplaced
    if "=" in word or rest.startswith("="):
        return f"'{word.partition('=')[0]}' is no name of a variable here", _VARIABLE
    near = suggest(word, _KNOWN[record]) or suggest(word, _elsewhere(record))
    return f"unknown directive '{word}'", near or "delete the line, or comment it out with #"


def unknown_global(word: str) -> tuple[str, str]:
    """What is wrong with ``word = value``, and what to do."""
    if word in _RECORDS:
        return f"'{word}' takes no '='", f"write '{word} NAME'"
    if word in _IN_SERVICE or word in PERIOD:
        return f"'{word}' is no global", f"write '{word} VALUE', without '=', inside of a service"
    near = suggest(word, GLOBALS)
    return f"unknown global '{word}'", near or "delete the line, or comment it out with #"


def _misplaced(word: str, record: str) -> tuple[str, str] | None:
    if word in _IN_SERVICE and record == "period":
        return f"'{word}' stands behind a period", "move it up, before the first period of its service"
    if word in PERIOD and record in ("service", "watch"):
        return f"'{word}' stands outside of a period", "write 'period' on a line before it"
    if word in _IN_SERVICE and record == "watch":
        return f"'{word}' stands before any service", "write 'service NAME' on a line before it"
    if record == "virtual" and (word in _IN_SERVICE or word in PERIOD):
        return f"'{word}' stands inside of a virtual service", "move it to its service"
    if record == "alertgroup" and (word in _IN_SERVICE or word in PERIOD):
        where = "periods" if word in PERIOD else "services"
        return f"'{word}' stands inside of an alertgroup", f"move it to the {where} it is meant for"
    if word in VIRTUAL and record != "virtual":
        return f"'{word}' stands outside of a virtual service", "move it to its virtual block"
    return None


def _elsewhere(record: str) -> tuple[str, ...]:
    return () if record in ("virtual", "alertgroup") else (*_IN_SERVICE, *PERIOD)
