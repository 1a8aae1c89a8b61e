"""The rules of the house, read from its own source: layers, libraries, plugins, sizes."""

import ast
import configparser
import graphlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mon.linear import linear

TOP = Path(__file__).parents[1]

LAYERS = (
    "structs model errors linear outside starting",
    "config period depend engine pool",
    "plugin codec catalog probe runner worker users store render letter secret post balancer testing"
    " logs notify private",
    "timetable outbox control daemon",
    "cli demo __main__",
)
"""Rooms from the ground up; imports go down or stay on their floor."""

LIBRARIES = {
    "msgspec": "codec structs",
    "jinja2": "render",
    "markupsafe": "render",
    "apscheduler": "timetable",
    "pyroute2": "balancer",
    "icmplib": "probe",
    "requests": "post",
    "urllib3": "post",
    "aiosmtpd": "demo",
    "pyftpdlib": "demo",
    "uvloop": "runner",
    "regex": "probe",
    "idna": "probe",
}
"""Each third-party library, and the room (or two) that imports it."""

IMPURE = frozenset(("socket", "subprocess", "logging", "random", "asyncio", "threading", "sqlite3"))
CLOCKS = frozenset(("time.time", "time.monotonic", "time.time_ns", "datetime.now", "os.environ", "os.getenv"))
EDGE = TOP / "mon/config/files.py"
"""Reads the files of a configuration for its pure neighbours."""

STRUCTS = TOP / "mon/structs.py"
"""What all values are made of; the library behind it computes."""

STARTING = TOP / "mon/starting.py"
"""Starts programs, for whatever room has one to start."""

LONGEST = 350
ALWAYS_OURS = frozenset(("lvs", "ipvs"))


class Import(NamedTuple):
    """``module`` is imported by ``file`` at ``line``."""

    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(TOP)}:{self.line} imports {self.module}"


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (TOP / folder).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(*folders: str) -> Iterator[Import]:
    for path in sources(*folders):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                yield from (Import(path, node.lineno, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                module = node.module or ""
                names = (f".{name.name}" if module == "mon" else "" for name in node.names)
                yield from (Import(path, node.lineno, module + name) for name in names)


def room(module: str) -> str:
    """``config`` of ``mon.config.files``; "" of what is not in a room."""
    parts = module.split(".")
    return parts[1] if parts[0] == "mon" and len(parts) > 1 else ""


def room_of(path: Path) -> str:
    relative = path.relative_to(TOP / "mon").with_suffix("")
    return relative.parts[0] if relative.parts[0] != "__init__" else ""


FLOOR = {name: floor for floor, rooms in enumerate(LAYERS) for name in rooms.split()}
OURS = list(imports("mon"))


def is_library(module: str) -> bool:
    return module.split(".")[0] not in {"mon", *sys.stdlib_module_names}


def test_every_room_has_its_place_in_the_layers() -> None:
    assert {room_of(path) for path in sources("mon")} - {""} <= set(FLOOR)


def test_imports_never_go_up() -> None:
    wrong = [
        str(one)
        for one in OURS
        if room(one.module) and room_of(one.file) and FLOOR[room(one.module)] > FLOOR[room_of(one.file)]
    ]
    assert wrong == []


def test_rooms_import_each_other_in_no_circle() -> None:
    needs = defaultdict(set)
    for one in OURS:
        if room(one.module) and room(one.module) != room_of(one.file):
            needs[room_of(one.file)].add(room(one.module))
    graphlib.TopologicalSorter(needs).prepare()  # raises CycleError with the circle


def test_the_core_imports_nothing_that_touches_the_world() -> None:
    core = [
        one
        for one in OURS
        if FLOOR.get(room_of(one.file), 9) <= 1 and one.file not in (EDGE, STRUCTS, STARTING)
    ]
    wrong = [one for one in core if one.module.split(".")[0] in IMPURE or is_library(one.module)]
    assert list(map(str, wrong)) == []


def test_the_core_reads_no_clock_and_no_file() -> None:
    wrong = []
    for path in sources("mon"):
        if FLOOR.get(room_of(path), 9) > 1 or path == EDGE:
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                wrong.append(f"{path}:{node.lineno} opens a file")
            if isinstance(node, ast.Attribute) and ast.unparse(node) in CLOCKS:
                wrong.append(f"{path}:{node.lineno} reads {ast.unparse(node)}")
    assert wrong == []


def rooms_of(library: str) -> list[str]:
    return LIBRARIES.get(library.split(".")[0], "").split()


def test_each_library_is_imported_in_one_room() -> None:
    wrong = [
        str(one) for one in OURS if is_library(one.module) and room_of(one.file) not in rooms_of(one.module)
    ]
    assert wrong == []


def test_plugins_import_only_the_plugin_surface_and_libraries() -> None:
    wrong = [one for one in imports("monitors", "alerts") if one.module.split(".")[0] == "mon"]
    assert [str(one) for one in wrong if one.module not in ("mon.plugin",)] == []


def test_nothing_in_the_house_names_a_plugin() -> None:
    names = {f"{path.stem}.{kind}" for kind, path in plugins() if path.stem not in ALWAYS_OURS}
    wrong = [
        f"{path.relative_to(TOP)}:{node.lineno}: {node.value}"
        for path in sources("mon")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    ]
    assert wrong == []


TERMINAL = {
    "mon/cli/output.py": "the one place where commands write",
    "mon/cli/classic.py": "argparse prints our own usage",
    "mon/logs.py": "the one place where log lines go out",
    "mon/worker.py": "a child that tells its parent",
    "mon/runner/probing.py": "a child that flushes before it ends",
}
"""What may name standard output or error, and why: all else would let a stranger's text out as it is."""

LOGGING = frozenset(
    ("StreamHandler", "FileHandler", "SysLogHandler", "Formatter", "basicConfig", "lastResort")
)


def test_text_goes_to_terminals_and_logs_by_one_way() -> None:
    wrong = []
    for path in sources("mon", "monitors", "alerts"):
        name = str(path.relative_to(TOP))
        for node in ast.walk(parsed(path)):
            text = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
            prints = isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "warnings.warn")
            if name not in TERMINAL and (prints or text in ("sys.stdout", "sys.stderr", "sys.__stderr__")):
                wrong.append(f"{name}:{node.lineno}: say() of mon/cli/output.py makes it fit")
            if name != "mon/logs.py" and text.rpartition(".")[2] in LOGGING:
                wrong.append(f"{name}:{node.lineno}: mon/logs.py makes it fit")
    assert wrong == []


def test_no_cancellation_is_lost_in_wait_for() -> None:
    """``asyncio.wait_for`` of Python 3.11 drops it when what it waits for comes in the same turn."""
    wrong = [
        f"{path.relative_to(TOP)}:{node.lineno}: say `async with asyncio.timeout(...)`"
        for path in sources("mon", "monitors", "alerts")
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) == "asyncio.wait_for")
        or (isinstance(node, ast.ImportFrom) and node.module == "asyncio" and "wait_for" in ast.unparse(node))
    ]
    assert wrong == []


