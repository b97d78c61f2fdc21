"""
Judge whether a certificate will do as an authority for a registry.

The reasons are what Go (Docker, containerd, Podman) and OpenSSL (curl, Python) require of one that they
are to trust. RFC 5280 has the terms.

A certificate that a server signed for itself, without CA flag, is an authority for itself alone: all
of these programs take it. So it will do for the registry that it names, and never for a whole host.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from wharfinger.errors import BadInput
from wharfinger.hosts import certificates
from wharfinger.hosts.certificates import Certificate
from wharfinger.oci.registry_host import RegistryHost

SOON: Final = timedelta(days=30)
RSA_BITS: Final = 2048
"""What OpenSSL requires at security level 2, the default of Debian and RHEL."""

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


class UnusableAuthority(BadInput):
    """A certificate that no runtime would take as an authority; `reason` is the first rule broken."""

    code = "unusable-authority"

    def __init__(self, source: str, certificate: Certificate, reason: str) -> None:
        super().__init__(
            f"cannot trust {certificate.subject!r} from {source}: {reason}",
            remedy="ask whoever runs the registry for the certificate of the CA that signed its own",
        )
        self.source, self.certificate, self.reason = source, certificate, reason


def read(
    content: bytes, source: str, now: datetime, *, registry: RegistryHost | None = None
) -> tuple[Certificate, ...]:
    """Read certificates that shall vouch for `registry`, or for everything where it is `None`.

    Raise what `certificates.read` raises, and `UnusableAuthority` for the first that will not do.
    """
    found = certificates.read(content, source)
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


def _old_version(certificate: Certificate, _: datetime) -> str | None:
    if certificate.parsed.version is x509.Version.v3:
        return None
    return "it is an X.509 version 1 certificate, which cannot say that it is a CA"


def _may_not_sign(certificate: Certificate, _: datetime) -> str | None:
    usage = certificates.extension(certificate, x509.KeyUsage)
    if not certificate.is_authority or usage is None or usage.key_cert_sign:
        return None
    return "its key usage does not allow it to sign certificates"


def _not_for_servers(certificate: Certificate, _: datetime) -> str | None:
    usage = certificates.extension(certificate, x509.ExtendedKeyUsage)
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
    certificates.untimely,
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
    found = certificates.extension(certificate, x509.SubjectAlternativeName)
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
    constraints = certificates.extension(certificate, x509.NameConstraints)
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
        yield f"{one.subject!r} expires on {certificates.moment(one.ends)}, in {(one.ends - now).days} days"
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
    issuers = [other for other in others if certificates.is_issued_by(one, other)]
    if not issuers:
        yield (
            f"{one.subject!r} is an intermediate CA: some programs that use OpenSSL "
            f"want its issuer too, {one.issuer!r}"
        )
    for issuer in issuers:
        constraints = certificates.extension(issuer, x509.BasicConstraints)
        if constraints is not None and constraints.path_length == 0:
            yield f"{issuer.subject!r} has path length 0 and may not issue {one.subject!r}"
