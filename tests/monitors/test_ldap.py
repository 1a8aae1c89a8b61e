"""The ldap monitor against OpenLDAP, and against servers that are up but no good."""

import pytest
import servers

from mon.plugin import BadOption, Down, ber

ANNA = {"basedn": "o=test", "filter": "cn=anna", "attribute": "description", "value": "on duty"}


@pytest.fixture(scope="module")
def ports(run, authority):
    return run(servers.slapd, authority)


@pytest.fixture
def ldap(load):
    return load("ldap")


@pytest.fixture
def root(login):
    return {**login, "user": "cn=root,o=test"}


def test_of_half_a_million_parts_no_more_are_read_than_one_attribute_may_have(ldap, monkeypatch):
    read, looked_at = ber.read, []
    monkeypatch.setattr(ber, "read", lambda *at: looked_at.append(at) or read(*at))
    attribute = ber.element(
        ber.SEQUENCE, ber.text("a"), ber.element(ber.SET, ber.element(ber.OCTETS) * (ber.MOST - 1))
    )
    entry = ber.element(ldap.ENTRY, ber.text("cn=x"), ber.element(ber.SEQUENCE, *[attribute] * 26))
    with pytest.raises(Down, match="cn=x has a , ,"):
        ldap.judged(ber.read(entry)[0], "a", "b")
    assert len(looked_at) < 2 * ber.MOST


async def test_a_server_tells_about_itself(ldap, probe, ports):
    assert await ldap.check("127.0.0.1", port=ports["ldap"], probe=probe) == "1 entry"


@pytest.mark.parametrize(
    ("port", "way"), [("ldap", {}), ("ldap", {"starttls": True}), ("ldaps", {"tls": True})]
)
async def test_login_search_and_value(ldap, probe, ports, ca, root, port, way):
    said = await ldap.check("127.0.0.1", port=ports[port], ca=ca, probe=probe, **ANNA, **root, **way)
    assert said == "1 entry"


@pytest.mark.parametrize(
    ("filter", "count"),
    [
        ("(&(objectClass=person)(|(cn=a*)(cn=*ert)))", "2 entries"),
        ("(!(cn=bert))", "2 entries"),
        ("(&(description=o*d*y)(sn=\\61nna))", "1 entry"),
        ("objectClass=*", "3 entries"),
    ],
)
async def test_filters(ldap, probe, ports, filter, count):
    ldap.verify({"filter": filter})
    assert (
        await ldap.check("127.0.0.1", port=ports["ldap"], basedn="o=test", filter=filter, probe=probe)
        == count
    )


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"filter": "cn=nobody"}, "no entry was found"),
        ({"filter": "cn=bert"}, "cn=bert,o=test has description away, not on duty"),
        ({"attribute": "telephoneNumber"}, "cn=anna,o=test has no telephoneNumber"),
        ({"basedn": "o=gone"}, "search: no such object"),
    ],
)
async def test_a_server_that_answers_but_has_not_what_is_wanted_is_down(ldap, probe, ports, wish, why):
    with pytest.raises(Down, match=why):
        await ldap.check("127.0.0.1", port=ports["ldap"], probe=probe, **{**ANNA, **wish})


async def test_a_login_that_is_refused_is_down(ldap, probe, ports, root):
    root["password"] = "wrong"
    with pytest.raises(Down, match="login: invalid credentials"):
        await ldap.check("127.0.0.1", port=ports["ldap"], probe=probe, **root)


async def test_a_certificate_that_nobody_trusts_is_down(ldap, probe, ports):
    for port, way in (("ldaps", {"tls": True}), ("ldap", {"starttls": True})):
        with pytest.raises(Down, match="TLS: certificate not accepted"):
            await ldap.check("127.0.0.1", port=ports[port], probe=probe, **way)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        ber.element(ber.SEQUENCE, ber.integer(2)),
        ber.element(ber.SEQUENCE, ber.integer(2), ber.element(0x61)),
        ber.element(ber.SEQUENCE, ber.integer(2), ber.element(0x79, b"x")),
        b"\x30\x84\x7f\xff\xff\xff",
    ],
)
async def test_an_answer_that_is_no_ldap_is_down(ldap, probe, start, answer):
    async def serve(reader, writer):
        await reader.read(1)
        writer.write(answer)
        await reader.read()

    with pytest.raises(Down, match=r"not an LDAP answer|not the answer to it"):
        await ldap.check("127.0.0.1", port=await start(serve), timeout=5, probe=probe)


@pytest.mark.parametrize("filter", ["(cn=a", "((cn=a))", "(&)", "(!(a=b)(c=d))", "(cn=a)x", "", "(cn)"])
def test_a_filter_that_is_none_is_refused(ldap, filter):
    with pytest.raises(BadOption, match="is no filter: write one as"):
        ldap.verify({"filter": filter})
