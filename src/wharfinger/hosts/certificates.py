"""
Read certificates and judge whether one will do as an authority for a registry.

Reading takes PEM (a chain or a bundle, with text between the blocks) and DER, up to 5 MiB, and gives
single certificates. Judging says why a certificate will not do, by what Go (Docker, containerd,
Podman) and OpenSSL (curl, Python) require of one that they are to trust. RFC 5280 has the terms.

A certificate that a server signed for itself, without CA flag, is an authority for itself alone: all
of these programs take it. So it will do for the registry that it names, and never for a whole host.

Pure. A private key is never kept and never quoted: what has one in it is refused.
"""

from __future__ import annotations

import binascii
import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from wharfinger.errors import BadInput, TooLarge
from wharfinger.oci.registry_host import RegistryHost

SIZE_LIMIT: Final = 5 << 20
SOON: Final = timedelta(days=30)
RSA_BITS: Final = 2048
"""What OpenSSL requires at security level 2, the default of Debian and RHEL."""

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
_CURVES: Final = ("secp224r1", "secp256r1", "secp384r1", "secp521r1")
_HANDLED: Final = frozenset(
    {
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    }
)
"""Extensions that Go understands; an unknown one that is critical makes it refuse the chain."""


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


class UnusableAuthority(BadInput):
    """A certificate that no runtime would take as an authority; `reason` is the first rule broken."""

    code = "unusable-authority"

    def __init__(self, source: str, certificate: Certificate, reason: str) -> None:
        super().__init__(
            f"cannot trust {certificate.subject!r} from {source}: {reason}",
            remedy="ask whoever runs the registry for the certificate of the CA that signed its own",
        )
        self.source, self.certificate, self.reason = source, certificate, reason


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
        constraints = _extension(self, x509.BasicConstraints)
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


# Judging


def authorities(
    content: bytes, source: str, now: datetime, *, registry: RegistryHost | None = None
) -> tuple[Certificate, ...]:
    """Read certificates that shall vouch for `registry`, or for everything where it is `None`.

    Raise what `read` raises, and `UnusableAuthority` for the first that will not do.
    """
    found = read(content, source)
    for certificate in found:
        if (reason := refusal(certificate, now, registry)) is not None:
            raise UnusableAuthority(source, certificate, reason)
    return found


def refusal(certificate: Certificate, now: datetime, registry: RegistryHost | None) -> str | None:
    """Why a certificate will not do as an authority, or `None` if it will."""
    reasons = (rule(certificate, now) for rule in _RULES)
    first = next((reason for reason in reasons if reason is not None), None)
    if first is not None:
        return first
    if not certificate.is_authority:
        return _not_an_authority(certificate, registry)
    return None if registry is None else _outside_constraints(certificate, registry)


def _too_early(certificate: Certificate, now: datetime) -> str | None:
    if certificate.begins <= now:
        return None
    return f"it is not valid before {_moment(certificate.begins)}"


def _too_late(certificate: Certificate, now: datetime) -> str | None:
    if now <= certificate.ends:
        return None
    return f"it expired on {_moment(certificate.ends)}"


def _old_version(certificate: Certificate, _: datetime) -> str | None:
    if certificate.parsed.version is x509.Version.v3:
        return None
    return "it is an X.509 version 1 certificate, which cannot say that it is a CA"


def _may_not_sign(certificate: Certificate, _: datetime) -> str | None:
    usage = _extension(certificate, x509.KeyUsage)
    if not certificate.is_authority or usage is None or usage.key_cert_sign:
        return None
    return "its key usage does not allow it to sign certificates"


def _not_for_servers(certificate: Certificate, _: datetime) -> str | None:
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    fitting = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if usage is None or fitting & set(usage):
        return None
    return "its extended key usage does not allow TLS servers"


def _weak_key(certificate: Certificate, _: datetime) -> str | None:
    match certificate.parsed.public_key():
        case rsa.RSAPublicKey(key_size=bits) if bits < RSA_BITS:
            return f"its key is weak: RSA with {bits} bits, and {RSA_BITS} are the least"
        case rsa.RSAPublicKey() | ed25519.Ed25519PublicKey():
            return None
        case ec.EllipticCurvePublicKey(curve=curve):
            return None if curve.name in _CURVES else f"Go does not know its curve {curve.name}"
        case key:
            return f"Go does not know its kind of key ({type(key).__name__.lstrip('_')})"


def _weak_signature(certificate: Certificate, _: datetime) -> str | None:
    """Nobody looks at the signature that a root puts on itself."""
    try:
        algorithm = certificate.parsed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "its signature algorithm is unknown"
    weak = algorithm is not None and algorithm.name in ("md5", "sha1")
    if not weak or certificate.parsed.subject == certificate.parsed.issuer:
        return None
    assert algorithm is not None
    return f"it is signed with {algorithm.name.upper()}, which is broken"


def _unknown_and_critical(certificate: Certificate, _: datetime) -> str | None:
    for extension in certificate.parsed.extensions:
        if extension.critical and extension.oid not in _HANDLED:
            return f"Go does not know its critical extension {extension.oid.dotted_string}"
    return None


