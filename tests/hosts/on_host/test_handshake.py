"""A handshake says whether a runtime would trust a registry, and if not, why."""

from __future__ import annotations

import socket
import threading
from contextlib import closing

import pytest

import made_certificates as made
import tls_server
from made_certificates import DAY, Made
from tls_server import serving
from wharfinger.hosts.on_host import changes, handshake
from wharfinger.hosts.on_host.handshake import Seen
from wharfinger.hosts.on_host.results import Holds, Proven
from wharfinger.hosts.on_host.runtime_trust import Trusted
from wharfinger.hosts.on_host.tree import Tree
from wharfinger.oci.registry_host import RegistryHost

ROOT = made.authority()
OTHER = made.authority("Other CA")
SERVER = made.server(ROOT, "localhost", "127.0.0.1")


def met(
    port: int, *trusted: Made, host: str = "localhost", client: Made | None = None, go: bool = True
) -> Seen:
    shown = None if client is None else (client.pem, client.key_pem)
    found = Trusted(tuple(one.der for one in trusted), shown)
    return handshake.meet(RegistryHost.parse(f"{host}:{port}"), found, go, seconds=5)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_registry_of_a_trusted_authority_is_trusted_by_name_and_by_address(tmp_path, host):
    with serving(tmp_path, SERVER) as port:
        seen = met(port, OTHER, ROOT, host=host)

    assert seen.holds is Holds.YES
    assert seen.issuer == "Site CA"
    assert seen.ends == SERVER.read.ends.timestamp()


def test_an_ipv6_address_is_trusted(tmp_path):
    with serving(tmp_path, made.server(ROOT, "::1"), address="::1") as port:
        assert met(port, ROOT, host="[::1]").holds is Holds.YES


def refused(tmp_path, own: Made, *trusted: Made, chain: tuple[Made, ...] = (), **how) -> str:
    with serving(tmp_path, own, *chain) as port:
        seen = met(port, *trusted, **how)
    assert seen.holds is Holds.NO
    assert seen.ends == own.read.ends.timestamp()
    return seen.why


def test_an_unknown_authority_is_named(tmp_path):
    assert refused(tmp_path, SERVER, OTHER) == "certificate signed by unknown authority (Site CA)"
    assert refused(tmp_path, SERVER).startswith("certificate signed by unknown authority")


def test_another_key_under_the_same_name_vouches_for_nothing(tmp_path):
    why = refused(tmp_path, SERVER, made.authority())

    assert why == "certificate signed by unknown authority (Site CA)"


def test_the_names_of_another_registrys_certificate_are_told(tmp_path):
    own = made.server(ROOT, "a.test", "b.test", "10.0.0.1")

    assert refused(tmp_path, own, ROOT) == "certificate is for a.test, b.test, 10.0.0.1"
    assert refused(tmp_path, own, ROOT, host="127.0.0.1") == (
        "certificate is for a.test, b.test, 10.0.0.1"
    )


def test_a_common_name_does_not_count_in_go(tmp_path):
    own = made.make("localhost", issuer=ROOT)

    assert refused(tmp_path, own, ROOT) == "certificate has no alternative names"
    with serving(tmp_path, own) as port:
        assert met(port, ROOT, go=False).holds is Holds.YES


def test_an_expired_certificate_and_one_from_the_future_are_told(tmp_path):
    late = made.server(ROOT, "localhost", begins=-9 * DAY, ends=-DAY)
    early = made.server(ROOT, "localhost", begins=DAY)

    assert "has expired" in refused(tmp_path, late, ROOT)
    assert "not valid yet" in refused(tmp_path, early, ROOT)


def test_an_expired_authority_vouches_for_nothing(tmp_path):
    late = made.authority("Late CA", begins=-9 * DAY, ends=-DAY)

    assert "or one above it, has expired" in refused(tmp_path, made.server(late, "localhost"), late)


def test_name_constraints_hold(tmp_path):
    from cryptography import x509

    narrow = made.authority("CA", x509.NameConstraints([x509.DNSName("site.test")], None))

    assert "permitted" in refused(tmp_path, made.server(narrow, "localhost"), narrow)


def test_any_trusted_certificate_ends_a_chain(tmp_path):
    below = made.authority("Sub CA", issuer=ROOT)
    own = made.server(below, "localhost")
    alone = made.server(None, "localhost")

    with serving(tmp_path, own, below) as port:
        assert met(port, ROOT).holds is Holds.YES
        assert met(port, below).holds is Holds.YES
        assert met(port, own).holds is Holds.YES
    with serving(tmp_path, alone) as port:
        assert met(port, alone).holds is Holds.YES
    assert "unknown authority" in refused(tmp_path, own, ROOT)  # the server keeps the middle back


