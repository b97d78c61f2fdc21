"""Each certificate that will not do as an authority is refused for its own reason."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.x509.oid import ExtendedKeyUsageOID

import made_certificates as made
from made_certificates import DAY, Made
from wharfinger.hosts import authorities
from wharfinger.oci.registry_host import RegistryHost

NOW = datetime.now(UTC)
HOST = RegistryHost.parse("registry.site.test:5000")
ADDRESS = RegistryHost.parse("10.1.2.3:5000")

ROOT = made.authority()
OTHER = made.authority("Other CA")


VECTORS = Path(__file__).parent.parent / "vectors" / "certificates"


def vector(name: str) -> bytes:
    """A certificate that OpenSSL made, since `cryptography` makes none of its kind any more."""
    return (VECTORS / f"{name}.pem").read_bytes()


def refused(one: Made, registry: RegistryHost | None = HOST) -> str:
    with pytest.raises(authorities.UnusableAuthority) as caught:
        authorities.read(one.pem, "ca.crt", NOW, registry=registry)
    return caught.value.reason


def accepted(one: Made, registry: RegistryHost | None = HOST) -> bool:
    return authorities.read(one.pem, "ca.crt", NOW, registry=registry) == (one.read,)


def test_a_sound_authority_will_do_for_a_registry_and_for_all():
    for key in (made.elliptic(), made.elliptic(ec.SECP384R1()), made.rsa_key(2048)):
        one = made.authority(key=key)
        assert accepted(one, HOST)
        assert accepted(one, ADDRESS)
        assert accepted(one, None)


def basic(ca: bool) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=ca, path_length=None)


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (made.authority(begins=DAY), "it is not valid before"),
        (made.authority(begins=-9 * DAY, ends=-DAY), "it expired on"),
        (made.make("CA", basic(True), made.usage(crl_sign=True)), "does not allow it to sign"),
        (made.authority("CA", CLIENTS), "does not allow TLS servers"),
        (made.authority(key=made.rsa_key(1024)), "RSA with 1024 bits"),
        (made.authority(key=made.elliptic(ec.SECP256K1())), "Go does not know its curve secp256k1"),
        (made.authority("CA", UNKNOWN), "critical extension 1.2.3.4"),
        (made.server(ROOT, HOST.host), "it is no CA (CA:TRUE is missing); 'Site CA' issued it"),
        (made.make("CA", basic(False), issuer=ROOT), "it is no CA (CA:TRUE is missing)"),
        (made.server(None, "other.site.test"), "it is not for registry.site.test:5000"),
        (made.make("registry.site.test"), "it is not for registry.site.test:5000"),
    ],
)
def test_what_will_not_do_is_refused_with_its_reason(one, reason):
    assert reason in refused(one)


def test_a_dsa_key_is_refused():
    key = dsa.generate_private_key(2048)
    one = made.authority(key=key)

    assert "kind of key (DSAPublicKey)" in refused(one)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("version-1", "version 1 certificate"),
        ("sha1-sub", "signed with SHA1"),
        ("ed448-root", "kind of key (Ed448PublicKey)"),
    ],
)
def test_what_our_own_library_would_not_make_is_refused_too(name, reason):
    with pytest.raises(authorities.UnusableAuthority) as caught:
        authorities.read(vector(name), name, NOW)

    assert reason in caught.value.reason


@pytest.mark.parametrize("name", ["sha1-root", "md5-root"])
def test_the_signature_of_a_root_does_not_matter(name):
    (one,) = authorities.read(vector(name), name, NOW)

    assert authorities.warnings([one], NOW) == []


def test_the_first_bad_one_of_a_bundle_refuses_all():
    late = made.authority("Late CA", begins=-9 * DAY, ends=-DAY)

    with pytest.raises(authorities.UnusableAuthority) as caught:
        authorities.read(ROOT.pem + late.pem, "bundle.pem", NOW)

    assert caught.value.certificate.subject == "Late CA"


def test_a_server_that_signs_itself_is_its_own_authority_and_nobody_elses():
    one = made.server(None, HOST.host, "10.1.2.3")

    assert accepted(one, HOST)
    assert accepted(one, ADDRESS)
    assert "a server's own certificate" in refused(one, None)
    assert "not for other.test" in refused(one, RegistryHost.parse("other.test"))
    (warning,) = authorities.warnings([one.read], NOW)
    assert "when it changes" in warning


def test_a_wildcard_stands_for_one_label():
    one = made.server(None, "*.site.test").read

    assert authorities.names(one, RegistryHost.parse("registry.site.test:5000"))
    assert not authorities.names(one, RegistryHost.parse("site.test"))
    assert not authorities.names(one, RegistryHost.parse("a.registry.site.test"))


def constrained(permitted: list[x509.GeneralName] | None, excluded: object = None) -> Made:
    return made.authority("CA", x509.NameConstraints(permitted, excluded))


def dns(name: str) -> x509.GeneralName:
    return x509.DNSName(name)


def network(text: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_network(text))


def test_name_constraints_are_held_against_the_registry():
    site = constrained([dns("site.test")])
    assert accepted(site, HOST)
    assert "permit site.test and not quay.test" in refused(site, RegistryHost.parse("quay.test"))
    assert "not evilsite.test" in refused(site, RegistryHost.parse("evilsite.test"))
    assert accepted(site, ADDRESS)  # names do not constrain addresses
    assert accepted(site, None)

    below = constrained([dns(".site.test")])
    assert accepted(below, HOST)
    assert "and not site.test" in refused(below, RegistryHost.parse("site.test"))

    assert "exclude registry.site.test" in refused(constrained(None, [dns("site.test")]))
    near = constrained([network("10.1.0.0/16")])
    assert accepted(near, ADDRESS)
    assert "and not 10.9.2.3" in refused(near, RegistryHost.parse("10.9.2.3"))


# Warning


def test_a_sound_authority_needs_no_words():
    assert authorities.warnings([ROOT.read, OTHER.read], NOW) == []


def test_what_expires_soon_is_said():
    soon = made.authority(ends=29.5 * DAY)

    (warning,) = authorities.warnings([soon.read], NOW)
    assert warning.endswith("in 29 days")


def test_two_keys_under_one_name_are_said():
    again = made.authority()

    (warning,) = authorities.warnings([again.read], NOW, beside=[ROOT.read])
    assert "with another key" in warning


def test_an_intermediate_wants_its_issuer_and_a_path_that_allows_it():
    below = made.authority("Sub CA", issuer=ROOT)
    short = made.make(
        "Short CA", x509.BasicConstraints(ca=True, path_length=0), made.usage(key_cert_sign=True)
    )
    too_deep = made.authority("Sub CA", issuer=short)

    assert accepted(below)
    (alone,) = authorities.warnings([below.read], NOW)
    assert "want its issuer too, 'Site CA'" in alone
    assert authorities.warnings([below.read, ROOT.read], NOW) == []
    (deep,) = authorities.warnings([too_deep.read], NOW, beside=[short.read])
    assert deep == "'Short CA' has path length 0 and may not issue 'Sub CA'"
