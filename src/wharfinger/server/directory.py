"""
How the secrets in the state directory come to be.

Each file is written aside and renamed, and everything is made only if it is missing or no longer
fits, so a first start that is killed anywhere is simply resumed by the next. A key is written
before its certificate: a key alone is made anew, a certificate whose key is gone is a person's
doing and is refused, since replacing an authority breaks every machine that trusts it.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wharfinger.cluster.proofs import NotProven
from wharfinger.cluster.tokens import SigningKey, Tokens
from wharfinger.errors import Conflict, StorageFull, Unavailable, WharfingerError
from wharfinger.server import certificates
from wharfinger.server.certificates import Pair
from wharfinger.server.kubeconfig import Kubeconfig, token_in
from wharfinger.server.layout import Layout
from wharfinger.system import files

_MADE = ("ca.key", "ca.crt", "tls.key", "tls.crt", "signing.key", "admin.kubeconfig", "server.json")


class IncompleteState(Conflict):
    code = "incomplete-state"


class StateUnusable(Unavailable):
    code = "state-unusable"


class StateFull(StorageFull):
    code = "state-full"


@dataclass(frozen=True, slots=True)
class StateDirectory(Layout):
    """The layout, and the making of what is missing in it."""

    def make(self) -> None:
        """Make the directory itself, for its owner alone; what is below comes under the lock."""
        try:
            files.make_private(self.path)
        except OSError as error:
            raise _unusable(self.path, error) from error

    def sweep(self) -> None:
        """Clear away what killed starts have left half-written."""
        files.sweep(self.path, *_MADE)

    def signing_key(self) -> SigningKey:
        if not self.signing.exists():
            _write(self.signing, SigningKey.generate().pem())
        return SigningKey.load(self.signing.read_bytes())

    def authority(self, now: datetime) -> Pair:
        """Our authority, made if there is none yet."""
        certificate, key = self.authority_certificate, self.authority_key
        if certificate.exists():
            if not key.exists():
                raise IncompleteState(
                    f"cannot use {certificate}: its key {key.name} is missing",
                    remedy=f"restore {key}, or remove {certificate} to have a new authority made",
                )
            return Pair(certificate.read_bytes(), key.read_bytes())
        pair = certificates.authority(now, socket.gethostname())
        _write(key, pair.key)
        _write(certificate, pair.certificate)
        return pair

    def issue(
        self, authority: Pair, names: tuple[str, ...], now: datetime
    ) -> tuple[Pair, str | None]:
        """The server's own certificate, and why it was made anew if it was."""
        present = self.pair()
        reason = "there was none"
        if present is not None:
            due = certificates.due(present, authority, names, now)
            if due is None:
                return present, None
            reason = due
        pair = certificates.issue(authority, names, now)
        self.serve(pair)
        return pair, reason

    def pair(self) -> Pair | None:
        """What the server shows at present."""
        if not (self.certificate.exists() and self.key.exists()):
            return None
        return Pair(self.certificate.read_bytes(), self.key.read_bytes())

    def serve(self, pair: Pair) -> None:
        """Put the pair where the server reads it."""
        _write(self.key, pair.key)
        _write(self.certificate, pair.certificate)

    def administrator_token(self, tokens: Tokens) -> str | None:
        """The token of an earlier start, if it still is one of ours."""
        token = token_in(self.kubeconfig.read_bytes()) if self.kubeconfig.exists() else None
        if token is None:
            return None
        try:
            tokens.read(token)
        except NotProven:
            return None
        return token

    def write_kubeconfig(self, wanted: Kubeconfig) -> bool:
        """Write the administrator's kubeconfig unless it already says so."""
        if self.kubeconfig.exists() and wanted.says(self.kubeconfig.read_bytes()):
            return False
        _write(self.kubeconfig, wanted.render())
        return True

    def write_running(self, about: bytes) -> None:
        _write(self.running, about)


def _write(path: Path, content: bytes) -> None:
    try:
        files.write(path, content)
    except OSError as error:
        raise _unusable(path.parent, error) from error


def _unusable(path: Path, error: OSError) -> WharfingerError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StateFull(f"cannot write to {path}: {error.strerror}", remedy="make room there")
    return StateUnusable(
        f"cannot use {path} as state directory: {error.strerror}",
        remedy="name one that you may write with --state",
    )
