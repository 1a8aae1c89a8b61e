"""Pure: what a program said to host results, host results to a run result (the classic contract)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from mon import outside
from mon.errors import Down, Finding
from mon.model.config import Host, Key
from mon.model.moment import Moment
from mon.model.result import DOWN, OK, Cause, HostResult, RunResult, Verdict, kept
from mon.model.weight import Detail, Weighed, parted, weight_of
from mon.structs import Struct

STATUS = {Verdict.OK: 0, Verdict.DOWN: 1, Verdict.UNKNOWN: 2}
"""The exit status that stands for a verdict of one of ours."""

DETAIL_LIMIT = 4000
CUT = "..."

Report = Callable[[HostResult], None]

SUGGESTS = "WEIGHT"
"""How a line of output begins that suggests a weight: ``WEIGHT web1 5``, ``WEIGHT web1 75%``."""

AROUND = ",;:()[]\"'"
"""Punctuation that monitors put around the names in their summaries."""

ODD = re.compile(f"[{re.escape(AROUND)}]")

ABOUT_LIMIT = 128 * 1024
"""Characters of the detail in which lines about hosts are looked for: some 2,000 of them."""

WORD = re.compile(r"[\w.:%-]+")
"""What may be the name of a host in a line of detail."""


class Finished(Struct, frozen=True, gc=False):
    """When a run of a service began and ended."""

    key: Key
    started: Moment
    ended: Moment

    def of_host(
        self,
        host: str,
        verdict: Verdict,
        detail: Detail,
        *,
        cause: Cause = Cause.NONE,
        status: int | None = None,
    ) -> HostResult:
        """One host's part; a weight is suggested by an *ok* only."""
        line, weight = (detail, None) if type(detail) is str else parted(detail)
        return HostResult(
            watch=self.key[0],
            service=self.key[1],
            host=host,
            verdict=verdict,
            detail=one_line(line),
            duration=max(0.0, self.ended.mono - self.started.mono),
            at=self.ended,
            cause=cause,
            status=STATUS[verdict] if status is None else status,
            weight=weight if verdict is OK else None,
        )

    def of_run(
        self, status: int, output: str, hosts: Iterable[HostResult], *, trouble: str = ""
    ) -> RunResult:
        """The whole round."""
        return RunResult(*self.key, status, kept(output), self.started, self.ended, tuple(hosts), trouble)


def one_line(text: str) -> str:
    """A detail fit for any terminal: one line, cut, no control characters (hosts write parts of it)."""
    text = _cut(text)
    if text.isprintable():
        return text
    return _cut(outside.one_line(" ".join(text.split())))


def _cut(text: str) -> str:
    return text if len(text) <= DETAIL_LIMIT else text[: DETAIL_LIMIT - len(CUT)] + CUT


def finding(error: BaseException) -> tuple[Verdict, str, Cause]:
    """What an exception out of a check says about its host: only Down and Unknown are meant."""
    if isinstance(error, Finding):
        verdict = Verdict.DOWN if isinstance(error, Down) else Verdict.UNKNOWN
        return verdict, error.detail, error.cause if verdict is Verdict.DOWN else Cause.NONE
    return Verdict.UNKNOWN, f"the monitor failed: {type(error).__name__}: {error}", Cause.NONE


def roll_up(run: Finished, results: Sequence[HostResult]) -> RunResult:
    """One round of one of ours, as a classic monitor would have said it.

    The summary names the failing hosts; the detail has a line for each host, failing ones first, then one
    for each weight that is suggested.  The status is 0, 1 if a host is down, 2 if some are merely unknown.
    """
    failing = [result for result in results if result.verdict is not OK]
    good = [result for result in results if result.verdict is OK]
    lines = [f"{result.host}: {result.detail}" for result in (*failing, *good)]
    lines += [f"{SUGGESTS} {result.host} {result.weight}" for result in good if result.weight is not None]
    output = "\n".join([" ".join(result.host for result in failing), *lines]) + "\n"
    down = any(result.verdict is DOWN for result in failing)
    status = STATUS[Verdict.DOWN if down else Verdict.UNKNOWN] if failing else 0
    untested = failing and not good and not down
    return run.of_run(status, output, results, trouble=failing[0].detail if untested else "")


