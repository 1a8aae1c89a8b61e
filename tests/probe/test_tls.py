"""Contexts for TLS: our own certificate, the oldest version, files that are renewed."""

import asyncio
import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from mon.errors import Down, Unknown
from mon.probe import Tls
from mon.probe.tls import Contexts, tls_name


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ours(authority, tmp_path):
    """Files of a certificate of ours, and of its key."""
    issued = authority.issue_cert("mon.example")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def server(authority, **settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


async def hello(reader, writer):
    await reader.read(1)
    writer.write(b"hello")
    await writer.drain()


async def ask(probe, port, **settings):
    tls = Tls(verify=False, **settings)
    return await probe.exchange("127.0.0.1", port, b"x", lambda got: got == b"hello", timeout=10, tls=tls)


async def test_a_server_that_wants_a_certificate_gets_ours(probe, start, authority, ours):
    port = await start(hello, server(authority, verify_mode=ssl.CERT_REQUIRED))
    assert await ask(probe, port, cert=str(ours[0]), key=str(ours[1])) == b"hello"
    assert await ask(probe, port) == b""  # asyncio hangs up without a word


async def test_a_server_that_says_that_it_wants_one_is_understood(probe, authority):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            server(authority, verify_mode=ssl.CERT_REQUIRED).wrap_socket(client, server_side=True)

    thread = threading.Thread(target=serve)
    with listener:
        thread.start()
        with pytest.raises(Down, match=r"TLS: .*certificate required"):
            await ask(probe, listener.getsockname()[1])
        thread.join()


async def test_certificate_and_key_may_be_in_one_file(probe, start, authority, ours, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text("".join(map(Path.read_text, ours)))
    port = await start(hello, server(authority, verify_mode=ssl.CERT_REQUIRED))
    assert await ask(probe, port, cert=str(both)) == b"hello"


async def test_a_version_older_than_the_oldest_is_down(probe, start, authority):
    old = await start(hello, server(authority, maximum_version=ssl.TLSVersion.TLSv1_2))
    assert await ask(probe, old, least="1.2") == b"hello"
    with pytest.raises(Down, match="TLS: "):
        await ask(probe, old, least="1.3")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_an_old_server_can_be_asked_where_that_is_wished(probe, start, authority):
    context = server(authority, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    port = await start(hello, context)
    with pytest.raises(Down, match="TLS: "):
        await ask(probe, port)
    assert await ask(probe, port, least="1.0") == b"hello"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"cert": "/nowhere"}, "cannot use the certificate /nowhere: .*No such file"),
        ({"ca": "/nowhere"}, "read"),
    ],
)
def test_files_that_cannot_be_read_are_our_own_trouble(settings, said):
    with pytest.raises(Unknown, match=said):
        Contexts().get(Tls(**settings))


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(authority, ours, tmp_path):
    from cryptography.hazmat.primitives import serialization as form

    key = form.load_pem_private_key(ours[1].read_bytes(), None)
    hidden = form.BestAvailableEncryption(b"secret")
    locked = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, hidden)
    (tmp_path / "locked.pem").write_bytes(locked)
    with pytest.raises(Unknown, match="the key is encrypted"):
        Contexts().get(Tls(cert=str(ours[0]), key=str(tmp_path / "locked.pem")))


async def test_renewed_files_make_a_new_context_and_no_session_of_the_old_is_resumed(
    probe, start, authority, ours, tmp_path
):
    contexts, tls = Contexts(), Tls(cert=str(ours[0]), key=str(ours[1]))
    made = contexts.get(tls)
    assert contexts.get(tls) is made
    port = await start(hello, server(authority))
    for _ in range(2):
        assert await ask(probe, port, cert=str(ours[0]), key=str(ours[1]), resume=True) == b"hello"
    await asyncio.sleep(0.02)
    for file in ours:
        file.write_text(file.read_text())
    assert contexts.get(tls) is not made
    assert await ask(probe, port, cert=str(ours[0]), key=str(ours[1]), resume=True) == b"hello"


def test_names_in_other_scripts_are_asked_for_in_ascii():
    assert tls_name(Tls(), "größe.example") == "xn--gre-6ka8i.example"
    assert tls_name(Tls(name="straße.example"), "192.0.2.1") == "xn--strae-oqa.example"
    assert tls_name(Tls(), "fe80::1%eth0") == "fe80::1"
    with pytest.raises(Unknown, match="is no host name"):
        tls_name(Tls(), "\u2488.example")
