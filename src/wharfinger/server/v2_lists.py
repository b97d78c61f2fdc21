"""Handlers of lists: the catalog, tags, and referrers, each in pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from wharfinger.errors import BadInput
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import MAX_SIZE, Manifest
from wharfinger.server.v2_http import JSON, Answer, Call

MAX_REPOSITORIES: Final = 1_000
MAX_TAGS: Final = 10_000
MAX_REFERRERS: Final = 100

_SCAN: Final = 200
"""How many repositories are asked for rights at a stretch."""

_NUMBER: Final = re.compile(r"[0-9]+")
_MARKER: Final = 512


class InvalidPage(BadInput):
    code = "invalid-page"

    def __init__(self, parameter: str, text: str) -> None:
        super().__init__(f"cannot use {parameter}={text[:40]!r} for a page")


async def catalog(call: Call) -> Answer:
    """The repositories that the caller may read, and no hint of any other."""
    size, last = page_size(call, MAX_REPOSITORIES), marker(call)
    visible: list[str] = []
    more = True
    while more and len(visible) < size:
        names = await call.registry.repositories(last, _SCAN)
        visible += [str(name) for name in names if call.policy.may_list(call.caller, name)]
        more = len(names) == _SCAN
        last = str(names[-1]) if names else last
        await asyncio.sleep(0)  # others come in between the pieces of a large registry
    # A full page has a link even if nothing follows, as clients know it from docker-registry.
    full = len(visible) >= size
    return _page({"repositories": visible[:size]}, call, visible, size, more=full)


async def list_tags(call: Call) -> Answer:
    size = page_size(call, MAX_TAGS)
    found = await call.content.tags(call.name, marker(call), size + 1)
    tags = [tag.text for tag in found]
    document = {"name": str(call.name), "tags": tags[:size]}
    return _page(document, call, tags, size, more=len(tags) > size)


async def referrers(call: Call) -> Answer:
    """An image index of what is about a digest: SBOMs, signatures."""
    subject = Digest.parse(call.parameters["digest"])
    wanted = call.query("artifactType")
    size = page_size(call, MAX_REFERRERS)
    found = await call.registry.referrers(
        call.name, subject, artifact_type=wanted, after=marker(call), limit=size + 1
    )
    entries = [_descriptor(digest, manifest) for digest, manifest in found]
    shown = _fitting(entries[:size])
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": shown}
    headers = {"content-type": media_types.OCI_INDEX}
    if wanted is not None:
        headers["oci-filters-applied"] = "artifactType"
    if shown and len(shown) < len(entries):
        headers["link"] = _link(call, size, shown[-1]["digest"])
    return Answer(headers=headers, body=msgspec.json.encode(document))


def page_size(call: Call, most: int) -> int:
    """What `n` asks for, up to `most`; a client that asks for more gets a link to the rest."""
    text = call.query("n")
    if text is None:
        return most
    if _NUMBER.fullmatch(text) is None:
        raise InvalidPage("n", text)
    # Longer than any number we would take: not worth converting.
    return most if len(text) > 18 else min(int(text), most)


def marker(call: Call) -> str:
    last = call.query("last") or ""
    if len(last) > _MARKER or not last.isprintable():
        raise InvalidPage("last", last)
    return last


def _page(
    document: Mapping[str, Any], call: Call, found: list[str], size: int, *, more: bool
) -> Answer:
    headers = {"content-type": JSON}
    if size and more:
        headers["link"] = _link(call, size, found[size - 1])
    return Answer(headers=headers, body=msgspec.json.encode(document))


def _link(call: Call, size: int, last: str) -> str:
    parameters = {"n": str(size), "last": last}
    if wanted := call.query("artifactType"):
        parameters["artifactType"] = wanted
    return f'<{call.request.scope["path"]}?{urlencode(parameters)}>; rel="next"'


def _descriptor(digest: Digest, manifest: Manifest) -> dict[str, Any]:
    descriptor: dict[str, Any] = {
        "mediaType": manifest.media_type,
        "digest": str(digest),
        "size": len(manifest.raw),
    }
    if manifest.artifact_type is not None:
        descriptor["artifactType"] = manifest.artifact_type
    if manifest.annotations:
        descriptor["annotations"] = manifest.annotations
    return descriptor


def _fitting(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as fit into a manifest, which clients read this as; at least one."""
    size, count = 0, 0
    for entry in entries:
        size += len(msgspec.json.encode(entry))
        if count and size > MAX_SIZE - 1024:
            break
        count += 1
    return entries[:count]
