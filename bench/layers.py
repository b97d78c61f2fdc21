"""
Images for `docker push` and `docker pull`.

Docker remembers which registry it has seen a layer at and skips what it can, so every push gets
an image that Docker has never seen: the same sizes, other bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import tarfile
from pathlib import Path

from e2e.clients import Docker

LAYERS = 10
LAYER_SIZE = 5_000_000


def load(docker: Docker, name: str, folder: Path) -> None:
    """Make an image of ten layers known to Docker under `name`, as `docker save` would write it."""
    archive = folder / "image.tar"
    contents = [_layer(number) for number in range(LAYERS)]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in contents],
        },
    }
    names = [f"{number}/layer.tar" for number in range(LAYERS)]
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": names}]
    with tarfile.open(archive, "w") as tar:
        _add(tar, "config.json", json.dumps(config).encode())
        for path, content in zip(names, contents, strict=True):
            _add(tar, path, content)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    docker("load", "--input", archive).check()
    archive.unlink()


def write_random(path: Path, size: int) -> str:
    """Write a file of random bytes; return its digest."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, size, 1 << 24):
            part = secrets.token_bytes(min(1 << 24, size - start))
            digest.update(part)
            file.write(part)
    return f"sha256:{digest.hexdigest()}"


def _layer(number: int) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        _add(tar, f"layer{number}", secrets.token_bytes(LAYER_SIZE))
    return archive.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
