"""Converter of the line ``quorum`` of a virtual block.

quorum N [hysteresis H] [up [runas=NAME] COMMAND] [down [runas=NAME] COMMAND]

A command is split into words and called without a shell.  All of it may stand in one pair of quotes, as it
must where one of its own words is ``up`` or ``down``.
"""

from mon.config import values
from mon.config.place import Misfit, Place
from mon.config.words import divided
from mon.model.quorum import Call, Quorum

FORM = "write it like 2 up COMMAND down COMMAND, or 3 hysteresis 1 up COMMAND down COMMAND"
KEYWORDS = ("up", "down")


def quorum(value: str, place: Place) -> Quorum:
    """The number, the hysteresis, and what is called."""
    head, calls = _parts(value)
    words = head.split()
    if len(words) not in (1, 3) or words[1:2] not in ([], ["hysteresis"]):
        raise Misfit(f"'{head}' is not understood", FORM)
    count = values.positive(words[0], place)
    hysteresis = values.count(words[2], place) if words[2:] else 0
    if hysteresis >= count:
        what = f"with hysteresis {hysteresis} a quorum of {count} is never lost"
        raise Misfit(what, f"write a number from 0 to {count - 1}")
    found = {word: _call(word, text, place) for word, text in calls.items()}
    return Quorum(count, hysteresis, found.get("up"), found.get("down"))


def _parts(value: str) -> tuple[str, dict[str, str]]:
    """What stands before the commands, and the text of each."""
    calls: dict[str, str] = {}
    for _ in KEYWORDS:
        # The last keyword first: what stands behind it is its command.
        ends = {word: divided(value, word) for word in KEYWORDS if word not in calls}
        found = {word: parts for word, parts in ends.items() if parts[1:]}
        if not found:
            break
        last = min(found, key=lambda word: len(found[word][-1]))
        if len(found[last]) > 2:
            raise Misfit(f"'{last}' stands there more than once", f"quote the command: {last} '...'")
        value, calls[last] = found[last]
    for word in KEYWORDS:
        if f" {word} " in f" {value} " and word in calls:
            raise Misfit(f"'{word}' stands there more than once", f"quote the command: {word} '...'")
        if value.split()[-1:] == [word]:
            raise Misfit(f"no command stands behind '{word}'", FORM)
    return value, calls


def _call(keyword: str, text: str, place: Place) -> Call:
    words = values.arguments(text)
    if len(words) == 1 and " " in words[0]:
        words = values.arguments(words[0])
    runas = ""
    if words and words[0].startswith("runas="):
        runas, words = words[0].removeprefix("runas="), words[1:]
    if not any(words):
        raise Misfit(f"no command stands behind '{keyword}'", FORM)
    return Call(words, runas)
