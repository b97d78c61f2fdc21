"""
Copies: one image of a gigabyte from one docker-registry to another, by ours and by `skopeo copy`.

Six layers of random bytes, packed as gzip without compression, so that neither tool packs them itself. Both
tools run as a person starts them, in turn, each into a registry that was just started and holds nothing,
and both are asked for all images and for no talk. Afterwards the target must have the digest of the source, or there is no figure.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench import report
from bench.report import OURS, Measure
from e2e import images, machine
from e2e.docker_registry import DockerRegistry

SKOPEO: Final = "skopeo"
COPY: Final = Measure("copy of an image of 1 GB between two registries", "s", "lower")
LAYERS: Final = (300, 250, 200, 150, 80, 20)
"""In megabytes."""
BIN: Final = machine.ROOT / ".venv" / "bin"
_PLAIN: Final = ("--src-tls-verify=false", "--dest-tls-verify=false")


def measure(folder: Path, rounds: int) -> str:
    """The table of medians, the first round left out."""
    source = DockerRegistry(folder / "source")
    samples: dict[str, list[float]] = {OURS: [], SKOPEO: []}
    try:
        name = f"docker://{source.host}/bench/large:1"
        digest = _layout(folder / "layout")
        _ours(f"oci:{folder / 'layout'}:1", name)
        tools: Sequence[tuple[str, Callable[[str, str], None]]]
        tools = ((OURS, _ours), (SKOPEO, _skopeo))
        for number in range(rounds + 1):
            for tool, copy in tools if number % 2 == 0 else tools[::-1]:
                taken = _sample(folder / f"{tool}-{number}", name, digest, copy)
                report.tell(number, tool, COPY, taken)
                if number > 0:
                    samples[tool].append(taken)
    finally:
        source.stop()
    return report.table({COPY: samples}, theirs=SKOPEO)


def _sample(folder: Path, source: str, digest: str, copy: Callable[[str, str], None]) -> float:
    target = DockerRegistry(folder)
    try:
        os.sync()
        name = f"docker://{target.host}/bench/large:1"
        start = time.perf_counter()
        copy(source, name)
        taken = time.perf_counter() - start
        raw = machine.run("skopeo", "inspect", "--raw", "--tls-verify=false", name).check()
        assert images.digest_of(raw.encode()) == digest
    finally:
        target.stop()
        target.forget()
    return taken


def _ours(source: str, target: str) -> None:
    machine.run(BIN / "wharf", "copy", "--quiet", *_PLAIN, source, target, seconds=600).check()


def _skopeo(source: str, target: str) -> None:
    program = machine.need("skopeo")
    machine.run(program, "copy", "--quiet", "--all", *_PLAIN, source, target, seconds=600).check()


def _layout(folder: Path) -> str:
    """Write the image as an OCI layout; return the digest of its manifest."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(media_type: str, content: bytes) -> Mapping[str, Any]:
        digest = images.digest_of(content)
        (blobs / digest.removeprefix("sha256:")).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    contents = (gzip.compress(secrets.token_bytes(size * 1_000_000), 0) for size in LAYERS)
    layers = [put(images.OCI_LAYER, content) for content in contents]
    rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
    config = {"architecture": "amd64", "os": "linux", "rootfs": rootfs}
    manifest = {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "config": put(images.OCI_CONFIG, json.dumps(config).encode()),
        "layers": layers,
    }
    top = put(images.OCI_MANIFEST, json.dumps(manifest).encode())
    named = {**top, "annotations": {"org.opencontainers.image.ref.name": "1"}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(top["digest"])
