"""What the command line asks of the daemon."""

from collections.abc import Mapping
from pathlib import Path

from mon.structs import Struct, field


class Options(Struct, frozen=True):
    """``settings`` are fields of model.config.Settings given on the command line: they win over the file.

    ``classic``: started as the classic mon is (state only with ``load``, first runs after one interval,
    port 2583).  ``kept`` are settings that hold where the file does not say otherwise: at a classic reset,
    globals gone from it keep their value (PROTOCOL §12).  ``load`` are the kinds of saved state to read
    at the start: "disabled", "opstatus".
    ``held`` are settings that stay as they are, whatever the file and the command line say: at a reload those
    that only a restart changes.
    ``debug``: clients may have the states written to the log (``dump``).
    ``passive``: balancers are only looked at, and nothing is sent.
    """

    config: Path = Path("/etc/mon/mon.cf")
    classic: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    kept: Mapping[str, object] = field(default_factory=dict)
    held: Mapping[str, object] = field(default_factory=dict)
    load: tuple[str, ...] = ()
    stopped: bool = False
    debug: bool = False
    passive: bool = False
    m4: str = ""