STARTERS = {
    "mon/starting.py": "the one place where programs are started",
    "mon/runner/launch.py": "runs of plugins, marked: it holds the same lock",
    "mon/worker.py": "another process, of one thread, and what it forks is marked by itself",
    "mon/daemon/detach.py": "before any thread is there",
    "mon/demo/child.py": "another process, which has no runs of plugins",
}
"""What may start a process by itself, and why: what is started beside a run's start would get its mark."""

STARTS = re.compile(
    r"subprocess\.(Popen|run|call|check_call|check_output|getoutput|getstatusoutput)"
    r"|os\.(fork|forkpty|posix_spawnp?|spawn\w+|system|popen)|pty\.\w+|multiprocessing(\.\w+)*"
    r"|\w+\.(create_)?subprocess_(exec|shell)|(\w+\.)*ProcessPoolExecutor|(ctypes\.)?util\.find_library"
)


def used_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of what a module uses or imports, but for types like ``Popen[bytes]``."""
    types = {node.value for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node not in types:
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{each.name}") for each in node.names)


def test_programs_are_started_in_one_place() -> None:
    wrong = [
        f"{name}:{line}: {used}: say start() or run() of mon/starting.py, in an alert run_program()"
        for path in sources("mon", "monitors", "alerts")
        if (name := str(path.relative_to(TOP))) not in STARTERS
        for line, used in used_names(parsed(path))
        if STARTS.fullmatch(used)
    ]
    assert wrong == []


@pytest.mark.parametrize("text", [
    "from subprocess import Popen", "subprocess.run([])", "os.posix_spawn", "import multiprocessing.pool",
    "from concurrent.futures import ProcessPoolExecutor", "asyncio.create_subprocess_exec()", "pty.spawn()",
    "loop.subprocess_shell()", "os.fork()", "from ctypes.util import find_library", "os.spawnlp()",
])  # fmt: skip
def test_what_starts_a_program_is_known(text: str) -> None:
    assert any(STARTS.fullmatch(used) for _, used in used_names(ast.parse(text)))


def plugins() -> Iterator[tuple[str, Path]]:
    for kind, folder in (("monitor", "monitors"), ("alert", "alerts")):
        yield from ((kind, path) for path in (TOP / folder).glob("*.py") if path.stem != "__init__")


def test_setup_cfg_lists_the_packages_that_are_there() -> None:
    setup = configparser.ConfigParser()
    setup.read(TOP / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    there = {
        str(path.parent.relative_to(TOP)).replace("/", ".") for path in (TOP / "mon").rglob("__init__.py")
    }
    assert listed == there | {"mon.monitors", "mon.alerts"}


@pytest.mark.parametrize(
    "path", sources("mon", "monitors", "alerts"), ids=lambda path: str(path.relative_to(TOP))
)
def test_a_file_is_short_and_says_what_it_is_for(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert ast.get_docstring(parsed(path))


READS = frozenset((
    "recv", "recvfrom", "recv_into", "recvmsg", "recvmsg_into", "read_bytes", "read_text", "readline",
    "readlines", "pread", "read_line", "read_until", "read_exactly", "read_some", "exchange", "talk", "lend",
    "hold", "datagram_received", "getreply", "communicate", "iter_content", "loads", "feed",
))  # fmt: skip
"""Methods by which bytes come in, called or defined; so do ``os.read`` and ``probe.ask``."""


def takes_bytes_in(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in READS:
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            if node.func.attr in READS or called == "os.read" or called.endswith("probe.ask"):
                return True
    return False


def test_whatever_takes_bytes_in_has_a_row_or_a_reason() -> None:
    told = (TOP / "tests/test_outside_bytes.py").read_text(encoding="utf-8")
    files = [path for path in sources("mon", "alerts") if takes_bytes_in(parsed(path))]
    files += [path for kind, path in plugins() if kind == "monitor"]
    names = [str(path.relative_to(TOP)) for path in files]
    missing = [name for name in names if not re.search(rf'[" ]{re.escape(name)}[" ]', told)]
    assert missing == [], "add a row to ROWS in tests/test_outside_bytes.py, with what a stranger would send"


OPERATORS_OWN = {
    "mon/config/": "mon.cf",
    "mon/period.py": "mon.cf",
    "mon/depend.py": "mon.cf",
    "mon/cli/": "the command line",
    "mon/demo/": "the demo's own",
    "mon/control/classic/lines.py": "a depend expression of mon.cf",
    "mon/control/classic/server.py": "a clientallow pattern of mon.cf, on an address that the kernel tells",
    "mon/daemon/classicwords.py": "our own words for what is wrong in mon.cf",
    "mon/probe/dns.py": "the name to ask for",
    "monitors/telnet.py": "the option -l",
    "mon/runner/judging.py": "a class of letters, escaped",
    "mon/engine/dependency.py": "escaped: a host's name, with nothing to repeat in it",
    "mon/probe/pattern.py": "looks itself whether a pattern is linear",
}
"""Where patterns need not be linear, as a stranger does not choose the text."""

CALLS = ("compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")


def patterns(tree: ast.Module) -> Iterator[tuple[int, re.Pattern[Any] | None, set[str]]]:
    """Line, pattern (None: not to be told), and by which methods it is used, of each in a module."""
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS
        ):
            continue
        if ast.unparse(node.func.value) != "re":
            continue
        flags = re.NOFLAG
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and ast.unparse(part.value) == "re" and part.attr.isupper():
                flags |= getattr(re, part.attr)
        try:
            pattern = re.compile(ast.literal_eval(node.args[0]), flags)
        except ValueError:
            yield node.lineno, None, set()
            continue
        yield node.lineno, pattern, {node.func.attr} - {"compile"} or used(tree, node)


def used(tree: ast.Module, compiled: ast.Call) -> set[str]:
    """The methods that are called on the name that a compiled pattern has, else those that ask for most."""
    names = {
        ast.unparse(node.targets[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and node.value is compiled
    }
    found = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in names
    }
    return found & set(CALLS) or {"search", "fullmatch"}


def test_no_pattern_for_outside_bytes_repeats_a_repeat() -> None:
    wrong = []
    for path in sources("mon", "monitors", "alerts"):
        file = str(path.relative_to(TOP))
        if file.startswith(tuple(OPERATORS_OWN)):
            continue
        for line, pattern, methods in patterns(parsed(path)):
            if pattern is None:
                wrong.append(f"{file}:{line}: not a literal, so nobody can tell")
            elif not all(linear(pattern, method) for method in methods):
                wrong.append(f"{file}:{line}: {pattern.pattern!r} by {', '.join(sorted(methods))}")
    assert wrong == []
