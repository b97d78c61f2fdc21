"""
What an `ImageStreamImport` asks for, as values.

The object has passed its schema and the validators of its kind. An entry that names nothing that
could be fetched (another kind than `DockerImage`) stays in its place, so that the answer has an
entry for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

from wharfinger.cluster.kind import Object
from wharfinger.oci.reference import DEFAULT_TAG, ImageReference, InvalidReference

DOCKER_IMAGE: Final = "DockerImage"
PRESERVE: Final = "PreserveOriginal"
"""The import mode in which an index stays an index."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One image or repository; `to` is the tag of the stream, "" for what is only looked at."""

    kind: str
    name: str
    to: str = ""
    insecure: bool = False
    scheduled: bool = False
    mode: str = ""
    policy: str = ""
    manifest: bool = False
    """Whether the answer is to carry the bytes of the manifest."""

    @classmethod
    def read(cls, entry: Any) -> Self:
        source, policy = entry.get("from") or {}, entry.get("importPolicy") or {}
        name = source.get("name") or ""
        return cls(
            kind=source.get("kind") or "",
            name=name,
            to=(entry.get("to") or {}).get("name") or _tag_of(name),
            insecure=bool(policy.get("insecure")),
            scheduled=bool(policy.get("scheduled")),
            mode=policy.get("importMode") or "",
            policy=(entry.get("referencePolicy") or {}).get("type") or "",
            manifest=bool(entry.get("includeManifest")),
        )

    @property
    def fetched(self) -> bool:
        return self.kind == DOCKER_IMAGE and self.name != "*"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    namespace: str
    stream: str
    images: tuple[Wanted, ...] = ()
    repository: Wanted | None = None
    stores: bool = True
    """False: fetch what there is and change nothing."""
    uid: str = ""
    resource_version: str = ""

    @classmethod
    def read(cls, namespace: str, obj: Object) -> Self:
        metadata, spec = obj["metadata"], obj.get("spec") or {}
        repository = spec.get("repository")
        return cls(
            namespace=namespace,
            stream=metadata.get("name") or "",
            images=tuple(Wanted.read(entry) for entry in spec.get("images") or ()),
            repository=None if repository is None else Wanted.read(repository),
            stores=bool(spec.get("import")),
            uid=metadata.get("uid") or "",
            resource_version=metadata.get("resourceVersion") or "",
        )


def _tag_of(name: str) -> str:
    """The tag that an image goes to if nobody says: its own, none for a digest."""
    try:
        reference = ImageReference.parse(name)
    except InvalidReference:
        return ""
    return "" if reference.id else reference.tag or DEFAULT_TAG
