"""The records of mon.cf, and what a line means inside of each.

``starts`` are the words that begin another record without an empty line, ``has_globals`` tells whether
``word = value`` is a global there: both are as in the classic mon.
"""

import re
from collections.abc import Mapping
from typing import Protocol

from mon.config.directives import ALERTGROUP, DEPENDENCIES, PERIOD, SERVICE, VIRTUAL, WITHOUT_EFFECT, Row
from mon.config.drafts import Fields, MembersDraft, PeriodDraft, ServiceDraft, Sheet, WatchDraft
from mon.config.place import Misfit, Place
from mon.config.suggest import suggest
from mon.config.unknown import unknown_directive
from mon.config.values import period_spec
from mon.model.config import AlertAfter
from mon.model.source import Source

RECORDS = frozenset({"hostgroup", "view", "alias", "watch", "virtual", "alertgroup", "include"})

_STARTS_IN = {"hostgroup": frozenset({"hostgroup"}), "view": frozenset({"hostgroup", "alias", "view"})}
_VARIABLE = re.compile(r"([A-Z_][A-Z0-9_]*)=(.*)")
_SERVICE_NAME = re.compile(r"[\w.-]+", re.ASCII)
_PERIOD = re.compile(r"(?:([A-Za-z_]\w*)\s*:)?\s*(.*)", re.ASCII)
_EQUALS = re.compile(r"\w+\s*=", re.ASCII)


class Record(Protocol):
    """What the lines belong to that are being read."""

    starts: frozenset[str]
    has_globals: bool

    def take(self, word: str, rest: str, text: str, place: Place) -> None:
        """Take a line: all of it, its first word, and what stands behind that."""


class Outside:
    """No record at all: lines are ignored, each run of them is kept for a warning."""

    starts = RECORDS | {"messages", "deadman"}
    has_globals = True

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._run: list[tuple[Source, str]] = []

    def take(self, word: str, rest: str, text: str, place: Place) -> None:
        if not self._run:
            self._sheet.strays.append(self._run)
        self._run.append((place.source, text))


class Torn:
    """A record whose first line could not be read: what belongs to it is not judged."""

    starts = RECORDS
    has_globals = False

    def take(self, word: str, rest: str, text: str, place: Place) -> None:
        """Nothing: its first line was told of."""


class Members:
    """A hostgroup or a view: every word is a member."""

    has_globals = True

    def __init__(self, draft: MembersDraft) -> None:
        self.draft = draft
        self.starts = frozenset(
            {"hostgroup"} if draft.kind == "hostgroup" else {"hostgroup", "alias", "view"}
        )

    def take(self, word: str, rest: str, text: str, place: Place) -> None:
        if rest and word in RECORDS:
            self.draft.swallowed.append((place.source, text))
        self.draft.members.extend(text.split())


class Alias:
    """An alias: its lines are text."""

    starts = frozenset({"hostgroup", "alias"})
    has_globals = True

    def __init__(self, draft: MembersDraft) -> None:
        self._draft = draft

    def take(self, word: str, rest: str, text: str, place: Place) -> None:
        if rest and word == "watch":
            self._draft.swallowed.append((place.source, text))
        self._draft.members.append(text)


