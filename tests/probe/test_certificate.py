"""What certificates say."""

import datetime
import ssl

import pytest
import trustme

from mon.errors import Down
from mon.probe.certificate import Certificate, certificate

AUTHORITY = trustme.CA()
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


def shown(*names, **more):
    return certificate(
        ssl.PEM_cert_to_DER_cert(AUTHORITY.issue_cert(*names, **more).cert_chain_pems[0].bytes().decode())
    )


def test_times_and_names():
    end = NOW + 30 * 365 * DAY  # after 2049 times have another form
    found = shown("www.example.test", "192.0.2.1", "2001:db8::0:1", not_before=NOW, not_after=end)
    assert found == Certificate(NOW, end, ("www.example.test", "192.0.2.1", "2001:db8::1"))


def test_without_other_names_the_common_name_counts():
    der = ssl.PEM_cert_to_DER_cert(AUTHORITY.cert_pem.bytes().decode())
    assert certificate(der).names == ()
    assert shown("a.test", common_name="b.test").names == ("a.test",)


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("www.example.test", True),
        ("WWW.example.test.", True),
        ("a.example.net", True),
        ("a.b.example.net", False),
        ("example.net", False),
        ("192.0.2.1", True),
        ("192.0.2.2", False),
        ("2001:DB8:0::1", True),
    ],
)
def test_which_hosts_it_is_for(name, covered):
    found = shown("www.example.test", "*.example.net", "192.0.2.1", "2001:db8::1")
    assert found.covers(name) is covered


@pytest.mark.parametrize("der", [b"", b"\x30\x03abc", bytes(100), b"\x30\x82\xff\xff"])
def test_what_is_no_certificate_is_down(der):
    with pytest.raises(Down, match="the certificate cannot be read"):
        certificate(der)


def test_every_cut_certificate_is_down():
    whole = ssl.PEM_cert_to_DER_cert(AUTHORITY.cert_pem.bytes().decode())
    for end in range(len(whole)):
        with pytest.raises(Down):
            certificate(whole[:end])
