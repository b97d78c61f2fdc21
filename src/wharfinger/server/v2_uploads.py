"""
Handlers of uploads: in one request, in two, or in as many chunks as the client likes.

Bytes are taken in first and outside of everything; then the right is asked for once more, and
the blob becomes visible (`Call.permitted`).
"""

from __future__ import annotations

from wharfinger.errors import BadInput
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidName
from wharfinger.oci.names import RepositoryName
from wharfinger.registry.blobs import PART
from wharfinger.registry.errors import SizeMismatch
from wharfinger.server import ranges
from wharfinger.server.v2_http import Answer, Call


class DigestMissing(BadInput):
    code = "digest-missing"

    def __init__(self) -> None:
        super().__init__(
            "cannot finish the upload without its digest", remedy="add ?digest=<digest>"
        )


async def post_upload(call: Call) -> Answer:
    """Begin an upload; or do it all at once (`digest`), or without any bytes (`mount`)."""
    digest, mount = call.query("digest"), call.query("mount")
    if mount is not None and await _mount(call, Digest.parse(mount)):
        return _created(call, Digest.parse(mount))
    if digest is not None:
        return await _whole(call, Digest.parse(digest))
    return _progress(call, 202, await call.registry.uploads.begin(call.name), 0)


async def get_upload(call: Call) -> Answer:
    upload = call.parameters["upload"]
    return _progress(call, 204, upload, await call.registry.uploads.received(call.name, upload))


async def patch_upload(call: Call) -> Answer:
    upload = call.parameters["upload"]
    return _progress(call, 202, upload, await _append(call, upload))


async def put_upload(call: Call) -> Answer:
    """Finish: the last chunk may come along."""
    upload, text = call.parameters["upload"], call.query("digest")
    if text is None:
        raise DigestMissing
    digest = Digest.parse(text)
    if call.content_length != 0:
        await _append(call, upload)
    async with call.permitted():
        await call.registry.uploads.finish(call.name, upload, digest)
    return _created(call, digest)


async def delete_upload(call: Call) -> Answer:
    await call.registry.uploads.cancel(call.name, call.parameters["upload"])
    return Answer(204)


async def _mount(call: Call, digest: Digest) -> bool:
    """Link a blob of another repository; whatever is in the way, the client may upload instead.

    So a source that the caller may not read looks like one that lacks the blob.
    """
    source = _source(call)
    if source is None or not call.policy.may_pull(call.caller, source):
        return False
    async with call.permitted():
        return await call.registry.mount_blob(call.name, digest, source)


def _source(call: Call) -> RepositoryName | None:
    try:
        return RepositoryName.parse(call.query("from") or "")
    except InvalidName:
        return None


async def _whole(call: Call, digest: Digest) -> Answer:
    length = call.content_length
    if length is not None and length <= PART:
        data = await call.body(PART)
        async with call.permitted():
            await call.registry.put_blob(call.name, digest, data)
        return _created(call, digest)
    uploads = call.registry.uploads
    async with uploads.transient(call.name) as upload:
        await uploads.append(call.name, upload, call.chunks(), length=length)
        async with call.permitted():
            await uploads.finish(call.name, upload, digest)
    return _created(call, digest)


async def _append(call: Call, upload: str) -> int:
    """Add the body, where the client says that it belongs; return the size of the upload."""
    header, length = call.header("content-range"), call.content_length
    offset = None
    if header is not None:
        span = ranges.of_chunk(header)
        if length is not None and length != span.length:
            raise SizeMismatch(span.length, length)
        offset, length = span.start, span.length
    return await call.registry.uploads.append(
        call.name, upload, call.chunks(), offset=offset, length=length
    )


def _progress(call: Call, status: int, upload: str, received: int) -> Answer:
    headers = {
        "location": f"/v2/{call.name}/blobs/uploads/{upload}",
        "range": f"0-{max(received - 1, 0)}",
        "docker-upload-uuid": upload,
    }
    return Answer(status, headers)


def _created(call: Call, digest: Digest) -> Answer:
    headers = {
        "location": f"/v2/{call.name}/blobs/{digest}",
        "docker-content-digest": str(digest),
    }
    return Answer(201, headers)
