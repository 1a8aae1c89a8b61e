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
    return override(load_file(str(options.config), m4=options.m4, classic=options.classic), options)


def read_config(options: Options) -> Parsed:
    """The same for a client of a daemon that runs already, or might: what a start tolerates does not matter.

    Raises ConfigError when the file has other errors or cannot be read.
    """
    parsed = parsed_file(options)
    errors = [each for each in parsed.errors if each.under(classic=True, starting=True) is each]
    if errors:
        raise ConfigError(errors)
    return parsed


def override(parsed: Parsed, options: Options) -> Parsed:
    """``parsed`` with the settings of the command line, and those that a classic reset keeps."""
    given = parsed.config.settings.given
    kept = {name: value for name, value in options.kept.items() if name not in given}
    changed = {**kept, **options.settings}
    settings = replace(parsed.config.settings, **changed)  # type: ignore[arg-type]
    return replace(parsed, config=replace(parsed.config, settings=settings))
