"""From files to a configuration that can be run, or to every error of it."""

from pathlib import Path

import pytest

from mon.daemon.loading import addresses, classic_words, examine, load
from mon.daemon.options import Options
from mon.errors import ConfigError

GOOD = """statedir = /nowhere
hostgroup web localhost

watch web
    service http
        interval 5s
        monitor http.monitor -p 80
"""


def written(tmp_path: Path, text: str) -> Options:
    file = tmp_path / "mon.cf"
    file.write_text(text)
    return Options(config=file)


def test_a_good_file_comes_linked(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, GOOD))
    assert list(loaded.plan.checks) == [("web", "http")]
    assert loaded.places.statedir == Path("/nowhere")


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    options = written(tmp_path, GOOD)
    loaded = load(Options(config=options.config, settings={"statedir": "/srv/mon"}))
    assert loaded.places.statedir == Path("/srv/mon")


def test_a_kept_setting_holds_only_where_the_file_says_nothing(tmp_path: Path) -> None:
    options = written(tmp_path, GOOD)
    kept = {"statedir": "/before", "histlength": 7}
    settings = load(Options(config=options.config, kept=kept)).plan.config.settings
    assert (settings.statedir, settings.histlength) == ("/nowhere", 7)


def test_errors_come_all_at_once_and_without_the_warnings(tmp_path: Path) -> None:
    text = GOOD.replace("interval 5s", "interval 5\n        intervall 5s") + "\nhostgroup unused x\n"
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert [problem.source.line for problem in caught.value.problems] == [6, 7]


def test_a_wrong_option_of_a_plugin_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mon\.cf:7: "):
        load(written(tmp_path, GOOD.replace("-p 80", "-p eighty")))


def test_a_file_that_is_not_there_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent"):
        load(Options(config=tmp_path / "absent.cf"))


def test_the_classic_words_name_the_line_of_the_first_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, GOOD.replace("interval 5s", "interval 5\n        intervall 5s")))
    assert classic_words(caught.value).endswith(", line 6 (and 1 more: see mon check)")


def test_examining_never_raises_for_what_is_in_the_file(tmp_path: Path) -> None:
    assert examine(written(tmp_path, "nonsense = 1\n")).problems


def test_a_name_without_address_has_none() -> None:
    assert addresses("127.0.0.7") == ("127.0.0.7",)
    assert addresses("x" * 300) == ()
