"""An old line means the same: Debian's monitor and ours, one line, the same servers, the same verdict."""

import asyncio
import os
import shlex
from pathlib import Path

import pytest
import servers

from mon.catalog import Catalog, Kind, bind
from mon.model.config import CommandLine
from mon.plugin import Down

THEIRS = Path("/usr/lib/mon/mon.d")
STALE, NOBODY = "127.0.3.2", "127.0.3.9"
ZONE = f"-zone {servers.ZONE} -master 127.0.0.1"
ENTRY = "--basedn o=test --filter cn=anna --attribute description --value"


HOSTNAME = """\
package Sys::Hostname;
use parent 'Exporter';
our @EXPORT = ('hostname');
sub hostname { return 'localhost' }
1;
"""
"""Sys::Hostname of an older Perl: smtp, pop3 and imap.monitor call it with arguments; today's refuses."""


@pytest.fixture(scope="module")
def ports(run, authority):
    """The ports of real servers on 127.0.0.1; on 127.0.3.2 a name server with an old zone, on .9 nothing."""
    dns = servers.free_port()
    run(servers.nsd, "127.0.0.1", dns, 2026)
    run(servers.nsd, STALE, dns, 2020)
    return {
        **run(servers.dovecot, authority),
        **run(servers.slapd, authority),
        "telnet": run(servers.telnetd),
        "smtp": run(servers.opensmtpd),
        "dns": dns,
        "none": servers.free_port(),
    }


@pytest.fixture
def theirs(ports, tmp_path):
    """``await theirs("smtp", words, host)``: is the host good, as Debian's monitor says?"""
    if not THEIRS.is_dir():
        pytest.skip("Debian's mon is not installed")
    (tmp_path / "Sys").mkdir()
    (tmp_path / "Sys" / "Hostname.pm").write_text(HOSTNAME)
    resolver = {"RES_NAMESERVERS": "127.0.0.1", "RES_OPTIONS": f"port:{ports['dns']}"}
    environment = {**os.environ, **resolver, "PERL5LIB": str(tmp_path)}

    async def run(name, words, host):
        program = await asyncio.create_subprocess_exec(
            str(THEIRS / f"{name}.monitor"), *shlex.split(words), host, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, wrong = await asyncio.wait_for(program.communicate(), 30)
        assert b"Can't locate" not in wrong, wrong
        return program.returncode == 0, said

    return run


@pytest.fixture
def ours(probe):
    """The same, as ours says; by the way that a line of mon.cf takes."""

    async def run(name, words, host, **more):
        plugin = Catalog().find(Kind.MONITOR, f"mon:{name}.monitor")
        line = (f"{name}.monitor", *shlex.split(words))
        bound = bind(plugin, CommandLine(" ".join(line), line))
        try:
            return True, await plugin.function(host, probe=probe, **{**bound.options, **more})
        except Down as finding:
            return False, finding.detail

    return run


GOOD = [
    ("smtp", "-p {smtp} -t 5"),
    ("pop3", "-p {pop3} -t 5"),
    ("telnet", "-p {telnet} -t 5"),
    ("telnet", "-p {telnet} -l /LOGIN:/i"),
    ("ldap", "--port {ldap} " + ENTRY + " 'on duty'"),
    ("ldap", "-port={ldap} -based o=test -filt cn=bert -attr sn -val bert"),
    ("dns", ZONE),
    ("dns", "-caching_only -query www.example.test:A -tcp"),
    ("dns", "--caching_only --query www.example.test"),
    ("dns-query", "-n www.example.test"),
]
BAD = [
    ("smtp", "-p {none} -t 2"),
    ("smtp", "-p {pop3} -t 2"),
    ("pop3", "-p {none}"),
    ("pop3", "-p {imap} -t 2"),
    ("imap", "-p {imap} -t 5 -m INBOX"),
    ("imap", "-p {pop3} -t 2 -m INBOX"),
    ("telnet", "-p {telnet} -t 1 -l /router>/"),
    ("telnet", "-p {none} -t 2"),
    ("ldap", "--port {ldap} " + ENTRY + " away"),
    ("ldap", "--port {ldap} --basedn o=test --filter cn=nobody --attribute cn --value x"),
    ("ldap", "--port {none} " + ENTRY + " away"),
    ("dns", "-zone other.test -master 127.0.0.1"),
    ("dns", "-caching_only -query www.example.test:A:192.0.2.9"),
    ("dns", "-caching_only -query gone.example.test"),
    ("dns-query", "-n gone.example.test"),
]


@pytest.mark.parametrize(
    ("line", "good"),
    [(each, True) for each in GOOD] + [(each, False) for each in BAD],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
async def test_the_verdict_is_the_same(theirs, ours, ports, line, good):
    name, words = line[0], line[1].format(**ports)
    more = {"port": ports["dns"]} if name.startswith("dns") else {}
    found = await theirs(name, words, "127.0.0.1"), await ours(name, words, "127.0.0.1", **more)
    assert [verdict for verdict, _ in found] == [good, good], found


@pytest.mark.parametrize(
    ("threshold", "good"), [("", False), ("-serial_threshold 5", False), ("-serial_threshold 6", True)]
)
async def test_a_stale_zone(theirs, ours, ports, threshold, good):
    words = f"{ZONE} {threshold}"
    found = await theirs("dns", words, STALE), await ours("dns", words, STALE, port=ports["dns"])
    assert [verdict for verdict, _ in found] == [good, good], found
