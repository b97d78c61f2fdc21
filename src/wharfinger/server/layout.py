"""
Where each thing lies in the state directory: names only, so that any command may know them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    path: Path

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def running(self) -> Path:
        """URL and version of the server that runs, for `wharf status`."""
        return self.path / "server.json"

    @property
    def log(self) -> Path:
        """What a server that was started with `--detach` has to say."""
        return self.path / "wharf.log"

    @property
    def audit(self) -> Path:
        """Who did what over the object API, if that is to be kept."""
        return self.path / "audit.log"

    @property
    def objects(self) -> Path:
        return self.path / "objects.sqlite"

    @property
    def registry(self) -> Path:
        return self.path / "registry"

    @property
    def signing(self) -> Path:
        return self.path / "signing.key"

    @property
    def kubeconfig(self) -> Path:
        return self.path / "admin.kubeconfig"

    @property
    def authority_certificate(self) -> Path:
        return self.path / "ca.crt"

    @property
    def authority_key(self) -> Path:
        return self.path / "ca.key"

    @property
    def certificate(self) -> Path:
        """What the server shows, whoever issued it."""
        return self.path / "tls.crt"

    @property
    def key(self) -> Path:
        return self.path / "tls.key"
