"""Loads a plugin's file by path, under a private name, and reads off it what it says about itself.

No folder of plugins is ever on ``sys.path``: a plugin called http would shadow the standard library's.
"""

import importlib.util
import inspect
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from mon.catalog.options import parameters
from mon.catalog.plan import Description, Kind
from mon.errors import PluginBroken

VERBS = {Kind.MONITOR: ("follow", "sweep", "check"), Kind.ALERT: ("send", "votes")}
"""The functions that make a file a plugin of a kind; the first one found is used."""


class _Source(SourceFileLoader):
    """Compiles each time: http.monitor, http.alert and http.py would share one file of bytecode."""

    code: CodeType | None = None

    def get_code(self, fullname: str) -> CodeType:
        """The code of the file as it is now."""
        if self.code is not None:
            return self.code
        data: bytes = self.get_data(self.path)
        code: CodeType = self.source_to_code(data, self.path)
        return code


def compiled(path: Path) -> CodeType:
    """The code of the file.  Raises PluginBroken."""
    try:
        return _Source("", str(path)).get_code("")
    except Exception as error:  # SyntaxError, OSError, bytes that are no text ...
        raise PluginBroken(f"{path}{_line(error, path)}: {type(error).__name__}: {error}") from error


def load(path: Path, name: str, code: CodeType | None = None) -> ModuleType:
    """Run the file as module ``name``; ``code`` is what was compiled of it before.

    Raises PluginBroken with file, line and reason when that fails, whatever the file does.
    """
    source = _Source(name, str(path))
    source.code = code
    spec = importlib.util.spec_from_loader(name, source)
    assert spec is not None and spec.loader is not None  # always there for a loader given by us
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses under postponed annotations look there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything at all
        del sys.modules[name]
        raise PluginBroken(f"{path}{_line(error, path)}: {type(error).__name__}: {error}") from error
    return module


def _line(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f":{error.lineno}"
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f":{lines[-1]}" if lines else ""


def describe(module: ModuleType, kind: Kind) -> Description:
    """What the module says about itself.

    Raises PluginBroken when it lacks the function that makes it a plugin.
    """
    text = inspect.getdoc(module) or ""
    verb = next((name for name in VERBS[kind] if callable(getattr(module, name, None))), "")
    if not verb:
        names = " or ".join(f"{name}()" for name in VERBS[kind])
        raise PluginBroken(f"{module.__file__ or module.__name__} has no {names}")
    summary = text.partition("\n")[0]
    if verb == "votes":
        return Description(summary, text, verb)
    function = getattr(module, verb)
    options, needs = parameters(function, verb)
    return Description(summary, text, verb, inspect.iscoroutinefunction(function), options, needs)
