"""
Read certificates: PEM (a chain or a bundle, with text between the blocks) and DER, up to 5 MiB, as
single certificates. Whether one will do as an authority is judged in `authorities`.

Pure. A private key is never kept and never quoted: what has one in it is refused.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from wharfinger.errors import BadInput, TooLarge

SIZE_LIMIT: Final = 5 << 20

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_BEGIN: Final = re.compile(rb"-----BEGIN ([^\r\n]*?)-----[ \t]*\r?$", re.MULTILINE)
_OTHER_FORMS: Final = {
    "TRUSTED CERTIFICATE": "it is in OpenSSL's TRUSTED form, which only OpenSSL reads",
    "CERTIFICATE REQUEST": "it is a request for a certificate, not a certificate",
    "NEW CERTIFICATE REQUEST": "it is a request for a certificate, not a certificate",
    "X509 CRL": "it is a revocation list, not a certificate",
    "PKCS7": "it is a PKCS #7 container",
}
_REMEDIES: Final = {
    "TRUSTED CERTIFICATE": "convert it: openssl x509 -in FILE -out NEW.crt",
    "PKCS7": "convert it: openssl pkcs7 -print_certs -in FILE -out NEW.crt",
}


class UnreadableCertificate(BadInput):
    """Not what a certificate looks like; `reason` says what is wrong and where."""

    code = "unreadable-certificate"

    def __init__(self, source: str, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(f"cannot read a certificate from {source}: {reason}", remedy=remedy)
        self.source, self.reason = source, reason


class PrivateKeyInside(UnreadableCertificate):
    """A private key stands where certificates are given out to everybody."""

    code = "private-key-inside"

    def __init__(self, source: str) -> None:
        super().__init__(
            source,
            "there is a private key in it",
            remedy="give the certificate alone; if others could read the file, make a new key",
        )


class UnusableClientCertificate(BadInput):
    code = "unusable-client-certificate"

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"cannot use {source} as a client certificate: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate that was read. Two are equal if their bytes are."""

    der: bytes = field(repr=False)
    parsed: x509.Certificate = field(repr=False, compare=False)

    @property
    def pem(self) -> bytes:
        return self.parsed.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER form, in hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def file_name(self) -> str:
        """What a file of ours with it is called, in any trust directory."""
        return file_name(self.fingerprint)

    @property
    def subject(self) -> str:
        return _called(self.parsed.subject) or f"serial number {self.parsed.serial_number:x}"

    @property
    def issuer(self) -> str:
        return _called(self.parsed.issuer)

    @property
    def begins(self) -> datetime:
        return self.parsed.not_valid_before_utc

    @property
    def ends(self) -> datetime:
        return self.parsed.not_valid_after_utc

    @property
    def signs_itself(self) -> bool:
        return self.parsed.subject == self.parsed.issuer and is_issued_by(self, self)

    @property
    def is_authority(self) -> bool:
        """Does it say that it is a CA?"""
        constraints = extension(self, x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @property
    def public_key(self) -> bytes:
        return self.parsed.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def file_name(fingerprint: str) -> str:
    return f"wharfinger-{fingerprint[:16]}.crt"


# Reading


def read(content: bytes, source: str) -> tuple[Certificate, ...]:
    """All certificates of a file, each once; at least one.

    Raise `UnreadableCertificate`, `PrivateKeyInside` or `TooLarge`. `source` names the file in the
    messages.
    """
    if len(content) > SIZE_LIMIT:
        raise TooLarge(
            f"cannot read a certificate from {source}: it has more than {SIZE_LIMIT >> 20} MiB"
        )
    blocks = list(_blocks(content, source))
    if not blocks:
        return (_from_der(content, source, _NOTHING),)
    return tuple(
        dict.fromkeys(
            _from_der(der, source, f"block {number} (line {line}) is no X.509 certificate")
            for number, (line, der) in enumerate(blocks, 1)
        )
    )


_NOTHING: Final = "it is neither PEM (-----BEGIN CERTIFICATE-----) nor a DER certificate"


def _blocks(content: bytes, source: str) -> Iterator[tuple[int, bytes]]:
    """The line and the bytes of each PEM block; text before, between and after is skipped."""
    position, line = 0, 1
    while (begin := _BEGIN.search(content, position)) is not None:
        line += content.count(b"\n", position, begin.start())
        label = begin[1].decode("ascii", "replace")
        if "PRIVATE KEY" in label:
            raise PrivateKeyInside(source)
        if label not in ("CERTIFICATE", "X509 CERTIFICATE"):
            raise UnreadableCertificate(
                source,
                _OTHER_FORMS.get(label, f"line {line} begins a {label!r}"),
                remedy=_REMEDIES.get(label),
            )
        end = content.find(b"-----END " + begin[1] + b"-----", begin.end())
        if end < 0:
            raise UnreadableCertificate(source, f"the block that begins in line {line} has no end")
        yield line, _decoded(content[begin.end() : end], source, line)
        line += content.count(b"\n", begin.start(), end)
        position = end


def _decoded(text: bytes, source: str, line: int) -> bytes:
    try:
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True)
    except binascii.Error:
        raise UnreadableCertificate(
            source, f"the block that begins in line {line} is not base64"
        ) from None


def _from_der(der: bytes, source: str, otherwise: str) -> Certificate:
    try:
        parsed = x509.load_der_x509_certificate(der)
        parsed.public_key()
        _ = parsed.extensions, parsed.subject, parsed.issuer
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion):
        if _is_key(der):
            raise PrivateKeyInside(source) from None
        raise UnreadableCertificate(source, otherwise) from None
    return Certificate(der, parsed)


def _is_key(der: bytes) -> bool:
    try:
        serialization.load_der_private_key(der, None)
    except TypeError:  # it is encrypted
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


# Client certificates


def client(certificate: bytes, key: bytes, source: str, now: datetime) -> Certificate:
    """Check that a client certificate holds and that the key is its own; return the certificate.

    Raise `UnusableClientCertificate`, or what `read` raises.
    """
    own, *_ = read(certificate, source)
    try:
        private = serialization.load_pem_private_key(key, None)
    except TypeError:
        raise UnusableClientCertificate(source, "its key has a passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableClientCertificate(source, "its key is not a PEM private key") from None
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if public != own.public_key:
        raise UnusableClientCertificate(source, "the key belongs to another certificate")
    if (reason := untimely(own, now)) is not None:
        raise UnusableClientCertificate(source, reason)
    return own


# What certificates say


def is_issued_by(one: Certificate, issuer: Certificate) -> bool:
    """By name and signature; by name alone where nobody verifies signatures of that kind any more."""
    if one.parsed.issuer != issuer.parsed.subject:
        return False
    try:
        one.parsed.verify_directly_issued_by(issuer.parsed)
    except (TypeError, InvalidSignature):
        return False
    except (ValueError, UnsupportedAlgorithm):
        return True  # MD5, SHA-1
    return True


def untimely(certificate: Certificate, now: datetime) -> str | None:
    """Why it does not hold now, or `None` if it does."""
    if now < certificate.begins:
        return f"it is not valid before {moment(certificate.begins)}"
    if certificate.ends < now:
        return f"it expired on {moment(certificate.ends)}"
    return None


def days_left(certificate: Certificate, now: datetime) -> int:
    """Whole days until it ends, negative once it has."""
    return (certificate.ends - now).days


def extension(certificate: Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _called(name: x509.Name) -> str:
    """The common name, or all of the name where it has none."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[-1].value) if common else name.rfc4514_string()


def moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
