"""Pure: what a program said to host results, host results to a run result (the classic contract)."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from mon.errors import Down, Finding
from mon.model.config import Host, Key
from mon.model.moment import Moment
from mon.model.result import DOWN, OK, Cause, HostResult, RunResult, Verdict
from mon.model.weight import Detail, Weighed, parted, weight_of
from mon.structs import Struct

STATUS = {Verdict.OK: 0, Verdict.DOWN: 1, Verdict.UNKNOWN: 2}
"""The exit status that stands for a verdict of one of ours."""

DETAIL_LIMIT = 4000

Report = Callable[[HostResult], None]

SUGGESTS = "WEIGHT"
"""How a line of output begins that suggests a weight: ``WEIGHT web1 5``, ``WEIGHT web1 75%``."""

AROUND = ",;:()[]\"'"
"""Punctuation that monitors put around the names in their summaries."""


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
        return RunResult(*self.key, status, output, self.started, self.ended, tuple(hosts), trouble)


def one_line(text: str) -> str:
    """A detail fit for any terminal: one line, cut, no control characters (hosts write parts of it)."""
    if len(text) > DETAIL_LIMIT:
        text = text[:DETAIL_LIMIT] + "..."
    if text.isprintable():
        return text
    spaced = " ".join(text.split())
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in spaced)


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
    down = named(output.partition("\n")[0], hosts)
    if not down:
        summary = output.partition("\n")[0]
        results = [run.of_host(host.name, Verdict.UNKNOWN, summary, status=status) for host in hosts]
        return run.of_run(status, output, results)
    return run.of_run(status, output, _parts(run, hosts, down, status, output))


def _parts(
    run: Finished, hosts: Sequence[Host], down: Mapping[str, str], status: int, output: str
) -> list[HostResult]:
    summary, _, detail = output.partition("\n")
    lines = [line for line in detail.splitlines() if not line.startswith(f"{SUGGESTS} ")]
    said = _weighed(output, hosts)
    parts = []
    for host in hosts:
        if host.name in down:
            about = next((line.strip() for line in lines if down[host.name] in line), summary)
            parts.append(run.of_host(host.name, Verdict.DOWN, about, cause=Cause.WRONG, status=status))
        else:
            parts.append(run.of_host(host.name, Verdict.OK, said.get(host.name, "")))
    return parts


def _weighed(output: str, hosts: Sequence[Host]) -> dict[str, Detail]:
    """The weights that the lines of a program suggest; what is no such line is prose."""
    if SUGGESTS not in output:
        return {}
    known = {form: host.name for host in hosts for form in (host.name, host.address, host.target) if form}
    rows = (line.split() for line in output.splitlines() if line.startswith(SUGGESTS))
    return {
        known[row[1]]: Weighed("", row[2])
        for row in rows
        if len(row) == 3 and row[0] == SUGGESTS and row[1] in known and weight_of(row[2]) is not None
    }


def named(summary: str, hosts: Sequence[Host]) -> dict[str, str]:
    """The hosts that words of the summary name (by name or address), with the word used for each."""
    words = {
        word.strip(AROUND).lower(): word.strip(AROUND) for part in summary.split() for word in _forms(part)
    }
    found = {}
    for host in hosts:
        for form in (host.name, host.address, f"{host.name}={host.address}"):
            if form and form.lower() in words:
                found[host.name] = words[form.lower()]
    return found


def _forms(word: str) -> list[str]:
    """A word and what it may be made of: ``web1,web2``, and Debian's ``web1:389`` and ``web1(expired)``."""
    forms = [word, *word.split(",")] if "," in word else [word]
    forms += [form.partition("(")[0] for form in forms if "(" in form[1:]]
    return forms + [form.partition(":")[0] for form in forms if form.count(":") == 1]
