"""Let this service vote on the real servers of a virtual service.

    alert   lvs.alert NAME [--remove] [--group] [--traps]
    upalert lvs.alert NAME

NAME is a ``virtual`` block of mon.cf.  A real server whose check fails gets weight 0 (it finishes the
connections it has), with --remove it is deleted, and when the check is good again it comes back.
--group: a failure that names no host is a vote against all of them.  --traps: traps vote too.

Nothing is called when the line fires: the results of the service count as they arrive, and the pool
(docs/pools.md) applies them.  Of the period's settings only ``alertafter N`` and ``exit=`` matter to it.

The form that other scripts of this name had also works; its server is deleted while it is down:

    lvs.alert -P tcp -V VIP:PORT -R RIP[:PORT] [-W WEIGHT] [-F g|m|i] [-S SCHEDULER]
    lvs.alert -M MARK -R RIP [-W WEIGHT] [-F dr|nat|tun] [-B BACKUP]     BACKUP serves when none else does
    lvs.alert -M MARK -X                                                 a vote on every server of it
"""

import getopt
from typing import TypeVar

from mon.plugin import Forward, Protocol, Real, Virtual, VoteTarget

_FORWARD = {
    "g": Forward.GATE, "dr": Forward.GATE, "gate": Forward.GATE,
    "m": Forward.MASQ, "nat": Forward.MASQ, "masq": Forward.MASQ,
    "i": Forward.IPIP, "tun": Forward.IPIP, "ipip": Forward.IPIP,
}  # fmt: skip
_SWITCHES = ("remove", "group", "traps")
T = TypeVar("T")


def votes(arguments: tuple[str, ...]) -> VoteTarget:
    """The pool that a line with these arguments votes on; ValueError says what is wrong with them."""
    try:
        options, words = getopt.gnu_getopt(list(arguments), "uP:V:R:W:F:S:M:B:XD", list(_SWITCHES))
    except getopt.GetoptError as error:
        raise ValueError(str(error)) from error
    given = dict(options)
    remove, group, traps = (f"--{name}" in given for name in _SWITCHES)
    letters = {name: value for name, value in given.items() if not name.startswith("--")}
    if letters:
        if words:
            raise ValueError(f"{words[0]!r} is a word too many beside {next(iter(letters))}")
        return VoteTarget(virtual=_virtual(letters), remove=True, group=group, traps=traps)
    if len(words) != 1:
        raise ValueError(
            "one name of a virtual service is wanted: lvs.alert NAME [--remove] [--group] [--traps]"
        )
    return VoteTarget(words[0], remove=remove, group=group, traps=traps)


def _virtual(given: dict[str, str]) -> Virtual:
    """The block that the letters amount to."""
    whole = "-X" in given or "-D" in given
    if ("-V" in given) is ("-M" in given):
        raise ValueError("either -V VIP:PORT or -M MARK is wanted")
    if not whole and "-R" not in given:
        raise ValueError("-R RIP is wanted: the real server this line votes on")
    mark = _number("-M", given["-M"], 1) if "-M" in given else None
    address, port = _endpoint("-V", given["-V"]) if mark is None else ("", None)
    if mark is None and port is None:
        raise ValueError(f"-V {given['-V']}: no port")
    return Virtual(
        name="",
        address=address,
        port=port or 0,
        protocol=_one_of("-P", given.get("-P", "tcp"), {each.value: each for each in Protocol}),
        fwmark=mark,
        balancer=("ipvs",),
        scheduler=given.get("-S", "wlc"),
        reals=(_real("-R", given),) if "-R" in given else (),
        fallback=_real("-B", given) if "-B" in given else None,
    )


def _real(letter: str, given: dict[str, str]) -> Real:
    host, port = _endpoint(letter, given[letter])
    forward = _one_of("-F", given["-F"], _FORWARD) if "-F" in given else None
    return Real(host, port, _number("-W", given.get("-W", "1"), 0), forward)


def _endpoint(letter: str, text: str) -> tuple[str, int | None]:
    """``10.0.0.1``, ``web1:80``, ``[2001:db8::1]:80`` or ``2001:db8::1``: the port may lack."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = text.partition(":") if text.count(":") < 2 else (text, "", "")
    if not host:
        raise ValueError(f"{letter} {text}: no address")
    return host, _number(letter, port, 0, 65535) if port else None


def _number(letter: str, text: str, least: int, most: int = 2**31 - 1) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ValueError(f"{letter} {text}: a number from {least} to {most} is wanted")
    return int(text)


def _one_of(letter: str, text: str, choices: dict[str, T]) -> T:
    if text not in choices:
        raise ValueError(f"{letter} {text}: one of {', '.join(choices)} is wanted")
    return choices[text]
