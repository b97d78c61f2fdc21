"""Certificates are read in all their forms, and what is none is refused with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import made_certificates as made
from made_certificates import Made
from wharfinger.errors import TooLarge
from wharfinger.hosts import certificates
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


# Reading


@pytest.mark.parametrize(
    "content",
    [
        ROOT.pem,
        ROOT.der,
        ROOT.pem.replace(b"\n", b"\r\n"),
        ROOT.pem.rstrip(b"\n"),
        b"\xef\xbb\xbf" + b"\n" + ROOT.pem,
        b"Certificate:\n    Data: \xff\xfe text of openssl x509\n" + ROOT.pem + b"# the end\n",
        ROOT.pem.replace(b"BEGIN CERT", b"BEGIN X509 CERT").replace(b"END CERT", b"END X509 CERT"),
        ROOT.pem + b"\n" + ROOT.pem,
    ],
    ids=["pem", "der", "crlf", "no newline", "mark", "text around", "old label", "twice"],
)
def test_one_certificate_is_read_from_any_form(content):
    assert certificates.read(content, "ca.crt") == (ROOT.read,)


def test_a_chain_is_split_in_order():
    found = certificates.read(OTHER.pem + b"junk\n" + ROOT.pem, "chain.pem")

    assert [one.pem for one in found] == [OTHER.pem, ROOT.pem]


KEY = ROOT.key_pem


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "neither PEM"),
        (b"\x00" * 100, "neither PEM"),
        (b"<html>Sign in</html>", "neither PEM"),
        (ROOT.pem.decode().encode("utf-16"), "neither PEM"),
        (ROOT.pem.replace(b"MII", b"M?I", 1), "line 1 is not base64"),
        (OTHER.pem + ROOT.pem.partition(b"-----END")[0], "has no end"),
        (vector("trusted-form"), "TRUSTED form"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n", "request"),
        (b"-----BEGIN X509 CRL-----\n", "revocation list"),
        (b"-----BEGIN PUBLIC KEY-----\n", "'PUBLIC KEY'"),
        (
            OTHER.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            f"block 2 (line {OTHER.pem.count(10) + 1}) is no X.509",
        ),
        (ROOT.der[:-1], "neither PEM"),
        (ROOT.der + b"\n", "neither PEM"),
    ],
)
def test_what_is_no_certificate_is_refused_with_its_place(content, reason):
    with pytest.raises(certificates.UnreadableCertificate) as caught:
        certificates.read(content, "ca.crt")

    assert reason in caught.value.reason


@pytest.mark.parametrize(
    "content",
    [
        KEY,
        ROOT.pem + KEY,
        KEY + ROOT.pem,
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + KEY,
        b"-----BEGIN RSA PRIVATE KEY-----\n",
        ROOT.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        ROOT.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"open sesame"),
        ),
    ],
)
def test_a_private_key_is_refused_and_never_quoted(content):
    with pytest.raises(certificates.PrivateKeyInside) as caught:
        certificates.read(content, "ca.crt")

    assert "private key" in caught.value.message
    for line in KEY.splitlines()[1:-1]:
        assert line.decode() not in f"{caught.value.message} {caught.value.remedy}"


def test_a_bundle_of_5_mib_is_read_and_one_byte_more_is_not():
    bundle = (ROOT.pem + OTHER.pem) * 8000
    bundle = bundle[: certificates.SIZE_LIMIT]
    bundle = bundle[: bundle.rindex(b"-----BEGIN")]
    full = bundle + b"#" * (certificates.SIZE_LIMIT - len(bundle))

    assert certificates.read(full, "bundle.pem") == (ROOT.read, OTHER.read)
    with pytest.raises(TooLarge):
        certificates.read(full + b"#", "bundle.pem")


# Client certificates


def test_a_client_certificate_and_its_key_belong_together():
    one = made.client(ROOT)

    assert certificates.client(one.pem, one.key_pem, "client.cert", NOW) == one.read


def encrypted(one: Made) -> bytes:
    return one.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"open sesame"),
    )


CLIENT = made.client(ROOT)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (ROOT.key_pem, "belongs to another"),
        (encrypted(CLIENT), "has a passphrase"),
        (CLIENT.pem, "not a PEM private key"),
        (b"", "not a PEM private key"),
    ],
)
def test_a_client_certificate_without_a_key_that_fits_is_refused(key, reason):
    with pytest.raises(certificates.UnusableClientCertificate) as caught:
        certificates.client(CLIENT.pem, key, "client.cert", NOW)

    assert reason in caught.value.reason


# What certificates say


def test_a_file_of_ours_is_named_by_what_is_in_it():
    assert ROOT.read.file_name == f"wharfinger-{ROOT.read.fingerprint[:16]}.crt"
    assert ROOT.read.fingerprint == ROOT.certificate.fingerprint(hashes.SHA256()).hex()


def test_a_name_without_common_name_is_shown_whole():
    subject = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Site")])

    assert certificates._called(subject) == "O=Site"
