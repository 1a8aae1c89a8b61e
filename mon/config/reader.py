"""Reads mon.cf: a small machine that is outside of any record, or in one, and takes line after line.

An empty line ends any record.  Everything wrong is noted and reading goes on.
"""

import re
from collections.abc import Callable, Iterable

from mon.config.directives import GLOBALS, WITHOUT_EFFECT
from mon.config.drafts import AlertgroupDraft, MembersDraft, Sheet, VirtualDraft, WatchDraft
from mon.config.foreign import foreign
from mon.config.lines import Line, decoded, logical_lines
from mon.config.place import Misfit, Place
from mon.config.records import RECORDS, Alias, Block, Members, Outside, Record, Torn, Watch, apply
from mon.config.unknown import unknown_global
from mon.config.values import is_address
from mon.config.virtuals import service_id
from mon.model.source import Problem, Source, Tolerance

Read = Callable[[str, str], Iterable[tuple[str, str]]]
"""``read(pattern, relative_to_file)``: the files meant, as (name, text).  Raises OSError."""

_GLOBAL = re.compile(r"(\w+)(\s*)=(\s*)(.*)", re.ASCII)
_OPENERS = {
    "hostgroup": re.compile(r"hostgroup\s+([\w.-]+)(.*)", re.ASCII),
    "view": re.compile(r"view\s+([\w.-]+)\s+(.+)", re.ASCII),
    "alias": re.compile(r"alias\s+([\w.-]+)()", re.ASCII),
    "watch": re.compile(r"watch\s+([\w.-]+)(.*)", re.ASCII),
    "virtual": re.compile(r"virtual\s+([\w.-]+)\s*(.*)", re.ASCII),
    "alertgroup": re.compile(r"alertgroup\s+([\w.-]+)\s*(.*)", re.ASCII),
    "include": re.compile(r"include\s+(\S.*)()"),
    "messages": re.compile(r"messages\s+(\S.*)()"),
    "deadman": re.compile(r"deadman\s+([^\s=].*)()"),
}
_MOST_NAMED = 10
_NAMES = "use only letters, digits, _ . and - in names"


