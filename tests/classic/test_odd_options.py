"""Values that the classic monitors of Debian take for none: an old line that has them means the default.

Recorded from mon 1.3.6: they read their options as ``$opt_p || 80``, and Perl takes "" and 0 for false.
"""

import pytest

from mon.catalog import Catalog, Kind
from mon.catalog.binding import bind
from mon.model.config import CommandLine

NONE = [
    ("http", "-p"), ("http", "-t"), ("http", "-u"), ("http", "-a"), ("http", "-m"),
    ("tcp", "-p"), ("tcp", "-t"), ("ftp", "-p"), ("ftp", "-t"), ("smtp", "-p"), ("smtp", "-t"),
    ("pop3", "-p"), ("pop3", "-t"), ("imap", "-p"), ("imap", "-t"), ("imap", "-m"), ("telnet", "-p"),
    ("telnet", "-t"), ("telnet", "-l"), ("fping", "-t"), ("fping", "-r"), ("fping", "-s"), ("sslcert", "-p"),
    ("dns-query", "-n"),
]  # fmt: skip


@pytest.mark.parametrize("value", ["", "0"])
@pytest.mark.parametrize(("monitor", "flag"), NONE)
def test_an_empty_value_and_0_are_the_default(monitor: str, flag: str, value: str) -> None:
    plugin = Catalog().find(Kind.MONITOR, f"mon:{monitor}.monitor")

    def values(*words: str) -> object:
        return bind(plugin, CommandLine("", (monitor, *words))).values

    assert values(flag, value) == values()
