"""
The state directory: where each thing lies, and how the secrets in it come to be.

Each file is written aside and renamed, and everything is made only if it is missing or no longer
fits, so a first start that is killed anywhere is simply resumed by the next. A key is written
before its certificate: a key alone is made anew, a certificate whose key is gone is a person's
doing and is refused, since replacing an authority breaks every machine that trusts it.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wharfinger.cluster.tokens import SigningKey
from wharfinger.errors import Conflict, Unavailable
from wharfinger.server import certificates
from wharfinger.server.certificates import Pair
from wharfinger.server.kubeconfig import Kubeconfig, token_in
from wharfinger.system import files

_MADE = ("ca.key", "ca.crt", "tls.key", "tls.crt", "signing.key", "admin.kubeconfig", "address")


class IncompleteState(Conflict):
    code = "incomplete-state"


class StateUnusable(Unavailable):
    code = "state-unusable"


@dataclass(frozen=True, slots=True)
class StateDirectory:
    path: Path

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def address(self) -> Path:
        """The URL of the server that runs, for `wharf status`."""
        return self.path / "address"

    @property
    def log(self) -> Path:
        """What a server that was started with `--detach` has to say."""
        return self.path / "wharf.log"

    @property
    def objects(self) -> Path:
        return self.path / "objects.sqlite"

    @property
    def registry(self) -> Path:
        return self.path / "registry"

    @property
    def kubeconfig(self) -> Path:
        return self.path / "admin.kubeconfig"

    @property
    def authority_certificate(self) -> Path:
        return self.path / "ca.crt"

    @property
    def certificate(self) -> Path:
        return self.path / "tls.crt"

    @property
    def key(self) -> Path:
        return self.path / "tls.key"

    def make(self) -> None:
        """Make the directory itself, for its owner alone; what is below comes under the lock."""
        try:
            files.make_private(self.path)
        except OSError as error:
            raise StateUnusable(
                f"cannot use {self.path} as state directory: {error.strerror}",
                remedy="name one that you may write with --state",
            ) from error

    def sweep(self) -> None:
        """Clear away what killed starts have left half-written."""
        files.sweep(self.path, *_MADE)

    def signing_key(self) -> SigningKey:
        path = self.path / "signing.key"
        if not path.exists():
            files.write(path, SigningKey.generate().pem())
        return SigningKey.load(path.read_bytes())

    def authority(self, now: datetime) -> Pair:
        """Our authority, made if there is none yet."""
        certificate, key = self.authority_certificate, self.path / "ca.key"
        if certificate.exists():
            if not key.exists():
                raise IncompleteState(
                    f"cannot use {certificate}: its key {key.name} is missing",
                    remedy=f"restore {key}, or remove {certificate} to have a new authority made",
                )
            return Pair(certificate.read_bytes(), key.read_bytes())
        pair = certificates.authority(now, socket.gethostname())
        files.write(key, pair.key)
        files.write(certificate, pair.certificate)
        return pair

    def issue(
        self, authority: Pair, names: tuple[str, ...], now: datetime
    ) -> tuple[Pair, str | None]:
        """The server's own certificate, and why it was made anew if it was."""
        if self.certificate.exists() and self.key.exists():
            present = Pair(self.certificate.read_bytes(), self.key.read_bytes())
            reason = certificates.due(present, authority, names, now)
            if reason is None:
                return present, None
        else:
            reason = "there was none"
        pair = certificates.issue(authority, names, now)
        self.serve(pair)
        return pair, reason

    def serve(self, pair: Pair) -> None:
        """Put the pair where the server reads it."""
        files.write(self.key, pair.key)
        files.write(self.certificate, pair.certificate)

    def administrator_token(self) -> str | None:
        """The token of an earlier start, if there was one."""
        return token_in(self.kubeconfig.read_bytes()) if self.kubeconfig.exists() else None

    def write_kubeconfig(self, wanted: Kubeconfig) -> bool:
        """Write the administrator's kubeconfig unless it already says so."""
        if self.kubeconfig.exists() and wanted.says(self.kubeconfig.read_bytes()):
            return False
        files.write(self.kubeconfig, wanted.render())
        return True
