"""Other users."""

import os
import pwd

import pytest

from mon.users import as_user


def test_another_user_is_a_matter_of_setpriv():
    name = pwd.getpwuid(os.getuid()).pw_name
    words = as_user(name)
    assert words[:2] == ("setpriv", f"--reuid={name}")
    assert words[-2:] == ("--init-groups", "--")


def test_nobody_in_particular_needs_no_words():
    assert as_user("") == ()


def test_a_user_that_is_not_there_is_told():
    with pytest.raises(FileNotFoundError, match="there is no user no-such-user"):
        as_user("no-such-user")