_RULES: Final[tuple[Callable[[Certificate, datetime], str | None], ...]] = (
    _too_early,
    _too_late,
    _old_version,
    _may_not_sign,
    _not_for_servers,
    _weak_key,
    _weak_signature,
    _unknown_and_critical,
)


def _not_an_authority(certificate: Certificate, registry: RegistryHost | None) -> str | None:
    """A certificate without CA flag will do for one registry, if that signed it for itself."""
    if not certificate.signs_itself:
        return f"it is no CA (CA:TRUE is missing); {certificate.issuer!r} issued it"
    if registry is None:
        return "it is no CA (CA:TRUE is missing) but a server's own certificate"
    if not names(certificate, registry):
        return f"it is no CA (CA:TRUE is missing), and as a server's own it is not for {registry}"
    return None


def names(certificate: Certificate, registry: RegistryHost) -> bool:
    """Is it a certificate for this registry? Only subject alternative names count, as in Go."""
    found = _extension(certificate, x509.SubjectAlternativeName)
    if found is None:
        return False
    if registry.is_address:
        address = ipaddress.ip_address(registry.address)
        return address in found.get_values_for_type(x509.IPAddress)
    return any(
        _is_host(pattern.lower(), registry.host)
        for pattern in found.get_values_for_type(x509.DNSName)
    )


def _is_host(pattern: str, host: str) -> bool:
    if not pattern.startswith("*."):
        return pattern == host
    return host.partition(".")[2] == pattern[2:]


def _outside_constraints(certificate: Certificate, registry: RegistryHost) -> str | None:
    """RFC 5280, section 4.2.1.10: a kind of name that the list does not have is not constrained."""
    constraints = _extension(certificate, x509.NameConstraints)
    if constraints is None:
        return None
    permitted = _subtrees(constraints.permitted_subtrees, registry)
    excluded = _subtrees(constraints.excluded_subtrees, registry)
    if any(_lies_in(registry, tree) for tree in excluded):
        return f"its name constraints exclude {registry.host}"
    if permitted and not any(_lies_in(registry, tree) for tree in permitted):
        return (
            f"its name constraints permit {', '.join(map(str, permitted))} and not {registry.host}"
        )
    return None


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _subtrees(
    found: Iterable[x509.GeneralName] | None, registry: RegistryHost
) -> list[str | _Network]:
    """The constraints of the kind that the registry's host has: addresses, or names."""
    kind = x509.IPAddress if registry.is_address else x509.DNSName
    values = (name.value for name in found or () if isinstance(name, kind))
    return [value for value in values if isinstance(value, str | _Network)]


def _lies_in(registry: RegistryHost, tree: str | _Network) -> bool:
    if not isinstance(tree, str):
        return ipaddress.ip_address(registry.address) in tree
    domain = tree.lower()
    if not domain:
        return True
    if domain.startswith("."):
        return registry.host.endswith(domain)
    return registry.host == domain or registry.host.endswith(f".{domain}")


# Warning


def warnings(
    certificates: Sequence[Certificate], now: datetime, *, beside: Iterable[Certificate] = ()
) -> list[str]:
    """What a person should know of authorities that will do; `beside` are those trusted already."""
    known = [*certificates, *beside]
    return [text for one in certificates for text in _warnings(one, known, now)]


def _warnings(one: Certificate, known: Sequence[Certificate], now: datetime) -> Iterator[str]:
    if one.ends - now < SOON:
        yield f"{one.subject!r} expires on {_moment(one.ends)}, in {(one.ends - now).days} days"
    if any(
        other.parsed.subject == one.parsed.subject and other.public_key != one.public_key
        for other in known
    ):
        yield f"{one.subject!r} is trusted with another key too: remove the old one after a rotation"
    if not one.is_authority:
        yield f"{one.subject!r} is a server's own certificate: give the new one when it changes"
    elif not one.signs_itself:
        yield from _intermediate(one, [other for other in known if other != one])


def _intermediate(one: Certificate, others: Sequence[Certificate]) -> Iterator[str]:
    issuers = [other for other in others if is_issued_by(one, other)]
    if not issuers:
        yield (
            f"{one.subject!r} is an intermediate CA: some programs that use OpenSSL "
            f"want its issuer too, {one.issuer!r}"
        )
    for issuer in issuers:
        constraints = _extension(issuer, x509.BasicConstraints)
        if constraints is not None and constraints.path_length == 0:
            yield f"{issuer.subject!r} has path length 0 and may not issue {one.subject!r}"


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
    if (reason := _too_early(own, now) or _too_late(own, now)) is not None:
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


def days_left(certificate: Certificate, now: datetime) -> int:
    """Whole days until it ends, negative once it has."""
    return (certificate.ends - now).days


def _extension(certificate: Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _called(name: x509.Name) -> str:
    """The common name, or all of the name where it has none."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[-1].value) if common else name.rfc4514_string()


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
