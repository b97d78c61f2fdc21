"""Handlers of what is there: blobs and manifests, read, pushed and deleted."""

from __future__ import annotations

from typing import Final

from wharfinger.oci import manifest as manifests
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.registry.errors import ManifestUnknown
from wharfinger.server import ranges
from wharfinger.server.v2_http import Answer, Call

OCTETS: Final = "application/octet-stream"


async def get_blob(call: Call) -> Answer:
    """The blob, or the one range of it that was asked for."""
    blob = await call.content.blob(call.name, Digest.parse(call.parameters["digest"]))
    headers = _identity(blob.digest) | {"content-type": OCTETS, "accept-ranges": "bytes"}
    if _known_to_client(call, blob.digest):
        return Answer(304, headers)
    span = ranges.requested(_range(call, blob.digest), blob.size)
    start, stop = span or (0, blob.size)
    if span is not None:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{blob.size}"
    return Answer(
        206 if span is not None else 200,
        headers,
        file=blob.file if stop - start == blob.size else None,
        parts=call.content.read_blob(blob, start, stop),
        length=stop - start,
    )


async def delete_blob(call: Call) -> Answer:
    """Remove the repository's link; the bytes stay for whoever else links them."""
    digest = Digest.parse(call.parameters["digest"])
    async with call.permitted():
        await call.registry.delete_blob(call.name, digest)
    return Answer(202)


async def get_manifest(call: Call) -> Answer:
    stored = await call.content.manifest(call.name, _present(call))
    headers = _identity(stored.digest) | {"content-type": stored.media_type}
    if _known_to_client(call, stored.digest):
        return Answer(304, headers)
    return Answer(200, headers, stored.raw)


async def put_manifest(call: Call) -> Answer:
    text = call.parameters["reference"]
    reference = Digest.parse(text) if ":" in text else Tag.parse(text)
    raw = await call.body(manifests.MAX_SIZE)
    async with call.permitted():
        pushed = await call.registry.put_manifest(
            call.name, reference, raw, call.header("content-type")
        )
        tag = reference if isinstance(reference, Tag) else None
        await call.streams.pushed(call.name, tag, pushed.digest)
    headers = {
        "location": f"/v2/{call.name}/manifests/{pushed.digest}",
        "docker-content-digest": str(pushed.digest),
    }
    if pushed.subject is not None:
        headers["oci-subject"] = str(pushed.subject)
    return Answer(201, headers)


async def delete_manifest(call: Call) -> Answer:
    """By digest with the tags on it, by tag the tag alone."""
    reference = _present(call)
    async with call.permitted():
        await call.registry.delete_manifest(call.name, reference)
        if isinstance(reference, Tag):
            await call.streams.moved(call.name, reference)
        else:
            await call.streams.agree(call.name)
    return Answer(202)


def _present(call: Call) -> Digest | Tag:
    """What to look for; a tag outside the grammar is just not there."""
    text = call.parameters["reference"]
    reference = Digest.parse(text) if ":" in text else Tag.find(text)
    if reference is None:
        raise ManifestUnknown(call.name, repr(text[:200]))
    return reference


def _identity(digest: Digest) -> dict[str, str]:
    return {"docker-content-digest": str(digest), "etag": f'"{digest}"'}


def _known_to_client(call: Call, digest: Digest) -> bool:
    return call.header("if-none-match") in (f'"{digest}"', str(digest))


def _range(call: Call, digest: Digest) -> str | None:
    condition = call.header("if-range")
    return call.header("range") if condition in (None, f'"{digest}"') else None
