"""An environment of jinja2: a name that is not there is an error, a template touches nothing but its values.

Each value that a template shows is made fit on the way (``mon.outside``): monitors say what they like.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from mon import outside
from mon.errors import RenderError
from mon.render import filters


class Templates:
    """The templates of some directories; ``keep`` what was compiled.  A text has ``most`` characters."""

    def __init__(self, directories: Sequence[Path], *, keep: bool = True, most: float = math.inf) -> None:
        self._loader = jinja2.FileSystemLoader(list(directories))
        self._environment = environment(self._loader, keep=keep)
        self._most = most
        self._names: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that are there, as they are included."""
        if not self._names:
            self._names = tuple(self._loader.list_templates())
        return self._names

    def has(self, name: str) -> bool:
        """Is there one of this name?  It is neither read nor compiled: that may cost more than there is."""
        try:
            parts = split_template_path(name)
        except jinja2.TemplateNotFound:
            return False
        return any(Path(folder, *parts).is_file() for folder in self._loader.searchpath)

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """The text of a template.  Raises RenderError with the template's file and line."""
        try:
            return self._rendered(name, values)
        except jinja2.TemplateNotFound as error:
            raise RenderError(f"template {error.name} not found") from error
        except jinja2.TemplateSyntaxError as error:
            raise RenderError(
                f"template {error.name or name} line {error.lineno}: {error.message}"
            ) from error
        except Exception as error:  # a template may do anything: divide by 0, call, recurse
            raise RenderError(f"template {name}{_line(error)}: {error or type(error).__name__}") from error

    def _rendered(self, name: str, values: Mapping[str, object]) -> str:
        pieces, length = list[str](), 0
        for piece in self._environment.get_template(name).generate(values):
            length += len(piece)
            if length > self._most:
                raise RenderError(f"it makes a text of more than {self._most} characters")
            pieces.append(piece)
        return "".join(pieces)


def environment(loader: jinja2.BaseLoader, *, keep: bool) -> jinja2.Environment:
    """An environment with our filters."""
    made = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("html", "htm", "xml", "html.j2", "htm.j2", "xml.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        cache_size=400 if keep else 0,
    )
    made.filters |= {
        "clock": jinja2.pass_context(filters.clock_there),
        "iso": filters.iso,
        "duration": filters.duration,
        "some": filters.some,
        "unsaid": filters.unsaid,
        "by_watch": filters.by_watch,
        "line": outside.one_line,
        "fit": outside.printable,
        "slack": outside.slack,
        "markdown": outside.markdown,
        "unmentioned": outside.unmentioned,
    }
    # JSON keeps what it is given: programs read it, and an escape sequence in it drives nothing.
    made.policies["json.dumps_kwargs"] = {"sort_keys": False, "default": _no_json}
    return made


def _shown(value: object) -> object:
    """What a template shows of a value."""
    if isinstance(value, Markup):
        return Markup(outside.printable(value))
    return outside.printable(value) if isinstance(value, str) else value


def _no_json(value: object) -> str:
    """What the filter tojson makes of what has no JSON form: an error, and for a missing name its own."""
    if isinstance(value, jinja2.Undefined):
        return str(value)  # raises UndefinedError, which says the name
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _line(error: BaseException) -> str:
    """``" line 3"``: where it happened: jinja2 puts frames of the template into the traceback."""
    line = ""
    trace = error.__traceback__
    while trace is not None:
        if "__jinja_exception__" in trace.tb_frame.f_globals:
            line = f" line {trace.tb_lineno}"
        trace = trace.tb_next
    return line
