"""
Our own authority and the certificate that it gives the server.

For machines that have no certificate of their own to use. The authority (ECDSA P-256, ten years)
is made once and can vouch for servers only; the server certificate lives 397 days, which every
client accepts, and is made anew when a name is missing, when the authority is another one, or
when less than a third of its life is left. Pure but for the drawing of keys: PEM in, PEM out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    PrivateKeyTypes,
    PublicKeyTypes,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wharfinger.errors import BadInput

AUTHORITY_LIFE = timedelta(days=3652)
SERVER_LIFE = timedelta(days=397)
_SKEW = timedelta(hours=1)  # a client whose clock is a little behind must not refuse us
_LONGEST_COMMON_NAME = 64


class BadCertificate(BadInput):
    code = "bad-certificate"


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate (or a chain, the own one first) and its key, both PEM; the key as PKCS#8."""

    certificate: bytes
    key: bytes

    @property
    def leaf(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate)

    @property
    def ends(self) -> datetime:
        return self.leaf.not_valid_after_utc

    def __repr__(self) -> str:
        return "Pair(…)"  # the key must not reach a log by way of a traceback


def authority(now: datetime, owner: str) -> Pair:
    """Make a new authority; its key's fingerprint is in the name, so that no two are confused."""
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = _name(f"Wharfinger CA {identifier.digest.hex()[:12]} of {owner}")
    certificate = (
        _builder(now, AUTHORITY_LIFE)
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key)


def issue(issuer: Pair, names: Iterable[str], now: datetime) -> Pair:
    """Make a server certificate for DNS names and addresses."""
    names = tuple(names)
    key = ec.generate_private_key(ec.SECP256R1())
    signer = issuer.leaf
    issuer_key_identifier = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    certificate = (
        _builder(now, SERVER_LIFE)
        .subject_name(_name(names[0]))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                issuer_key_identifier.value
            ),
            critical=False,
        )
        .sign(_signing_key(issuer), hashes.SHA256())
    )
    return _pair(certificate, key)


def due(pair: Pair, issuer: Pair, names: Iterable[str], now: datetime) -> str | None:
    """Why the server certificate should be made anew, or None."""
    try:
        leaf = pair.leaf
        leaf.verify_directly_issued_by(issuer.leaf)
        key = serialization.load_pem_private_key(pair.key, None)
    except Exception as error:
        return f"it does not hold ({type(error).__name__})"
    if _public(key.public_key()) != _public(leaf.public_key()):
        return "its key is another one"
    if missing := set(names) - names_of(leaf):
        return f"it lacks the name {min(missing)}"
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    if now < leaf.not_valid_before_utc or leaf.not_valid_after_utc - now < life / 3:
        return "its life is nearly over"
    return None


def given(certificate: bytes, key: bytes) -> Pair:
    """A pair that somebody else made, its key brought into the form that the server reads."""
    try:
        chain = x509.load_pem_x509_certificates(certificate)
    except ValueError as error:
        raise BadCertificate("cannot read the certificate: it is not PEM") from error
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise BadCertificate(
            "cannot read the key of the certificate",
            remedy="give an unencrypted PEM key",
        ) from error
    if _public(private.public_key()) != _public(chain[0].public_key()):
        raise BadCertificate(
            "cannot use the certificate: the key belongs to another one",
            remedy="the server's own certificate comes first in the file, then its chain",
        )
    return Pair(certificate, _private(private))


def names_of(certificate: x509.Certificate) -> set[str]:
    """All DNS names and addresses that a client may verify."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    dns = names.get_values_for_type(x509.DNSName)
    return {*dns, *map(str, names.get_values_for_type(x509.IPAddress))}


def _builder(now: datetime, life: timedelta) -> x509.CertificateBuilder:
    begin = now.astimezone(UTC) - _SKEW
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:_LONGEST_COMMON_NAME])])


def _signing_key(issuer: Pair) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(issuer.key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadCertificate("cannot sign: the authority's key is not ECDSA")
    return key


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), _private(key))


def _private(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
