"""Text of mon.cf to a Config, or errors with file, line and remedy.

``lines``, ``words``   how a file is cut         ``reader``   the machine that takes line after line
``values``, ``commands``, ``virtuals``   converters    ``directives``   the tables
``drafts``   records as they grow        ``lint``     warnings
``parsed``   `parse`, pure               ``files``    `load`, which reads files and runs m4
"""

from mon.config.files import load
from mon.config.parsed import Parsed, parse

__all__ = ["Parsed", "load", "parse"]
