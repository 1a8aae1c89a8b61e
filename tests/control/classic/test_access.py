"""auth.cf: who may do what."""

import pytest

from mon.control.classic.access import Access, parse
from mon.errors import ControlError

RULES = """
# comment
command section
  list: all
servertime : AUTH_ANY, !eve
test:\tann , bob
RESET: ann
get: !all
get: AUTH_ANY
set: !AUTH_ANY
set: ann
trap section
127.0.0.1 * *
anything goes here
"""


@pytest.fixture
def access() -> Access:
    return parse(RULES)


@pytest.mark.parametrize(
    ("command", "user", "may"),
    [
        ("list", "", True),
        ("list", "ann", True),
        ("servertime", "", False),
        ("servertime", "ann", True),
        ("servertime", "eve", False),
        ("test", "bob", True),
        ("test", "eve", False),
        ("reset", "ann", True),
        ("RESET", "ann", False),
        ("get", "ann", True),
        ("get", "all", False),
        ("set", "ann", False),
        ("stop", "ann", False),
    ],
)
def test_a_rule_lets_in_whom_it_names_and_a_denial_wins(
    access: Access, command: str, user: str, may: bool
) -> None:
    assert access.permits(command, user) is may


def test_a_line_without_a_colon_is_an_error_with_its_place() -> None:
    with pytest.raises(ControlError, match=r"^auth.cf:2: no colon in line 2: write `COMMAND: USER, USER`$"):
        parse("list: all\nset ann\n")
