import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wharfinger.server import certificates
from wharfinger.server.certificates import BadCertificate, Pair

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = ("127.0.0.1", "::1", "localhost", "registry.test")


@pytest.fixture(scope="module")
def authority():
    return certificates.authority(NOW, "machine.test")


@pytest.fixture(scope="module")
def server(authority):
    return certificates.issue(authority, NAMES, NOW)


def test_the_authority_can_vouch_for_servers_and_for_no_other_authority(authority):
    constraints = authority.leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = authority.leaf.extensions.get_extension_for_class(x509.KeyUsage).value

    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    assert usage.key_cert_sign
    assert not usage.digital_signature
    assert isinstance(authority.leaf.public_key().curve, ec.SECP256R1)


def test_two_authorities_never_bear_the_same_name(authority):
    assert certificates.authority(NOW, "machine.test").leaf.subject != authority.leaf.subject


def test_the_server_certificate_carries_every_name_and_address(server):
    names = server.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["localhost", "registry.test"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]


def test_no_client_finds_the_server_certificate_too_long(server):
    life = server.leaf.not_valid_after_utc - server.leaf.not_valid_before_utc

    assert life <= timedelta(days=397)


def test_a_fresh_certificate_is_not_made_anew(authority, server):
    assert certificates.due(server, authority, NAMES, NOW) is None
    assert certificates.due(server, authority, NAMES, NOW + timedelta(days=260)) is None


def test_a_certificate_is_made_anew_before_a_third_of_its_life_is_left(authority, server):
    assert certificates.due(server, authority, NAMES, NOW + timedelta(days=266))


def test_a_certificate_from_the_future_is_made_anew(authority, server):
    assert certificates.due(server, authority, NAMES, NOW - timedelta(days=1))


def test_a_certificate_that_lacks_a_name_is_made_anew(authority, server):
    assert "new.test" in certificates.due(server, authority, (*NAMES, "new.test"), NOW)


def test_a_certificate_of_another_authority_is_made_anew(server):
    assert certificates.due(server, certificates.authority(NOW, "machine.test"), NAMES, NOW)


def test_a_pair_that_a_crash_tore_apart_is_made_anew(authority, server):
    torn = Pair(server.certificate, certificates.issue(authority, NAMES, NOW).key)

    assert certificates.due(torn, authority, NAMES, NOW) == "its key is another one"
    assert certificates.due(Pair(b"", server.key), authority, NAMES, NOW)
    assert certificates.due(Pair(server.certificate, b""), authority, NAMES, NOW)


def test_a_real_client_trusts_the_server_through_the_authority(tmp_path, authority, server):
    (tmp_path / "tls.crt").write_bytes(server.certificate)
    (tmp_path / "tls.key").write_bytes(server.key)
    now = certificates.authority(datetime.now(UTC), "machine.test")
    pair = certificates.issue(now, NAMES, datetime.now(UTC))
    (tmp_path / "tls.crt").write_bytes(pair.certificate)
    (tmp_path / "tls.key").write_bytes(pair.key)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    theirs = ssl.create_default_context(cadata=now.certificate.decode())

    for name in NAMES:
        assert handshake(ours, theirs, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(ours, theirs, "other.test")


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str | None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = server.wrap_bio(to_server, to_client, server_side=True)
    two = client.wrap_bio(to_client, to_server, server_hostname=name)
    pending = [two, one]
    for _ in range(10):
        for side in list(pending):
            try:
                side.do_handshake()
                pending.remove(side)
            except ssl.SSLWantReadError:
                continue
    return two.version()


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8]
)
def test_a_given_key_is_brought_into_the_form_that_the_server_reads(authority, form):
    pair = certificates.issue(authority, NAMES, NOW)
    key = serialization.load_pem_private_key(pair.key, None)
    written = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    assert certificates.given(pair.certificate + authority.certificate, written).key == pair.key


def test_a_given_key_of_another_certificate_is_refused(server):
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    with pytest.raises(BadCertificate, match="belongs to another"):
        certificates.given(server.certificate, key)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe"])
def test_files_that_are_no_pem_are_refused(server, content):
    with pytest.raises(BadCertificate):
        certificates.given(content, server.key)
    with pytest.raises(BadCertificate):
        certificates.given(server.certificate, content)


def test_a_pair_does_not_show_its_key(server):
    assert "PRIVATE" not in repr(server)
