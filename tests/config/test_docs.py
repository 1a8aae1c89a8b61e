"""docs/configuration.md against the tables."""

from pathlib import Path

from mon.config.directives import GLOBALS, RESTART

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()


def test_the_page_lists_every_directive_that_needs_a_restart() -> None:
    listed = TEXT.split("leaves them as they are:\n\n", 1)[1].split("\n\n", 1)[0]
    assert listed.replace(",", " ").split() == [word for word, row in GLOBALS.items() if row.takes is RESTART]
