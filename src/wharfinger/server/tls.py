"""
The certificate that the server shows: our authority's, or one that it was given.

Either way the server reads `tls.crt` and `tls.key` of the state directory, so that both can be
replaced while it runs: `refresh` is called at start and each day, and says when the listener has
to read them again.
"""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from wharfinger.server import certificates
from wharfinger.server.addresses import Addresses, certificate_names
from wharfinger.server.certificates import BadCertificate, Pair
from wharfinger.server.directory import StateDirectory
from wharfinger.server.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tls:
    """What clients verify: `trust` is the PEM that they need, `names` what they may call us."""

    trust: bytes
    names: frozenset[str]
    ends: datetime
    renewed: str | None  # why the files were written anew; None: they were not


def refresh(
    settings: Settings, directory: StateDirectory, addresses: Addresses, now: datetime
) -> Tls:
    """Bring the pair in the state directory up to date."""
    if settings.tls_cert is not None and settings.tls_key is not None:
        return _given(settings.tls_cert, settings.tls_key, directory, now)
    authority = directory.authority(now)
    names = certificate_names(addresses, (socket.gethostname(),))
    pair, reason = directory.issue(authority, names, now)
    return _tls(pair, authority.certificate, reason)


def server_name(tls: Tls, url_host: str) -> str | None:
    """The name to verify instead of the host in a URL, if the certificate lacks that."""
    if url_host in tls.names or not tls.names:
        return None
    return min(tls.names)


def _given(certificate: Path, key: Path, directory: StateDirectory, now: datetime) -> Tls:
    pair = certificates.given(_read(certificate), _read(key))
    if pair.ends <= now:
        logger.warning("the certificate in %s ended on %s", certificate, pair.ends.date())
    present = directory.pair()
    if present == pair:
        return _tls(pair, pair.certificate, None)
    directory.serve(pair)
    return _tls(pair, pair.certificate, "the given files changed")


def _tls(pair: Pair, trust: bytes, reason: str | None) -> Tls:
    leaf: x509.Certificate = pair.leaf
    names = frozenset(certificates.names_of(leaf))
    return Tls(trust, names, pair.ends, reason)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadCertificate(f"cannot read {path}: {error.strerror}") from error
