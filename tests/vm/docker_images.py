"""
Images for an engine without a network: an archive as `docker load` takes it, made here.

All share a layer with busybox, and each has a layer and a label of its own, so a driver has to
keep both the sharing and the difference. One archive with all costs the guest one command.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from functools import cache
from typing import Any

from e2e import images, machine

CREATED = "2020-01-01T00:00:00Z"


def archive(names: Sequence[str], *, kib: int = 64) -> bytes:
    """Images of these names (`app-1:v1`), the own layer of each of `kib` KiB."""
    base = busybox_layer()
    contents = {f"{_file(base)}/layer.tar": base}
    manifest: list[dict[str, Any]] = []
    for name in names:
        own = _layer({f"own/{name}": (name.encode() + b"\n") * (kib * 1024 // (len(name) + 1))})
        config = json.dumps(_config(name, (base, own))).encode()
        layers = [f"{_file(layer)}/layer.tar" for layer in (base, own)]
        contents |= {layers[1]: own, f"{_file(config)}.json": config}
        manifest.append(
            {"Config": f"{_file(config)}.json", "RepoTags": [name], "Layers": layers},
        )
    return _tar({**contents, "manifest.json": json.dumps(manifest).encode()})


@cache
def busybox_layer() -> bytes:
    if not images.BUSYBOX.exists():
        raise machine.missing("busybox-static")
    return _layer({"bin/busybox": images.BUSYBOX.read_bytes(), "etc/passwd": b"root:x:0:0::/:\n"})


def _config(name: str, layers: tuple[bytes, ...]) -> dict[str, Any]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": {
            "Cmd": ["/bin/busybox", "sleep", "1000000"],
            "Env": ["PATH=/bin"],
            "Labels": {"test.name": name},
            "StopSignal": "SIGKILL",  # as process 1 it does not hear others, and ten seconds pass
        },
        "rootfs": {"type": "layers", "diff_ids": [images.digest_of(layer) for layer in layers]},
        "history": [{"created": CREATED, "created_by": f"made {at}"} for at in range(len(layers))],
    }


def _layer(files: dict[str, bytes]) -> bytes:
    return _tar(files, mode=0o755)


def _tar(files: dict[str, bytes], *, mode: int = 0o644) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _file(content: bytes) -> str:
    return images.digest_of(content).removeprefix("sha256:")
