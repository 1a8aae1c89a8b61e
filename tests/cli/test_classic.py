"""The classic command line: letters, long words, and what is wrong with them."""

from pathlib import Path

import pytest

from mon.cli import classic

PARSER = classic._parser()


def options(*words: str):
    return classic._options(PARSER.parse_args(list(words)))


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "mon.cf"
    file.write_text("")
    return str(file)


def test_letters_and_words_mean_the_same(config: str) -> None:
    short = options("-c", config, "-a", "x:y", "-p", "1", "-k", "5", "-S")
    long = options("--configfile", config, "--alertdir", "x:y", "--port", "1", "--maxkeep", "5", "--stopped")
    assert short == long
    assert short.settings == {"alertdir": ("x", "y"), "serverport": 1, "histlength": 5}


def test_l_alone_loads_what_is_disabled(config: str) -> None:
    assert options("-c", config, "-l").load == ("disabled",)
    assert options("-c", config, "-l", "all").load == ("disabled", "opstatus")
    assert options("-c", config).load == ()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-r", "soon"), "bad randstart value"),
        (("-p", "x"), "bad port value"),
        (("-b", "/no/such/dir"), "^basedir /no/such/dir does not exist$"),
        (("-b", "/dev/null"), "^basedir /dev/null does not exist$"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(config: str, words: tuple[str, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        options("-c", config, *words)


@pytest.mark.parametrize("word", ["everything", "Disabled", "0"])
def test_an_unknown_kind_of_state_loads_nothing_and_is_said(config: str, word: str, capsys) -> None:
    assert options("-c", config, "-l", word).load == ()
    assert f"-l {word}: no state is loaded" in capsys.readouterr().err


def test_a_missing_configuration_file_is_named() -> None:
    with pytest.raises(ValueError, match=r"config file /no/such\.cf does not exist"):
        options("-c", "/no/such.cf")


def test_an_unknown_option_prints_the_usage_and_ends_with_2_or_more(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        classic.start(["-Z"])
    assert ended.value.code not in (0, None)
    assert "usage: mon" in capsys.readouterr().err


def test_v_prints_the_version_that_scripts_know(capsys) -> None:
    assert classic.start(["-v"]) == 0
    assert capsys.readouterr().out == "mon-1.3.4\n"
