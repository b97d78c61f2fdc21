"""
What decisions may look up in a dump, and nowhere else: its image streams and images.

What is not in the dump is taken as not there, and registries are not asked; the reason of a verdict
says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wharfinger.images.lookup.cluster_view import image_of
from wharfinger.images.offline.dump import Dump
from wharfinger.images.streams import history, pull_spec
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.model import (
    Image,
    Lookup,
    LookupFailed,
    Object,
    SignatureKey,
    SignatureVerdict,
    Stream,
)

_HINT: Final = "nothing is looked up offline; --resolve asks the registry"


@dataclass(frozen=True, slots=True)
class DumpLookup(Lookup):
    """`details`: whether the policy asks for labels or annotations, which only an Image has."""

    dump: Dump
    details: bool

    @classmethod
    def of(cls, dump: Dump, policy: Policy) -> DumpLookup:
        return cls(dump, any(rule.needs_image for rule in policy.execution_rules))

    async def stream(self, namespace: str, name: str) -> Stream:
        found = self._stream(namespace, name)
        lookup = (found.get("spec") or {}).get("lookupPolicy") or {}
        repository = (found.get("status") or {}).get("dockerImageRepository") or ""
        return Stream(lookup.get("local") is True, repository)

    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image:
        stream = self._stream(namespace, name)
        event = history.latest(stream, tag)
        if event is None or not event.get("image"):
            raise _absent("imagestreamtags", f"{name}:{tag}")
        return self._image(stream, tag, event)

    async def stream_image(self, namespace: str, name: str, digest: str) -> Image:
        stream = self._stream(namespace, name)
        for one in (stream.get("status") or {}).get("tags") or ():
            for event in one.get("items") or ():
                if event.get("image") == digest:
                    return self._image(stream, one["tag"], event)
        raise _absent("imagestreamimages", f"{name}@{digest}")

    async def image(self, digest: str) -> Image:
        if (found := self.dump.images.get(digest)) is None:
            raise _absent("images", digest)
        return image_of(found)

    async def remote(self, reference: ImageReference, _namespace: str) -> Image:
        raise LookupFailed(f"{reference.exact()}: {_HINT}")

    async def signature(
        self, image: ImageReference, _keys: Sequence[SignatureKey], _namespace: str
    ) -> SignatureVerdict:
        raise LookupFailed(f"{image.exact()}: {_HINT} for signatures")

    def _stream(self, namespace: str, name: str) -> Object:
        if (found := self.dump.streams.get((namespace, name))) is None:
            raise _absent("imagestreams", name)
        return found

    def _image(self, stream: Object, tag: str, event: Mapping[str, Any]) -> Image:
        digest, reference = event["image"], pull_spec.of_event(stream, tag, event)
        if (found := self.dump.images.get(digest)) is not None:
            return replace(image_of(found), digest=digest, reference=reference)
        if self.details:
            raise _absent("images", digest)
        return Image(digest, reference)


def _absent(resource: str, name: str) -> LookupFailed:
    return LookupFailed(f'{resource}.image.openshift.io "{name}" not found', absent=resource)
