"""The ssh monitor against OpenSSH, and against servers that are up but no good."""

import pytest
import servers

from mon.plugin import Down


@pytest.fixture(scope="module")
def server(run):
    return run(servers.sshd)


@pytest.fixture
def ssh(load):
    return load("ssh")


async def test_greeting_and_host_keys(ssh, probe, server):
    said = await ssh.check("127.0.0.1", port=server, hostkey="ssh-ed25519", match="OpenSSH", probe=probe)
    assert said.startswith("SSH-2.0-OpenSSH")
    assert said.endswith(", ssh-ed25519")


async def test_a_host_key_that_is_not_offered_is_down(ssh, probe, server):
    with pytest.raises(Down, match="ssh-rsa is not among ssh-ed25519"):
        await ssh.check("127.0.0.1", port=server, hostkey="ssh-rsa", probe=probe)


async def test_a_version_that_is_not_wanted_is_down(ssh, probe, server):
    with pytest.raises(Down, match="no match for dropbear"):
        await ssh.check("127.0.0.1", port=server, match="dropbear", probe=probe)


def packet(lists: list[bytes]) -> bytes:
    body = bytes([20]) + bytes(16) + b"".join(len(each).to_bytes(4, "big") + each for each in lists)
    padding = 8
    return (1 + len(body) + padding).to_bytes(4, "big") + bytes([padding]) + body + bytes(padding)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"SSH-1.5-old\r\n", "greeting: SSH-1.5-old, expected SSH-2.0"),
        (b"SSH-2.0-bare\r\n", "connection closed"),
        (b"SSH-2.0-bare\r\nToo many authentication failures", "does not begin a key exchange"),
        (b"SSH-2.0-bare\r\n" + packet([b"curve25519-sha256", b""]), "it has no host key"),
        (b"Exceeded MaxStartups\r\n", "connection closed"),
    ],
)
async def test_a_server_that_greets_but_is_no_good_is_down(ssh, probe, start, said, why):
    async def serve(reader, writer):
        writer.write(said)

    with pytest.raises(Down, match=why):
        await ssh.check("127.0.0.1", port=await start(serve), probe=probe)


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
async def test_a_match_is_over_letters(ssh, probe, start, charset):
    async def serve(reader, writer):
        banner = "SSH-2.0-Größe\r\n".encode(charset)
        writer.write(banner + packet([b"curve25519-sha256", b"ssh-ed25519"]))
        await reader.readline()

    assert await ssh.check("127.0.0.1", port=await start(serve), match="(?i)gr.ße$", probe=probe)
