"""Let this service vote on one real server, in the words of mon-contrib's ipvs.alert.

    alert   ipvs.alert -P tcp -V VIP:PORT -R RIP:PORT
    upalert ipvs.alert -P tcp -V VIP:PORT -R RIP:PORT -W WEIGHT -F nat|tun|dr [-B -S SCHEDULER]
    alert   ipvs.alert -D -P tcp -V VIP:PORT          a vote on every server of it; the service stays

As with ``lvs.alert`` nothing is called: the pool takes the server out while the service is down, and
puts it back.  What the virtual service has beyond the servers named in mon.cf is left alone.
Write a ``virtual`` block and ``lvs.alert NAME`` to have a floor and a fallback server (docs/pools.md).
"""

import getopt

from mon.plugin import Forward, Protocol, Real, Virtual, VoteTarget

_FORWARD = {"nat": Forward.MASQ, "tun": Forward.IPIP, "dr": Forward.GATE}
# -s -g -h -t -l came from mon with their values, and meant nothing to the script.
_LETTERS = "uDBs:g:h:t:l:P:V:R:W:F:S:"


def votes(arguments: tuple[str, ...]) -> VoteTarget:
    """The pool that a line with these arguments votes on; ValueError says what is wrong with them."""
    try:
        options, words = getopt.getopt(list(arguments), _LETTERS)
    except getopt.GetoptError as error:
        raise ValueError(str(error)) from error
    given = dict(options)
    if words:
        raise ValueError(f"{words[0]!r} is a word too many")
    if "-V" not in given:
        raise ValueError("-V VIP:PORT is wanted: the virtual service")
    if "-R" not in given and "-D" not in given:
        raise ValueError("-R RIP:PORT is wanted: the real server this line votes on")
    return VoteTarget(virtual=_virtual(given), remove=True)


def _virtual(given: dict[str, str]) -> Virtual:
    """The block that the letters amount to."""
    protocol = given.get("-P", "tcp")
    if protocol not in ("tcp", "udp"):
        raise ValueError(f"-P {protocol}: tcp or udp is wanted")
    address, port = _endpoint("-V", given["-V"])
    if port is None:
        raise ValueError(f"-V {given['-V']}: no port")
    return Virtual(
        name="",
        address=address,
        port=port,
        protocol=Protocol(protocol),
        balancer=("ipvs",),
        scheduler=given.get("-S", "wlc"),
        reals=(_real(given),) if "-R" in given else (),
    )


def _real(given: dict[str, str]) -> Real:
    host, port = _endpoint("-R", given["-R"])
    forward = given.get("-F")
    if forward is not None and forward not in _FORWARD:
        raise ValueError(f"-F {forward}: one of {', '.join(_FORWARD)} is wanted")
    weight = given.get("-W", "1")
    if not (weight.isascii() and weight.isdigit()):
        raise ValueError(f"-W {weight}: a weight is a number from 0 up")
    return Real(host, port, int(weight), _FORWARD[forward] if forward else None)


def _endpoint(letter: str, text: str) -> tuple[str, int | None]:
    """``10.0.0.1:80``, ``web1:80`` or ``[2001:db8::1]:80``; the port may lack."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, ""
    if not host or (port and not (port.isascii() and port.isdigit() and int(port) <= 65535)):
        raise ValueError(f"{letter} {text}: an address and a port are wanted, as in 10.0.0.1:80")
    return host.strip("[]"), int(port) if port else None