def judged(run: Finished, hosts: Sequence[Host], status: int, output: str, trouble: str) -> RunResult:
    """One run of a program that got all ``hosts``.

    ``trouble``: it gave no answer of its own, so nobody was tested.  Else the status decides; the words of
    the first line that are hosts are the ones that are down, and prose tells nothing about any host.
    ``WEIGHT host n`` suggests a weight for one that is ok.
    """
    if trouble:
        text = f"{trouble}\n{output}" if output else f"{trouble}\n"
        results = [run.of_host(host.name, Verdict.UNKNOWN, trouble, status=status) for host in hosts]
        return run.of_run(status, text, results, trouble=trouble)
    if status == 0:
        said = _weighed(output, hosts)
        good = [run.of_host(host.name, Verdict.OK, said.get(host.name, "")) for host in hosts]
        return run.of_run(0, output, good)
    summary, _, detail = output.partition("\n")
    down = named(summary, hosts)
    if not down:
        shown = one_line(summary)
        results = [run.of_host(host.name, Verdict.UNKNOWN, shown, status=status) for host in hosts]
        return run.of_run(status, output, results)
    about = _about(detail[:ABOUT_LIMIT], down)
    suggested = _weighed(output, hosts)
    for_the_rest = one_line(summary)

    def part(name: str) -> HostResult:
        if name in down:
            text = about.get(name, for_the_rest)
            return run.of_host(name, Verdict.DOWN, text, cause=Cause.WRONG, status=status)
        return run.of_host(name, Verdict.OK, suggested.get(name, ""))

    return run.of_run(status, output, [part(host.name) for host in hosts])


def _about(detail: str, down: Mapping[str, str]) -> dict[str, str]:
    """The first line of the detail in which each host stands, by its name or by the word of the summary.

    Every line is looked at once, whatever the number of hosts.
    """
    missing: dict[str, list[str]] = {}
    for name, word in down.items():
        for form in {word.lower(), name.lower()}:
            missing.setdefault(form, []).append(name)
    found: dict[str, str] = {}
    for line in _lines(detail):
        if not missing:
            break
        if not line.startswith(f"{SUGGESTS} "):
            for name in _standing(line, missing):
                found.setdefault(name, one_line(line.strip()))
    return found


def _standing(line: str, missing: dict[str, list[str]]) -> list[str]:
    """Those of the hosts that are missing that stand in the line; they are missing no more."""
    names: list[str] = []
    for match in WORD.finditer(line):
        word = match[0].lower()
        for form in (word, word.strip(".:"), word.partition(":")[0], word.partition(".")[0]):
            names += missing.pop(form, ())
    return names


def _lines(text: str) -> Iterator[str]:
    """One after the other: all lines of a million at once would be a hundred megabytes."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        yield text[begin:end]
        begin = end + 1


def _weighed(output: str, hosts: Sequence[Host]) -> dict[str, Detail]:
    """The weights that the lines of a program suggest; what is no such line is prose."""
    if SUGGESTS not in output:
        return {}
    known = {form: host.name for host in hosts for form in (host.name, host.address, host.target) if form}
    rows = (line.split(None, 3) for line in _lines(output) if line.startswith(SUGGESTS))
    return {
        known[row[1]]: Weighed("", row[2])
        for row in rows
        if len(row) == 3 and row[0] == SUGGESTS and row[1] in known and weight_of(row[2]) is not None
    }


def named(summary: str, hosts: Sequence[Host]) -> dict[str, str]:
    """The hosts that words of the summary name (by name or address), and by which word, in small letters."""
    wanted: dict[str, list[str]] = {}
    for host in hosts:
        for form in (host.name, host.address, f"{host.name}={host.address}"):
            if form:
                wanted.setdefault(form.lower(), []).append(host.name)
    words = set(summary.lower().split())
    bare = words & wanted.keys()
    for part in filter(ODD.search, words):
        bare.update([word.strip(AROUND) for word in _forms(part)])
    return {name: word for word in bare for name in wanted.get(word, ())}


def _forms(word: str) -> list[str]:
    """A word and what it may be made of: ``web1,web2``, and Debian's ``web1:389`` and ``web1(expired)``."""
    forms = [word, *word.split(",")] if "," in word else [word]
    forms += [form.partition("(")[0] for form in forms if "(" in form[1:]]
    return forms + [form.partition(":")[0] for form in forms if form.count(":") == 1]
