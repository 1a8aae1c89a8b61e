"""Other users."""

import os
import pwd

import pytest

from mon.users import as_user, environment_of, named_variables


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


INHERITED = {
    "PATH": "/bin", "LANG": "C", "LC_TIME": "de_DE.UTF-8", "TZ": "UTC", "MON_SITE": "x", "HOME": "/root",
    "SMTP_SECRET": "hunter2", "NOTIFY_SOCKET": "/run/x", "https_proxy": "http://proxy", "LD_PRELOAD": "/x.so",
    "XLC_ALL": "no", "SSH_AUTH_SOCK": "/tmp/agent", "KREDENTIALS_DIRECTORY": "/run/credentials",
}  # fmt: skip


def test_a_plugin_gets_only_what_every_program_needs():
    found = environment_of("", INHERITED)
    assert set(found) == {"PATH", "LANG", "LC_TIME", "TZ", "MON_SITE", "HOME", "USER", "LOGNAME"}


def test_it_gets_what_the_configuration_asks_for_if_that_is_set():
    found = environment_of("", INHERITED, ("https_proxy", "no_proxy"))
    assert (found["https_proxy"], "no_proxy" in found) == ("http://proxy", False)


def test_its_home_is_its_users():
    entry = pwd.getpwnam("nobody")
    assert environment_of("nobody", INHERITED)["HOME"] == entry.pw_dir
    assert environment_of("", INHERITED)["HOME"] == pwd.getpwuid(os.geteuid()).pw_dir


@pytest.mark.parametrize("word", ["env:SMTP_SECRET", "--password=env:SMTP_SECRET"])
def test_a_variable_is_given_to_the_line_that_names_it(word):
    assert named_variables(("x.alert", word), INHERITED) == {"SMTP_SECRET": "hunter2"}


@pytest.mark.parametrize("word", ["env:UNSET", "xenv:SMTP_SECRET", "env:SMTP_SECRET x", "SMTP_SECRET", ""])
def test_other_words_name_none(word):
    assert named_variables((word,), INHERITED) == {}