def test_a_short_key_passes_in_go_and_not_in_curl(tmp_path):
    weak = made.authority("Weak CA", key=made.rsa_key(1024))
    own = made.server(weak, "localhost", key=made.rsa_key(1024))

    with serving(tmp_path, own) as port:
        assert met(port, weak, go=True).holds is Holds.YES
        assert met(port, weak, go=False).holds is Holds.NO


def test_a_client_certificate_is_shown_where_it_is_asked_for(tmp_path):
    mine = made.client(ROOT)
    foreign = made.client(OTHER)

    with serving(tmp_path, SERVER, clients_of=ROOT) as port:
        assert met(port, ROOT, client=mine).holds is Holds.YES
        without, wrong = met(port, ROOT), met(port, ROOT, client=foreign)

    assert (without.holds, without.why) == (Holds.NO, "the registry asks for a client certificate")
    assert wrong.holds is Holds.NO


def test_a_proxy_that_asks_for_a_client_certificate_in_http_is_understood(tmp_path):
    said = b"HTTP/1.1 400 Bad Request\r\n\r\n<center>No required SSL certificate was sent</center>"
    with serving(tmp_path, SERVER, answer=said) as port:
        assert met(port, ROOT).why == "the registry asks for a client certificate"


def test_a_key_of_another_certificate_is_told_before_anybody_is_asked():
    mine = made.client(ROOT)
    found = Trusted((ROOT.der,), (mine.pem, OTHER.key_pem))

    seen = handshake.meet(RegistryHost.parse("localhost:1"), found, True)

    assert (seen.holds, seen.why) == (
        Holds.NO,
        "the client certificate and its key cannot be used together",
    )


def test_where_any_certificate_is_taken_there_is_nothing_to_verify(tmp_path):
    with serving(tmp_path, made.server(OTHER, "a.test")) as port:
        found = Trusted((), unverified="skip_verify")
        seen = handshake.meet(RegistryHost.parse(f"localhost:{port}"), found, True)

    assert seen.holds is Holds.YES


def test_nobody_there_is_neither_yes_nor_no():
    with tls_server.listening() as listener:
        port = listener.getsockname()[1]

    seen = met(port, ROOT)

    assert seen.holds is Holds.UNKNOWN
    assert seen.why == f"localhost:{port} does not answer: Connection refused"


def test_a_registry_that_never_answers_is_given_up(monkeypatch):
    with tls_server.listening() as listener:
        port = listener.getsockname()[1]
        registry = RegistryHost.parse(f"127.0.0.1:{port}")
        seen = handshake.meet(registry, Trusted((ROOT.der,)), True, seconds=0.2)

    assert seen.holds is Holds.UNKNOWN
    assert "timed out" in seen.why


def test_a_registry_that_hangs_up_is_neither_yes_nor_no():
    with tls_server.listening() as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=lambda: listener.accept()[0].close())
        thread.start()
        seen = met(port, ROOT)
        thread.join()

    assert (seen.holds, seen.why) == (Holds.UNKNOWN, f"localhost:{port} hangs up")


def test_a_registry_without_tls_is_no_secure_one():
    with tls_server.listening() as listener:
        thread = threading.Thread(target=_answer_plainly, args=(listener,))
        thread.start()
        seen = met(listener.getsockname()[1], ROOT)
        thread.join()

    assert (seen.holds, seen.why) == (Holds.NO, "the registry answers without TLS")


def _answer_plainly(listener: socket.socket) -> None:
    channel, _ = listener.accept()
    with closing(channel):
        channel.recv(4096)
        channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_what_the_runtime_would_stumble_over_is_the_answer():
    seen = handshake.meet(RegistryHost.parse("localhost:1"), Trusted(fault="no key"), True)

    assert seen == Seen(Holds.NO, "no key")


def test_a_proof_names_the_runtime_and_the_registry(tmp_path):
    with serving(tmp_path, SERVER) as port:
        folder = tmp_path / f"etc/containers/certs.d/localhost:{port}"
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(ROOT.pem)
        files = Tree(str(tmp_path))
        proven = [
            handshake.prove(files, changes.Handshake(f"localhost:{port}", runtime))
            for runtime in ("containers", "docker", "system")
        ]

    assert proven[0] == Proven(f"containers trusts localhost:{port}", Holds.YES)
    assert "127.0.0.1 counts as insecure" in proven[1].why
    assert proven[2].holds is Holds.NO