class Watch:
    """A watch: services, in them periods."""

    starts = RECORDS
    has_globals = False

    def __init__(self, sheet: Sheet, draft: WatchDraft) -> None:
        self._sheet = sheet
        self._draft = draft
        self._service: ServiceDraft | None = None
        self._period: PeriodDraft | None = None

    def take(self, word: str, rest: str, text: str, place: Place) -> None:
        if word == "service":
            self._open_service(rest, place)
        elif "=" in word and (match := _VARIABLE.fullmatch(text)):
            self._variable(match[1], match[2], place)
        elif self._service is None:
            place.error(*unknown_directive(word, rest, "watch"))
            if suggest(word, ("service",)):  # what follows is judged as what was meant, and goes nowhere
                self._service = ServiceDraft(self._draft.name, rest, place.source)
        elif word == "period" or word.startswith("period{"):
            self._open_period(self._service, text.removeprefix("period").strip(), place)
        elif self._period:
            self._take_in_period(self._service, self._period, word, rest, place)
        else:
            self._take_in_service(self._service, word, rest, place)

    def _open_service(self, name: str, place: Place) -> None:
        self._sheet.starts.append(place.source)
        self._service = ServiceDraft(self._draft.name, name, place.source)
        self._period = None
        if not _SERVICE_NAME.fullmatch(name):
            place.error(f"'{name}' is no name of a service", "use only letters, digits, _ . and -")
        elif before := self._draft.services.get(name):
            what = f"service '{name}' is already defined for this watch at {before.source}"
            place.error(what, "rename one of them")
        else:
            self._draft.services[name] = self._service

    def _variable(self, name: str, value: str, place: Place) -> None:
        if self._service is None:
            what = f"variable '{name}' stands before any service"
            place.error(what, "write 'service NAME' on a line before it")
            return
        self._service.variables[name] = value

    def _take_in_service(self, service: ServiceDraft, word: str, rest: str, place: Place) -> None:
        if row := SERVICE.get(word):
            apply(row, word, rest, service.fields, self._sheet, place)
        elif row := DEPENDENCIES.get(word):
            apply(row, word, rest, service.dependencies, self._sheet, place)
        else:
            place.error(*unknown_directive(word, rest, "service"))
            if suggest(word, ("period",)):
                self._period = PeriodDraft("", "", place.source)

    def _open_period(self, service: ServiceDraft, text: str, place: Place) -> None:
        match = _PERIOD.fullmatch(text)
        label, spec = (match[1] or "", match[2]) if match else ("", text)
        self._sheet.starts.append(place.source)
        self._period = PeriodDraft(label, spec, place.source)
        try:
            period_spec(spec, place)
        except Misfit as misfit:
            place.error(misfit.what, misfit.remedy)
        if any(before.key == self._period.key for before in service.periods):
            same = f"period '{self._period.key}'" if self._period.key else "a period without hours"
            place.error(
                f"{same} is already defined for this service",
                "give it a label of its own, like 'period night:'",
            )
        service.periods.append(self._period)

    def _take_in_period(
        self, service: ServiceDraft, period: PeriodDraft, word: str, rest: str, place: Place
    ) -> None:
        row = PERIOD.get(word)
        if row is None:
            place.error(*unknown_directive(word, rest, "period"))
            return
        apply(row, word, rest, period.fields, self._sheet, place)
        if word == "alertafter":
            _can_be_reached(period.fields.get("alertafter"), service.fields.get("interval"), place)
        elif word == "collate":
            self._sheet.collating.append(period)


BLOCKS: Mapping[str, Mapping[str, Row]] = {"virtual": VIRTUAL, "alertgroup": ALERTGROUP}


class Block:
    """A record of plain directives, of the kind ``name``: a virtual service or an alertgroup."""

    starts = RECORDS
    has_globals = False

    def __init__(self, sheet: Sheet, name: str, fields: Fields) -> None:
        self._sheet = sheet
        self._name = name
        self._fields = fields

    def take(self, word: str, rest: str, text: str, place: Place) -> None:
        row = BLOCKS[self._name].get(word)
        if row is None:
            place.error(*unknown_directive(word, rest, self._name))
            return
        if _EQUALS.match(text):
            place.error(f"'{word}' takes no '='", f"write '{word} {rest.lstrip('= ')}'")
            return
        apply(row, word, rest, self._fields, self._sheet, place)


def apply(row: Row, word: str, rest: str, fields: Fields, sheet: Sheet, place: Place) -> None:
    """Convert a value and put it where its row says, or note why that cannot be."""
    if row.ours:
        place.classic(f"refuses '{word}'")
    if word in WITHOUT_EFFECT:
        sheet.used.setdefault(word, place.source)
    if not row.many and row.field in fields:
        place.warning(f"'{word}' is given more than once, the last one counts", "delete the others")
    try:
        value = row.convert(rest, place)
    except Misfit as misfit:
        what = f"{word}: {misfit.what}" if rest else f"'{word}' has no value"
        remedy = f"write '{word} {rest.lstrip('= ')}', without '='" if rest.startswith("=") else misfit.remedy
        (place.warning if row.lenient else place.error)(what, remedy)
        return
    if row.many:
        fields.setdefault(row.field, []).append(value)
    else:
        fields[row.field] = value


def _can_be_reached(after: AlertAfter | None, interval: float | None, place: Place) -> None:
    """Refuse N failures within a time too short for them, as the classic mon does."""
    if after is None or after.count is None or after.seconds is None or interval is None:
        return
    if (after.count - 1) * interval >= after.seconds:
        what = f"{after.count} failures take longer than {after.seconds:g} s at an interval of {interval:g} s"
        place.error(f"alertafter: {what}", "write a longer time or a smaller number")
