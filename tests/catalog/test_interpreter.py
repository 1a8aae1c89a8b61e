"""What is said of programs that cannot be started, before they are and when they are."""

import pytest

from mon.catalog.interpreter import unstartable


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"#!/bin/sh\nexit 0\n", ""),
        (b"#! /bin/sh -e\n", ""),
        (b"#!/usr/bin/env sh\n", ""),
        (b"#!/usr/bin/env -S LANG=C sh -e\n", ""),
        (b"no first line\n", ""),
        (b"", ""),
        (b"\x7fELF\x00\xff", ""),
        (b"#!/no/such/python\nprint()\n", "its interpreter /no/such/python is not there"),
        (b"#!/no/such/python -u\n", "its interpreter /no/such/python is not there"),
        (b"#!/bin\n", "its interpreter /bin is not there"),
        (b"#!/usr/bin/env no-such-python\n", "its interpreter no-such-python is not in PATH"),
        (b"#!/usr/bin/env -S no-such-python -u\n", "its interpreter no-such-python is not in PATH"),
        (b"#!/bin/sh\r\necho\r\n", "its lines end in CRLF, so its interpreter would be /bin/sh\\r"),
        (b"#!/usr/bin/env sh\r\n", "its lines end in CRLF, so its interpreter would be sh\\r"),
        (b"#!\n", "its first line names no interpreter"),
        (b"#!/no/such/\xff" + b"x" * 9000, "its interpreter /no/such/"),
    ],
)
def test_what_keeps_a_program_from_being_started(tmp_path, text, why):
    path = tmp_path / "x.monitor"
    path.write_bytes(text)
    path.chmod(0o755)
    assert unstartable(path).startswith(why)
    assert bool(unstartable(path)) == bool(why)


def test_what_is_not_executable_or_not_there(tmp_path):
    path = tmp_path / "x.monitor"
    assert unstartable(path).startswith("No such file or directory")
    path.write_text("#!/bin/sh\n")
    path.chmod(0o644)
    assert unstartable(path) == "it is not executable: chmod +x"
