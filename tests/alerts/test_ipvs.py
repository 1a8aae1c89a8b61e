"""What a line of ``ipvs.alert`` (mon-contrib's words) votes on."""

import pytest
from mon.alerts.ipvs import votes

from mon.model.pool import Forward, Protocol, Real


def target(line: str):
    return votes(tuple(line.split()))


def test_the_alert_line_names_the_server_and_deletes_it() -> None:
    vote = target("-P tcp -V 10.0.0.9:80 -R 10.0.0.1:8080")
    assert vote.remove and vote.virtual is not None
    assert (vote.virtual.address, vote.virtual.port) == ("10.0.0.9", 80)
    assert vote.virtual.reals == (Real("10.0.0.1", 8080),)


def test_the_upalert_line_adds_weight_forwarding_and_scheduler() -> None:
    block = target("-u -B -P udp -V 10.0.0.9:53 -S rr -R 10.0.0.1:53 -W 5 -F tun").virtual
    assert block is not None
    assert (block.protocol, block.scheduler) == (Protocol.UDP, "rr")
    assert block.reals == (Real("10.0.0.1", 53, 5, Forward.IPIP),)


def test_d_alone_is_a_vote_on_every_server() -> None:
    block = target("-D -P tcp -V 10.0.0.9:80").virtual
    assert block is not None and block.reals == ()


def test_what_mon_itself_passes_to_an_alert_is_swallowed() -> None:
    assert target("-s http -g web -h w1 -t 0 -l 0 -V 10.0.0.9:80 -R 10.0.0.1:80").virtual is not None


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("-R 10.0.0.1:80", "-V VIP:PORT is wanted"),
        ("-V 10.0.0.9:80", "-R RIP:PORT is wanted"),
        ("-V 10.0.0.9 -R 10.0.0.1:80", "-V 10.0.0.9: no port"),
        ("-V 10.0.0.9:80 -R 10.0.0.1:80 -F g", "-F g: one of nat, tun, dr is wanted"),
        ("-V 10.0.0.9:80 -R 10.0.0.1:80 -W -1", "-W -1: a weight is a number from 0 up"),
        ("-P sctp -V 10.0.0.9:80 -R 10.0.0.1:80", "-P sctp: tcp or udp is wanted"),
        ("-V 10.0.0.9:80 -R 10.0.0.1:99999", "-R 10.0.0.1:99999: an address and a port are wanted"),
        ("-Q", "option -Q not recognized"),
        ("-V 10.0.0.9:80 web", "'web' is a word too many"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(line: str, complaint: str) -> None:
    with pytest.raises(ValueError) as caught:
        target(line)
    assert complaint in str(caught.value)
