"""
Image archives as streams: taken apart into blobs, and put together from blobs.

`docker save` has written layers as `<id>/layer.tar` with links for those that images share, and writes
them as blobs of an OCI layout since Docker 25. We need not know: what we want is known by digest, so
each member is hashed, and kept where its digest is one of a layer or a configuration that we look for.
Nothing is ever extracted, and no name in an archive is ever a path of ours.

https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from wharfinger.hosts.on_host.storage.docker import tar_stream
from wharfinger.hosts.on_host.storage.docker.api import Body, EngineFailed
from wharfinger.hosts.on_host.storage.docker.engine import plain
from wharfinger.hosts.on_host.storage.docker.store import CONFIGS, LAYERS, PIECE, Store

_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Packed:
    """An image to put into an archive. `parent` is the image that it was built from, empty for none;
    `sent` are the layers that go along: an engine needs only those that it has not got."""

    config: str
    tags: Sequence[str]
    layers: Sequence[str]
    parent: str = ""
    sent: Collection[str] = ()


def take_apart(
    body: Body, store: Store, *, layers: Collection[str], configs: Collection[str], what: str
) -> None:
    """Keep what is looked for and not there yet. Raise `EngineFailed` where some of it is missing."""
    missing = {
        **{digest: LAYERS for digest in layers if not store.has(LAYERS, digest)},
        **{digest: CONFIGS for digest in configs if not store.has(CONFIGS, digest)},
    }
    for _, content in tar_stream.members(body, what):
        if content is not None and missing:
            _keep(content, store, missing)
    if missing:
        raise EngineFailed(what, f"its archive lacks {', '.join(sorted(missing))}")


def put_together(store: Store, images: Iterable[Packed]) -> Iterator[bytes]:
    """An archive for `docker load`, by the piece."""
    packed = tuple(images)
    manifest: list[dict[str, Any]] = []
    for image in packed:
        item = {
            "Config": f"{plain(image.config)}.json",
            "RepoTags": list(image.tags) or None,
            "Layers": [f"{plain(layer)}/layer.tar" for layer in image.layers],
        }
        manifest.append({**item, "Parent": image.parent} if image.parent else item)
    content = json.dumps(manifest).encode()
    yield _header(_MANIFEST, len(content)) + content + _padding(len(content))
    for config in sorted({image.config for image in packed}):
        yield from _blob(store, CONFIGS, config, f"{plain(config)}.json")
    for layer in sorted({layer for image in packed for layer in image.sent}):
        yield from _blob(store, LAYERS, layer, f"{plain(layer)}/layer.tar")
    yield bytes(2 * tarfile.BLOCKSIZE)


def _keep(content: IO[bytes], store: Store, missing: dict[str, str]) -> None:
    with store.incoming() as blob:
        while piece := content.read(PIECE):
            blob.write(piece)
        kind = missing.pop(blob.digest, None)
        if kind is not None:
            blob.keep(store, kind)


def _blob(store: Store, kind: str, digest: str, name: str) -> Iterator[bytes]:
    size = store.size(kind, digest)
    yield _header(name, size)
    yield from store.pieces(kind, digest)
    yield _padding(size)


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
