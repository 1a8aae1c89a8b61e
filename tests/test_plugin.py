"""The surface that plugin authors see."""

import mon.plugin
from mon.plugin import Option


def test_everything_that_is_promised_is_there():
    assert [name for name in mon.plugin.__all__ if not hasattr(mon.plugin, name)] == []


def test_an_option_keeps_its_flags():
    option = Option("-p", "--port", help="port")
    assert (option.flags, option.help, option.positional) == (("-p", "--port"), "port", False)


def test_the_names_are_in_order():
    assert mon.plugin.__all__ == sorted(mon.plugin.__all__)
