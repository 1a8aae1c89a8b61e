"""Whose trouble is an error of a socket?"""

import errno
import os
import socket
import ssl

import pytest

from mon.errors import Down, Unknown
from mon.model.result import Cause
from mon.probe.faults import finding_under, judged

LOCAL = (
    "EMFILE",
    "ENFILE",
    "ENOMEM",
    "ENOBUFS",
    "EADDRNOTAVAIL",
    "EPERM",
    "EACCES",
    "EAFNOSUPPORT",
    "ENETDOWN",
)


def error(name):
    number = getattr(errno, name)
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("at_once", [True, False])
def test_our_own_trouble_is_unknown_whenever_it_comes(name, at_once):
    found = judged(error(name), at_once=at_once)
    assert isinstance(found, Unknown)
    assert found.cause is Cause.NONE


@pytest.mark.parametrize("name", ["EHOSTUNREACH", "ENETUNREACH"])
def test_no_route_is_ours_at_once_and_the_networks_later(name):
    assert isinstance(judged(error(name), at_once=True), Unknown)
    later = judged(error(name), at_once=False)
    assert isinstance(later, Down)
    assert later.cause is Cause.TIMEOUT


@pytest.mark.parametrize("at_once", [True, False])
def test_a_refusal_is_the_hosts(at_once):
    assert judged(error("ECONNREFUSED"), at_once=at_once).cause is Cause.REFUSED


def test_a_name_without_address_is_ours():
    found = judged(socket.gaierror(socket.EAI_NONAME, "Name or service not known"), at_once=False)
    assert (type(found), found.detail) == (Unknown, "cannot resolve: Name or service not known")


def test_the_error_under_a_librarys_exception_is_found():
    try:
        try:
            raise error("ECONNREFUSED")
        except OSError as under:
            raise RuntimeError("the library's words") from under
    except RuntimeError as over:
        assert finding_under(over).cause is Cause.REFUSED
    assert finding_under(ValueError("nothing under it")) is None


def test_tls_errors_are_wrong_answers():
    found = finding_under(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"))
    assert isinstance(found, Down)
    assert found.cause is Cause.WRONG
