"""Passwords against the hashes of all ages; openssl makes those that it can."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mon.control.auth import apr1
from mon.control.auth.libcrypt import crypt
from mon.control.auth.passwords import matches, read

SECRETS = ("x", "secret", "exactly sixteen.", "a good deal longer than sixteen octets", "grün ü")


def openssl(method: str, password: str) -> str:
    words = ["openssl", "passwd", f"-{method}", "-salt", "abcdefgh", password]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("method", ["apr1", "1", "5", "6"])
@pytest.mark.parametrize("password", SECRETS)
def test_a_hash_is_matched_by_its_password_and_by_no_other(method: str, password: str) -> None:
    hashed = openssl(method, password)
    assert matches(password, hashed)
    assert not matches(password + " ", hashed)


def test_des_hashes_of_old_files_still_match() -> None:
    assert matches("x", "abiQ6Ep3EYTHc")
    assert not matches("abiQ6Ep3EYTHc", "abiQ6Ep3EYTHc")


def test_yescrypt_which_debian_writes_today_matches() -> None:
    hashed = crypt(b"secret", b"$y$j9T$saltsaltsaltsalt$").decode()
    assert hashed.startswith("$y$j9T$") and len(hashed) > 60
    assert matches("secret", hashed) and not matches("Secret", hashed)


@pytest.mark.parametrize(
    "hashed", ["", "x", "*", "!", "!!", "*0", "*1", "!$6$abcdefgh$x", "$9$no$x", "$apr1$"]
)
@pytest.mark.parametrize("password", ["", "x", "*0", "*1", "!"])
def test_what_is_no_hash_is_matched_by_nothing(hashed: str, password: str) -> None:
    assert not matches(password, hashed)


def test_a_nul_does_not_end_a_password_early() -> None:
    assert not matches("x\0anything", "abiQ6Ep3EYTHc")


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=80).filter(lambda data: b"\0" not in data))
def test_apr1_tells_passwords_apart(password: bytes) -> None:
    hashed = apr1.crypt(password, b"$apr1$salt$")
    assert apr1.crypt(password, hashed) == hashed != apr1.crypt(password + b"x", hashed)


def test_a_userfile_has_users_and_hashes_and_comments() -> None:
    lines = ["# users", "", "ann : HASH", "bob:a:b", " joe:x", "joe:last", "nobody"]
    assert read(lines) == {"ann": "HASH", "bob": "a:b", "joe": "last", "nobody": ""}
