"""Where everything lies on disk: settings, command line and defaults made into absolute paths."""

from collections.abc import Mapping
from pathlib import Path

from mon.model.config import Settings
from mon.structs import Struct

OUR_PLUGINS = (Path("/etc/mon"), Path("/usr/local/lib/mon"))
CLASSIC_PLUGINS = (Path("/usr/local/lib/mon"), Path("/usr/lib/mon"))


class Places(Struct, frozen=True):
    """Absolute paths of one running daemon.  ``pidfile`` is None where none is wanted."""

    basedir: Path
    cfbasedir: Path
    statedir: Path
    logdir: Path
    mondirs: tuple[Path, ...]
    alertdirs: tuple[Path, ...]
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
    def history_db(self) -> Path:
        """What happened, for asking later."""
        return self.statedir / "history.db"


def places(settings: Settings, *, classic: bool, environ: Mapping[str, str]) -> Places:
    """Settle all paths.  Relative ones are under basedir, that of authfile under cfbasedir (PROTOCOL §13).

    ``environ`` gives systemd's STATE_DIRECTORY and LOGS_DIRECTORY, which count as defaults (systemd.exec(5)).
    """
    base = Path(settings.basedir or ("/usr/lib/mon" if classic else "/")).absolute()
    cfbase = base / (settings.cfbasedir or "/etc/mon")
    state = settings.statedir or environ.get("STATE_DIRECTORY") or "/var/lib/mon"
    logs = settings.logdir or environ.get("LOGS_DIRECTORY") or "/var/log/mon"
    roots = CLASSIC_PLUGINS if classic else OUR_PLUGINS
    return Places(
        basedir=base,
        cfbasedir=cfbase,
        statedir=base / state,
        logdir=base / logs,
        mondirs=_directories(base, settings.mondir, roots, "mon.d"),
        alertdirs=_directories(base, settings.alertdir, roots, "alert.d"),
        templatedirs=_directories(base, settings.templatedir, (Path("/etc/mon"),), "templates"),
        authfile=cfbase / (settings.authfile or "auth.cf"),
        userfile=cfbase / (settings.userfile or "monusers.cf"),
        pidfile=base / settings.pidfile if settings.pidfile else None,
    )


def _directories(base: Path, given: tuple[str, ...], roots: tuple[Path, ...], name: str) -> tuple[Path, ...]:
    return tuple(base / word for word in given) or tuple(root / name for root in roots)
