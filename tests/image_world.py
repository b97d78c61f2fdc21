"""A `Lookup` in memory, from the objects of a cluster and what other registries have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import (
    Image,
    LookupFailed,
    SignatureKey,
    SignatureVerdict,
    Stream,
)


class World:
    """`cluster` has lists of `images`, `imageStreams` and `imageStreamTags`, and may be changed."""

    def __init__(
        self,
        cluster: Mapping[str, Any] | None = None,
        *,
        registries: Mapping[str, str] | None = None,
        signed: Mapping[str, str] | None = None,
    ) -> None:
        self.cluster = dict(cluster or {})
        self.registries = dict(registries or {})
        """Digests by `registry/repository:tag`, and by `registry/repository@digest`."""
        self.signed = dict(signed or {})
        """Names of keys by digest."""
        self.asked: list[str] = []

    async def stream(self, namespace: str, name: str) -> Stream:
        for stream in self._named("imageStreams", namespace, name):
            local = stream["spec"].get("lookupPolicy", {}).get("local", False)
            return Stream(local, stream["status"].get("dockerImageRepository", ""))
        for tag in self.cluster.get("imageStreamTags", ()):
            metadata = tag["metadata"]
            if (metadata["namespace"], metadata["name"].split(":")[0]) == (namespace, name):
                return Stream(tag.get("lookupPolicy", {}).get("local", False), "")
        raise LookupFailed(f'imagestreams "{name}" not found', absent="imagestreams")

    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image:
        for found in self._named("imageStreamTags", namespace, f"{name}:{tag}"):
            return image(found["image"])
        raise LookupFailed(f'imagestreamtags "{name}:{tag}" not found', absent="imagestreamtags")

    async def stream_image(self, namespace: str, name: str, digest: str) -> Image:
        for found in self.cluster.get("imageStreamTags", ()):
            stream = found["metadata"]["name"].split(":")[0]
            place = (found["metadata"]["namespace"], stream, found["image"]["metadata"]["name"])
            if place == (namespace, name, digest):
                return image(found["image"])
        absent = "imagestreamimages"
        raise LookupFailed(f'{absent} "{name}@{digest}" not found', absent=absent)

    async def image(self, digest: str) -> Image:
        self.asked.append(digest)
        for found in self.cluster.get("images", ()):
            if found["metadata"]["name"] == digest:
                return image(found)
        raise LookupFailed(f'images "{digest}" not found', absent="images")

    async def remote(self, reference: ImageReference, namespace: str) -> Image:
        name = reference.full()
        self.asked.append(name)
        if (digest := self.registries.get(name)) is None:
            raise LookupFailed(f"{name} is not there")
        return Image(digest, f"{reference.as_repository().exact()}@{digest}")

    async def signature(
        self, image: ImageReference, keys: Sequence[SignatureKey], namespace: str
    ) -> SignatureVerdict:
        signer = self.signed.get(image.id, "")
        if signer in {key.name for key in keys}:
            return SignatureVerdict(signed=True, key=signer, reason="")
        return SignatureVerdict(signed=False, key="", reason="no signature by a key of the rule")

    def _named(self, what: str, namespace: str, name: str) -> list[Any]:
        wanted = {"namespace": namespace, "name": name}
        return [
            one
            for one in self.cluster.get(what, ())
            if {key: one["metadata"][key] for key in wanted} == wanted
        ]


def image(obj: Mapping[str, Any]) -> Image:
    """Read an `Image` object as recorded cases write it."""
    metadata = obj.get("metadata", {})
    config = obj.get("dockerImageMetadata")
    readable = isinstance(config, Mapping) or config is None
    labels = config["Config"]["Labels"] if isinstance(config, Mapping) else None
    return Image(
        digest=metadata.get("name", ""),
        reference=obj.get("dockerImageReference", ""),
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        config_labels=labels,
        config_readable=readable,
    )
