"""
What a decision needs of a cluster: exemptions of namespaces, logins to pull with, image streams.

Each object is kept for a few seconds, so that a thousand pods of one deployment ask once; and only so
many questions go on at a time, since whoever reaches a webhook can make it ask. A cluster that serves
no image streams is asked for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.errors import Unavailable
from wharfinger.images.lookup import pull_accounts
from wharfinger.images.lookup.pull_accounts import Cluster, PullAccount
from wharfinger.images.lookup.remembered import Remembered
from wharfinger.images.lookup.seats import Busy, Seats
from wharfinger.images.streams import metadata
from wharfinger.images.streams.metadata import UnreadableConfig
from wharfinger.oci.credentials import Keyring
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.model import Image, LookupFailed, Object, Stream

GROUP: Final = "image.openshift.io"
SECONDS: Final = 5.0
KEYRING_SECONDS: Final = 30.0
SERVES_SECONDS: Final = 60.0
_ROOM: Final = 5_000
_AT_A_TIME: Final = 64
_AT_A_TIME_OF_ONE: Final = 16


class TooManyQuestions(Unavailable):
    code = "too-many-questions"

    def __init__(self) -> None:
        super().__init__("cannot ask the cluster: too many questions are under way")


@dataclass(frozen=True, slots=True)
class _Key:
    group: str
    resource: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class _Found:
    """`object` is None where there is none."""

    object: Object | None


class ClusterView:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._objects = Remembered[_Key, _Found](_ROOM, lambda _: SECONDS)
        self._keyrings = Remembered[tuple[str, PullAccount], Keyring](
            _ROOM, lambda _: KEYRING_SECONDS
        )
        self._served = Remembered[str, tuple[bool]](1, lambda _: SERVES_SECONDS)
        self._seats = Seats(_AT_A_TIME, _AT_A_TIME_OF_ONE)

    async def ignored_rules(self, namespace: str, until: float | None = None) -> frozenset[str]:
        """What the annotation of the namespace switches off."""
        found = await self._get("", "namespaces", "", namespace, until)
        return decision.ignored_rules(found or {})

    async def keyring(
        self, namespace: str, puller: PullAccount, until: float | None = None
    ) -> Keyring:
        async def ask() -> Keyring:
            return await pull_accounts.keyring(self._get_v1, namespace, puller)

        return await self._keyrings.get((namespace, puller), ask, until)

    async def image_object(
        self, resource: str, namespace: str, name: str, until: float | None = None
    ) -> Object:
        """An object of image.openshift.io; raise `LookupFailed`."""
        found = None
        if (await self._served.get(GROUP, self._serves, until))[0]:
            found = await self._get(GROUP, resource, namespace, name, until)
        if found is None:
            raise LookupFailed(f'{resource}.{GROUP} "{name}" not found', absent=resource)
        return found

    async def close(self) -> None:
        for kept in (self._objects, self._keyrings, self._served):
            await kept.close()

    async def _serves(self) -> tuple[bool]:
        return (await self._cluster.serves(GROUP, "v1"),)

    async def _get_v1(self, resource: str, namespace: str, name: str) -> Object | None:
        return await self._get("", resource, namespace, name)

    async def _get(
        self, group: str, resource: str, namespace: str, name: str, until: float | None = None
    ) -> Object | None:
        async def ask() -> _Found:
            try:
                with self._seats.take(namespace or name):
                    return _Found(await self._cluster.get(group, "v1", resource, namespace, name))
            except Busy:
                raise TooManyQuestions from None

        key = _Key(group, resource, namespace, name)
        return (await self._objects.get(key, ask, until)).object


@dataclass(frozen=True, slots=True)
class ClusterStreams:
    """The image streams of the cluster, asked for until a moment of the event loop's clock."""

    view: ClusterView
    until: float | None = None

    async def stream(self, namespace: str, name: str) -> Stream:
        found = await self.view.image_object("imagestreams", namespace, name, self.until)
        spec, status = _mapping(found.get("spec")), _mapping(found.get("status"))
        local = _mapping(spec.get("lookupPolicy")).get("local") is True
        return Stream(local, str(status.get("dockerImageRepository") or ""))

    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image:
        return await self._inner("imagestreamtags", namespace, f"{name}:{tag}")

    async def stream_image(self, namespace: str, name: str, digest: str) -> Image:
        return await self._inner("imagestreamimages", namespace, f"{name}@{digest}")

    async def image(self, digest: str) -> Image:
        return image_of(await self.view.image_object("images", "", digest, self.until))

    async def _inner(self, resource: str, namespace: str, name: str) -> Image:
        found = await self.view.image_object(resource, namespace, name, self.until)
        return image_of(_mapping(found.get("image")))


def image_of(found: Mapping[str, Any]) -> Image:
    """What an `Image` object says of its image."""
    meta = _mapping(found.get("metadata"))
    try:
        labels, readable = metadata.labels(found), True
    except UnreadableConfig:
        labels, readable = None, False
    return Image(
        digest=str(meta.get("name") or ""),
        reference=str(found.get("dockerImageReference") or ""),
        labels=_mapping(meta.get("labels")),
        annotations=_mapping(meta.get("annotations")),
        config_labels=labels,
        config_readable=readable,
    )


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}
