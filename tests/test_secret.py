"""Secrets come from files and the environment, and stay out of texts."""

import os
from pathlib import Path

import pytest

from mon.errors import Undeliverable
from mon.secret import Hidden, exposed, secret, secret_parts


def test_a_word_says_where_the_secret_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("s3cr3t\n")
    monkeypatch.setenv("MON_TEST_KEY", "other")
    assert [secret(word) for word in (f"@{tmp_path}/key", "env:MON_TEST_KEY", "https://x", "")] == [
        *("s3cr3t", "other", "https://x", "")
    ]


@pytest.mark.parametrize("word", ["@/nowhere/key", "env:MON_NOT_SET"])
def test_a_secret_that_is_not_there_may_come_later(word: str) -> None:
    with pytest.raises(Undeliverable) as raised:
        secret(word)
    assert not raised.value.permanent


def test_a_file_that_is_no_text_is_told_without_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(Undeliverable, match="key: not text"):
        secret(f"@{tmp_path}/key")


def test_a_file_that_everybody_may_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("s3cr3t")
    os.chmod(file, 0o640)
    assert exposed(f"@{file}", "env:X", "plain", "") == []
    os.chmod(file, 0o644)
    assert exposed(f"@{file}", f"@{file}") == [
        f"the secret in {file} can be read by everybody: chmod o-r {file}"
    ]


def test_a_file_that_is_not_there_is_warned_of() -> None:
    assert exposed("@/nowhere/key") == [
        "the secret in /nowhere/key cannot be read (No such file or directory): write it there"
    ]


def test_hidden_is_the_whole_and_what_is_part_of_it() -> None:
    hide = Hidden(["Bearer abcdef-123456", "/hook/T0KEN-T0KEN", "x"])
    assert hide("Bearer abcdef-123456 /hook/T0KEN-T0KEN") == "*** ***"
    assert hide("abcdef-123456 is wrong, T0KEN-T0KEN too, x stays") == "*** is wrong, *** too, x stays"


def test_a_url_that_looks_like_a_secret_is_warned_of() -> None:
    for url in (
        "https://hooks.example/services/T00000000/XXXXXXXXXXXXXXXXXXXX0000",
        "https://me:word@x.example/",
        "https://x.example/?token=abcdefghij0123456789",
    ):
        (warning,) = exposed(url)
        assert "what looks like a secret" in warning and url not in warning
    assert exposed("https://events.pagerduty.com/v2/enqueue", "word", "ops@x.example") == []


def test_the_parts_of_a_url_that_nobody_should_read() -> None:
    assert set(secret_parts("https://me:word@x.example/hook?key=1")) == {"/hook", "key=1", "me", "word"}
    assert secret_parts("https://[x/hook") == ("https://[x/hook",)
