"""Images made by hand: a real busybox for Docker and Podman, and indexes in OCI layouts."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import secrets
import tarfile
from pathlib import Path
from typing import Any

from e2e import machine

BUSYBOX = Path("/bin/busybox")

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def root_file_system() -> bytes:
    """A tar archive with busybox and a file that no other image has."""
    if not BUSYBOX.exists():
        raise machine.missing("busybox-static")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(BUSYBOX, "bin/busybox")
        _add(tar, "etc/unique", secrets.token_bytes(64 * 1024))
    return archive.getvalue()


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def random_image(*, limit: int) -> tuple[bytes, dict[str, bytes]]:
    """A manifest with a configuration and two layers of random bytes, and these by digest."""
    contents = [b"{}", *(secrets.token_bytes(1 + secrets.randbelow(limit)) for _ in range(2))]
    config, *layers = ({"digest": digest_of(each), "size": len(each)} for each in contents)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, **config},
        "layers": [{"mediaType": OCI_LAYER, **layer} for layer in layers],
    }
    return json.dumps(manifest).encode(), {digest_of(each): each for each in contents}


def multi_arch_layout(folder: Path, architectures: tuple[str, ...]) -> str:
    """Write an OCI layout whose one entry is an index; return the digest of the index."""
    layout = _Layout(folder)
    manifests = [
        {**layout.image(architecture), "platform": {"os": "linux", "architecture": architecture}}
        for architecture in architectures
    ]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    descriptor = layout.put(OCI_INDEX, index)
    top = {"schemaVersion": 2, "manifests": [descriptor]}
    (folder / "index.json").write_text(json.dumps(top))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(descriptor["digest"])


class _Layout:
    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)

    def image(self, architecture: str) -> dict[str, Any]:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            _add(tar, "etc/architecture", architecture.encode() + secrets.token_bytes(1024))
        layer = archive.getvalue()
        config = {
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.put(OCI_CONFIG, config),
            "layers": [self.put(OCI_LAYER, gzip.compress(layer))],
        }
        return self.put(OCI_MANIFEST, manifest)

    def put(self, media_type: str, content: bytes | dict[str, Any]) -> dict[str, Any]:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = digest_of(raw)
        (self._blobs / digest.removeprefix("sha256:")).write_bytes(raw)
        return {"mediaType": media_type, "digest": digest, "size": len(raw)}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
