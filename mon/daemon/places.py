"""Where everything lies on disk: settings, command line and defaults made into absolute paths."""

from collections.abc import Mapping
from pathlib import Path

from mon.model.config import Settings
from mon.structs import Struct

PLUGINS = (Path("/etc/mon"), Path("/usr/local/lib/mon"))
"""Where a site's own plugins lie, if mon.cf does not say: they go before ours."""

PACKAGED = (Path("/usr/lib/mon"),)
"""Where a distribution's plugins of the classic mon lie: they go behind ours, which replace them."""


CLASSIC_BASE = "/usr/lib/mon"


class Places(Struct, frozen=True):
    """Absolute paths of one running daemon.  ``pidfile`` is None where none is wanted.

    In ``late_mondirs`` and ``late_alertdirs`` is looked last, behind ours.
    """

    basedir: Path
    cfbasedir: Path
    statedir: Path
    logdir: Path
    mondirs: tuple[Path, ...]
    alertdirs: tuple[Path, ...]
    late_mondirs: tuple[Path, ...]
    late_alertdirs: tuple[Path, ...]
    templatedirs: tuple[Path, ...]
    authfile: Path
    userfile: Path
    pidfile: Path | None

    @property
    def socket(self) -> Path:
        """The Unix socket of our own commands."""
        return self.statedir / "mon.sock"

    @property
    def state_db(self) -> Path:
        """States, votes, outbox."""
        return self.statedir / "state.db"

    @property
    def addresses(self) -> Path:
        """The addresses of real servers, for a start without a resolver."""
        return self.statedir / "addresses.json"

    @property
    def history_db(self) -> Path:
        """What happened, for asking later."""
        return self.statedir / "history.db"


def places(settings: Settings, *, classic: bool, environ: Mapping[str, str]) -> Places:
    """Settle all paths.  Relative ones are under basedir, that of authfile under cfbasedir (PROTOCOL §13).

    Where plugins are does not depend on ``classic``: ``mon check`` looks where every start looks (024).
    ``environ`` gives systemd's STATE_DIRECTORY and LOGS_DIRECTORY, which count as defaults (systemd.exec(5)).
    """
    base = Path(settings.basedir or (CLASSIC_BASE if classic else "/")).absolute()
    cfbase = base / (settings.cfbasedir or "/etc/mon")
    state = settings.statedir or environ.get("STATE_DIRECTORY") or "/var/lib/mon"
    logs = settings.logdir or environ.get("LOGS_DIRECTORY") or "/var/log/mon"
    plugins = Path(settings.basedir or CLASSIC_BASE).absolute()
    return Places(
        basedir=base,
        cfbasedir=cfbase,
        statedir=base / state,
        logdir=base / logs,
        mondirs=_directories(plugins, settings.mondir, PLUGINS, "mon.d"),
        alertdirs=_directories(plugins, settings.alertdir, PLUGINS, "alert.d"),
        late_mondirs=() if settings.mondir else _directories(base, (), PACKAGED, "mon.d"),
        late_alertdirs=() if settings.alertdir else _directories(base, (), PACKAGED, "alert.d"),
        templatedirs=_directories(base, settings.templatedir, (Path("/etc/mon"),), "templates"),
        authfile=cfbase / (settings.authfile or "auth.cf"),
        userfile=cfbase / (settings.userfile or "monusers.cf"),
        pidfile=base / settings.pidfile if settings.pidfile else None,
    )


def _directories(base: Path, given: tuple[str, ...], roots: tuple[Path, ...], name: str) -> tuple[Path, ...]:
    return tuple(base / word for word in given) or tuple(root / name for root in roots)


def looked_in(where: Places, settings: Settings) -> tuple[str, str]:
    """Where monitors and alerts are looked for, in order; a line each."""
    no_mondir = "" if settings.mondir else " (there is no mondir)"
    no_alertdir = "" if settings.alertdir else " (there is no alertdir)"
    return (
        _looked_in("monitors", where.mondirs, where.late_mondirs, no_mondir),
        _looked_in("alerts", where.alertdirs, where.late_alertdirs, no_alertdir),
    )


def _looked_in(kind: str, first: tuple[Path, ...], last: tuple[Path, ...], missing: str) -> str:
    places = ", ".join((*map(str, first), "ours", *map(str, last)))
    return f"{kind} are looked for in {places}{missing}"
