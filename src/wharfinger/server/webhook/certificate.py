"""
The certificate that the webhook shows, and whose clients it takes, from files that others renew.

What is served is a copy in a folder of our own: the key in the form that the listener reads, and both
files of one pair even while somebody is in the middle of replacing them. A pair that does not fit
together leaves the one of before.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from wharfinger.errors import WharfingerError
from wharfinger.server import certificates
from wharfinger.server.certificates import BadCertificate
from wharfinger.server.listener import TlsFiles
from wharfinger.server.metrics import Metrics
from wharfinger.system import files

_MOST_BYTES: Final = 1 << 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Given:
    """The files that an administrator or a controller keeps."""

    certificate: Path
    key: Path
    clients: Path | None = None


class ServedCertificate:
    """`files` is what a listener serves; `fault` says why a newer pair is not taken."""

    def __init__(self, given: Given, folder: Path, metrics: Metrics) -> None:
        """Raise `BadCertificate`."""
        self._given, self._metrics = given, metrics
        clients = folder / "clients.crt" if given.clients is not None else None
        self.files = TlsFiles(folder / "tls.crt", folder / "tls.key", clients)
        self.fault: str | None = None
        self._content = self._read()
        self._serve(self._content)

    def look(self) -> bool:
        """Take what is there now; whether the listener has to read its files again."""
        try:
            content = self._read()
            if content == self._content:
                self.fault = None
                return False
            self._serve(content)
        except WharfingerError as error:
            if error.message != self.fault:
                logger.error("the certificate stays as it was: %s", error.message)
            self.fault = error.message
            return False
        self._content, self.fault = content, None
        logger.info("a new certificate is shown")
        return True

    def _read(self) -> tuple[bytes, bytes, bytes]:
        clients = self._given.clients
        return (
            _content(self._given.certificate),
            _content(self._given.key),
            _content(clients) if clients is not None else b"",
        )

    def _serve(self, content: tuple[bytes, bytes, bytes]) -> None:
        pair = certificates.given(content[0], content[1])
        if self.files.clients is not None:
            _require_authorities(content[2])
            files.write(self.files.clients, content[2])
        files.write(self.files.key, pair.key)
        files.write(self.files.certificate, pair.certificate)
        self._metrics.certificate_ends(pair.ends)


def _require_authorities(content: bytes) -> None:
    try:
        x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise BadCertificate("cannot read the authorities of clients: they are not PEM") from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise BadCertificate(f"cannot read {path}: {error.strerror}") from error
