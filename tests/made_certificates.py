"""Certificates of any kind, good and bad, as the tests of trust need them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wharfinger.hosts.certificates import Certificate

DAY = timedelta(days=1)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Made:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def read(self) -> Certificate:
        return Certificate(self.der, self.certificate)


def elliptic(curve: ec.EllipticCurve | None = None) -> PrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


@cache
def rsa_key(bits: int) -> PrivateKey:
    return rsa.generate_private_key(65537, bits)


def make(
    common_name: str,
    *extensions: x509.ExtensionType,
    issuer: Made | None = None,
    key: PrivateKey | None = None,
    begins: timedelta = -DAY,
    ends: timedelta = 365 * DAY,
    signed_with: hashes.HashAlgorithm | None = None,
    critical: bool = True,
) -> Made:
    """Without an issuer it signs itself. Life counts from now."""
    now = datetime.now(UTC)
    key = key or elliptic()
    subject = _name(common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    signer = issuer.key if issuer else key
    return Made(builder.sign(signer, signed_with or hashes.SHA256()), key)


def authority(common_name: str = "Site CA", *more: x509.ExtensionType, **how: Any) -> Made:
    return make(
        common_name,
        x509.BasicConstraints(ca=True, path_length=None),
        usage(key_cert_sign=True),
        *more,
        **how,
    )


def server(issuer: Made | None, *hosts: str, **how: Any) -> Made:
    """A server's certificate for names and addresses."""
    return make(
        hosts[0] if hosts else "server",
        *([alternatives(hosts)] if hosts else []),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        issuer=issuer,
        critical=False,
        **how,
    )


def client(issuer: Made) -> Made:
    return make(
        "client",
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
        issuer=issuer,
        critical=False,
    )


def alternatives(hosts: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general(host) for host in hosts])


def usage(**allowed: bool) -> x509.KeyUsage:
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in every.split()})


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