class Reader:
    """One reading of a configuration: ``sheet`` and ``problems`` hold what came of it.

    ``classic``: as the classic mon would, which takes every file for a mon.cf.
    """

    def __init__(self, read: Read, *, classic: bool = False) -> None:
        self.sheet = Sheet()
        self.problems: list[Problem] = []
        self.files: list[str] = []  # in the order they were begun
        self._read = read
        self._classic = classic
        self._inside: list[str] = []  # the files being read, outermost first
        self._record: Record = Outside(self.sheet)

    def file(self, name: str, text: str) -> None:
        """Read a whole file.  It starts and ends outside of any record."""
        self.files.append(name)
        if self._is_foreign(name, text) and not self._classic:
            return
        text, odd = decoded(text)
        if odd:
            self._tell_of_latin(name, odd)
        self._inside.append(name)
        self._record = Outside(self.sheet)
        for line in logical_lines(text):
            if line.text:
                self._line(line, Place(Source(name, line.number), self.problems))
            else:
                self._record = Outside(self.sheet)
        self._record = Outside(self.sheet)
        self._inside.pop()

    def _is_foreign(self, name: str, text: str) -> bool:
        found = foreign(text)
        if found is not None:
            number, misfit = found
            place = Place(Source(name, number), self.problems)
            place.error(misfit.what, misfit.remedy, Tolerance.CLASSIC)
        return found is not None

    def _tell_of_latin(self, name: str, odd: tuple[int, ...]) -> None:
        numbers = ", ".join(map(str, odd[:_MOST_NAMED])) + (" ..." if odd[_MOST_NAMED:] else "")
        lines = f"lines {numbers} are" if odd[1:] else f"line {numbers} is"
        what = f"{lines} no UTF-8, and taken for Latin-1"
        Place(Source(name, odd[0]), self.problems).warning(what, "save the file as UTF-8")

    def _line(self, line: Line, place: Place) -> None:
        text = line.text
        if line.lost:
            place.classic("loses a line continued by the end of the file", "delete the backslash at its end")
        if "\0" in text:
            place.error("the line holds a NUL byte", "delete it")
            return
        record = self._record
        if record.has_globals and "=" in text and self._global(text, place):
            return
        word, *behind = text.split(None, 1)
        if word in record.starts and (match := _OPENERS[word].fullmatch(text)):
            self._start(word, match, place)
        else:
            record.take(word, behind[0] if behind else "", text, place)

    def _start(self, word: str, match: re.Match[str], place: Place) -> None:
        if word in ("virtual", "alertgroup", "include") and isinstance(self._record, Watch):
            place.classic(f"refuses '{word}' without an empty line before it", "put an empty line before it")
        if word in WITHOUT_EFFECT:
            self.sheet.used.setdefault(word, place.source)
        self.sheet.starts.append(place.source)
        self._record = _OPEN[word](self, match[1], match[2], place)

    # Lines that are whole by themselves

    def _global(self, text: str, place: Place) -> bool:
        match = _GLOBAL.match(text)
        if match is None:
            return False
        name, *blanks, value = match.groups()
        if row := GLOBALS.get(name):
            apply(row, name, value, self.sheet.settings, self.sheet, place)
            self.sheet.given[name] = place.source
        elif self._in_hostgroup() and not any(blanks) and is_address(value.partition(" ")[0]):
            place.classic("takes a host with an address at the beginning of a line for a global")
            return False
        else:
            place.error(*unknown_global(name))
            if name in RECORDS:
                self._tear(text)
        return True

    def _tear(self, text: str) -> None:
        """A record begins here that cannot be read; nobody is to miss it."""
        self.sheet.unread.update(text.replace("=", " ").split()[1:2])
        self._record = Torn()

    def _in_hostgroup(self) -> bool:
        return isinstance(self._record, Members) and self._record.draft.kind == "hostgroup"

    def _messages(self, names: str, _: str, place: Place) -> Record:
        place.classic("ignores 'messages'")
        self.sheet.settings["messages"] = tuple(names.split())
        self.sheet.given["messages"] = place.source
        return Outside(self.sheet)

    def _deadman(self, value: str, _: str, place: Place) -> Record:
        apply(GLOBALS["deadman"], "deadman", value, self.sheet.settings, self.sheet, place)
        self.sheet.given["deadman"] = place.source
        return Outside(self.sheet)

    def _include(self, pattern: str, _: str, place: Place) -> Record:
        place.classic("ignores 'include'")
        try:
            files = list(self._read(pattern, place.source.file))
        except OSError as error:
            what = f"'{pattern}' cannot be read ({error.strerror or error})"
            place.error(what, "correct its name or its permissions")
            return Outside(self.sheet)
        if not files:
            place.warning(f"no file matches '{pattern}'", "correct the pattern, or delete the line")
        for name, text in files:
            if name in self._inside:
                place.error(f"'{name}' includes itself", "delete the line")
            else:
                self.file(name, text)
        return Outside(self.sheet)

    # Records

    def _open_hostgroup(self, name: str, rest: str, place: Place) -> Record:
        self._check_name("hostgroup", name, rest, place)
        if before := self.sheet.hostgroups.pop(name, None):
            what = f"hostgroup '{name}' replaces the one at {before.source}"
            place.warning(what, "rename one of them")
        draft = self.sheet.hostgroups[name] = MembersDraft("hostgroup", name, place.source, rest.split())
        return Members(draft)

    def _open_view(self, name: str, rest: str, place: Place) -> Record:
        draft = self.sheet.views[name] = MembersDraft("view", name, place.source, rest.split())
        return Members(draft)

    def _open_alias(self, name: str, _: str, place: Place) -> Record:
        draft = self.sheet.aliases[name] = MembersDraft("alias", name, place.source)
        return Alias(draft)

    def _open_watch(self, name: str, rest: str, place: Place) -> Record:
        self._check_name("watch", name, rest, place)
        if name not in self.sheet.hostgroups and name in self.sheet.misspelt():
            self.sheet.hostgroups[name] = MembersDraft("hostgroup", name, place.source, [name])
        elif name not in self.sheet.hostgroups:
            self.sheet.groupless[name] = place.source
            self.sheet.hostgroups[name] = MembersDraft("hostgroup", name, place.source, [name])
        draft = WatchDraft(name, place.source)
        before = self.sheet.watches.setdefault(name, draft)
        if before.services:
            what = f"watch '{name}' is already defined at {before.source}"
            place.error(what, "add these services there, or rename one of them")
        else:
            self.sheet.watches[name] = draft
        return Watch(self.sheet, draft)

    def _check_name(self, record: str, name: str, rest: str, place: Place) -> None:
        if rest and not rest[0].isspace():
            place.warning(f"the name of this {record} is only '{name}'", _NAMES)

    def _open_virtual(self, name: str, rest: str, place: Place) -> Record:
        draft = VirtualDraft(name, place.source)
        try:
            draft.fields.update(service_id(rest.split(), place))
        except Misfit as misfit:
            place.error(misfit.what, misfit.remedy)
            self.sheet.unread |= {name, f"{name}{rest.split()[0]}" if rest else name}
        before = self.sheet.virtuals.setdefault(name, draft)
        if before is not draft:
            place.error(f"virtual '{name}' is already defined at {before.source}", "rename one of them")
        return Block(self.sheet, "virtual", draft.fields)

    def _open_alertgroup(self, name: str, rest: str, place: Place) -> Record:
        place.classic("ignores 'alertgroup'")
        if name[:1].isdigit():
            place.error(f"'{name}' looks like a time", "begin the group's name with a letter")
        if rest:
            what = f"'{rest}' behind the name of an alertgroup is not understood"
            place.error(what, "write its directives on the lines below; an empty line ends it")
        draft = AlertgroupDraft(name, place.source)
        before = self.sheet.alertgroups.setdefault(name, draft)
        if before is not draft:
            place.error(f"alertgroup '{name}' is already defined at {before.source}", "rename one of them")
        return Block(self.sheet, "alertgroup", draft.fields)


def in_order(problems: Iterable[Problem], files: list[str]) -> tuple[Problem, ...]:
    """Problems in the order of files and lines, each once."""
    rank = {name: number for number, name in enumerate(files)}
    once = dict.fromkeys(problems)
    return tuple(sorted(once, key=lambda problem: (rank.get(problem.source.file, 0), problem.source.line)))


_OPEN: dict[str, Callable[[Reader, str, str, Place], Record]] = {
    "hostgroup": Reader._open_hostgroup,
    "view": Reader._open_view,
    "alias": Reader._open_alias,
    "watch": Reader._open_watch,
    "virtual": Reader._open_virtual,
    "alertgroup": Reader._open_alertgroup,
    "include": Reader._include,
    "messages": Reader._messages,
    "deadman": Reader._deadman,
}
"""Not of the reader: it would hold itself, and all drafts until the next collection of garbage."""
