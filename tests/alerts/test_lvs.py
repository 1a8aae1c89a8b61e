"""What a line of ``lvs.alert`` votes on."""

import pytest
from mon.alerts.lvs import votes

from mon.model.pool import Forward, Protocol, Real


def target(line: str):
    return votes(tuple(line.split()))


def test_a_name_is_a_vote_on_that_block() -> None:
    vote = target("web")
    assert (vote.pool, vote.virtual, vote.remove, vote.group, vote.traps) == (
        "web",
        None,
        False,
        False,
        False,
    )


def test_switches_may_stand_on_either_side_of_the_name() -> None:
    assert target("--remove web --group") == target("web --group --remove")
    assert target("web --traps").traps


def test_the_form_of_the_wild_names_one_server_and_deletes_it() -> None:
    vote = target("-P tcp -V 10.0.0.9:80 -R 10.0.0.1 -W 1 -F g")
    assert vote.remove and vote.virtual is not None
    assert (vote.virtual.address, vote.virtual.port, vote.virtual.balancer) == ("10.0.0.9", 80, ("ipvs",))
    assert vote.virtual.reals == (Real("10.0.0.1", None, 1, Forward.GATE),)


def test_a_mark_with_a_backup_is_a_fallback_server() -> None:
    block = target("-R 10.0.0.1 -F dr -B 10.0.0.7 -M 42").virtual
    assert block is not None and block.fallback is not None
    assert (block.fwmark, block.fallback.host, block.fallback.forward) == (42, "10.0.0.7", Forward.GATE)


def test_a_mark_with_x_is_a_vote_on_all_of_it() -> None:
    block = target("-M 42 -X").virtual
    assert block is not None and block.reals == ()


def test_ipv6_and_udp() -> None:
    block = target("-P udp -V [2001:db8::9]:53 -R 2001:db8::1 -F nat").virtual
    assert block is not None
    assert (block.protocol, block.address, block.port) == (Protocol.UDP, "2001:db8::9", 53)
    assert block.reals == (Real("2001:db8::1", None, 1, Forward.MASQ),)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "one name of a virtual service is wanted"),
        ("web db", "one name of a virtual service is wanted"),
        ("web --quiesce", "option --quiesce not recognized"),
        ("-R 10.0.0.1", "either -V VIP:PORT or -M MARK is wanted"),
        ("-V 10.0.0.9:80 -M 1 -R 10.0.0.1", "either -V VIP:PORT or -M MARK is wanted"),
        ("-V 10.0.0.9:80", "-R RIP is wanted"),
        ("-V 10.0.0.9 -R 10.0.0.1", "-V 10.0.0.9: no port"),
        ("-V 10.0.0.9:http -R 10.0.0.1", "-V http: a number from 0 to 65535 is wanted"),
        ("-V 10.0.0.9:80 -R 10.0.0.1 -F x", "-F x: one of g, dr, gate, m, nat, masq, i, tun, ipip is wanted"),
        ("-P icmp -V 10.0.0.9:80 -R 10.0.0.1", "-P icmp: one of tcp, udp, sctp is wanted"),
        ("-V 10.0.0.9:80 -R 10.0.0.1 -W heavy", "-W heavy: a number from 0 to"),
        ("-V 10.0.0.9:80 -R 10.0.0.1 web", "'web' is a word too many beside -V"),
        ("-M 0 -R 10.0.0.1", "-M 0: a number from 1 to"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(line: str, complaint: str) -> None:
    with pytest.raises(ValueError) as caught:
        target(line)
    assert complaint in str(caught.value)
