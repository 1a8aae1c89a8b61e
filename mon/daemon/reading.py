"""From a file name to a Config with the settings of the command line: all that a client of the daemon needs.

Apart from ``loading``, which finds plugins too: a command that only wants to know where the socket is starts
in a third of the time.
"""

from mon.config import Parsed
from mon.config.files import load as load_file
from mon.daemon.options import Options
from mon.errors import ConfigError
from mon.structs import replace


def parsed_file(options: Options) -> Parsed:
    """The file as far as it can be parsed; settings from the command line win over those in it."""
    return override(load_file(str(options.config), m4=options.m4), options)


def read_config(options: Options) -> Parsed:
    """The same, but raises ConfigError when the file has errors or cannot be read."""
    parsed = parsed_file(options)
    if parsed.errors:
        raise ConfigError(parsed.errors)
    return parsed


def override(parsed: Parsed, options: Options) -> Parsed:
    """``parsed`` with the settings of the command line, and those that a classic reset keeps."""
    given = parsed.config.settings.given
    kept = {name: value for name, value in options.kept.items() if name not in given}
    changed = {**kept, **options.settings}
    settings = replace(parsed.config.settings, **changed)  # type: ignore[arg-type]
    return replace(parsed, config=replace(parsed.config, settings=settings))
