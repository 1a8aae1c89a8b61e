"""Where the files lie: settings, systemd's variables, defaults, and the classic rules for relative names."""

from pathlib import Path

from mon.daemon.places import looked_in, places
from mon.model.config import Settings


def of(settings: Settings | None = None, *, classic: bool = False, **environ: str):
    return places(settings or Settings(), classic=classic, environ=environ)


def test_without_settings_state_and_logs_are_where_debian_has_them() -> None:
    where = of()
    assert (where.statedir, where.logdir) == (Path("/var/lib/mon"), Path("/var/log/mon"))
    assert where.socket == Path("/var/lib/mon/mon.sock")


def test_systemd_names_the_directories_it_made() -> None:
    where = of(STATE_DIRECTORY="/var/lib/private/mon", LOGS_DIRECTORY="/srv/log")
    assert (where.statedir, where.logdir) == (Path("/var/lib/private/mon"), Path("/srv/log"))


def test_the_file_wins_over_systemd() -> None:
    assert of(Settings(statedir="/srv/mon"), STATE_DIRECTORY="/x").statedir == Path("/srv/mon")


def test_relative_names_are_under_basedir_but_that_of_authfile_under_cfbasedir() -> None:
    where = of(
        Settings(basedir="/b", cfbasedir="/c", statedir="s", mondir=("m", "/n"), authfile="a.cf", pidfile="p")
    )
    assert where.statedir == Path("/b/s")
    assert where.mondirs == (Path("/b/m"), Path("/n"))
    assert where.authfile == Path("/c/a.cf")
    assert where.pidfile == Path("/b/p")


def test_an_empty_pid_file_name_is_none() -> None:
    assert of(Settings(pidfile="")).pidfile is None


def test_plugins_are_in_the_same_places_however_mon_is_started() -> None:
    assert (
        of().mondirs == of(classic=True).mondirs == (Path("/etc/mon/mon.d"), Path("/usr/local/lib/mon/mon.d"))
    )
    assert of().late_alertdirs == of(classic=True).late_alertdirs == (Path("/usr/lib/mon/alert.d"),)


def test_only_what_mon_cf_names_is_looked_in_where_it_names_any() -> None:
    settings = Settings(mondir=("m", "/n"))
    for classic in (False, True):
        where = of(settings, classic=classic)
        assert (where.mondirs, where.late_mondirs) == ((Path("/usr/lib/mon/m"), Path("/n")), ())
        assert where.late_alertdirs


def test_where_plugins_are_looked_for_is_said() -> None:
    assert looked_in(of(Settings(mondir=("/m",))), Settings(mondir=("/m",))) == (
        "monitors are looked for in /m, ours",
        "alerts are looked for in /etc/mon/alert.d, /usr/local/lib/mon/alert.d, ours, /usr/lib/mon/alert.d"
        " (there is no alertdir)",
    )
