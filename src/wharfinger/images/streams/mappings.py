"""
An image under a tag of a stream, by its digest: ImageStreamMapping.

What a mapping says of an image is believed of nobody. An image that our registry has in a repository
which the caller may pull from is linked into this one, and all that is known of it is read from its
bytes. Everybody else's word counts only from those who may create images for the whole cluster: a
tenant who names a digest learns nothing of it, and nobody else's image gets labels from a tenant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from wharfinger.cluster import metadata
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectConflict, ObjectForbidden
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.kinds.openshift.image_spec import GROUP
from wharfinger.cluster.kinds.openshift.image_streams import (
    IMAGE_STREAM,
    IMAGE_STREAM_MAPPING,
)
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.reviews import question
from wharfinger.cluster.subject import Subject
from wharfinger.errors import BadInput, NotFound
from wharfinger.images.streams import history
from wharfinger.images.streams.history import Draft
from wharfinger.images.streams.pushed_images import MANAGED
from wharfinger.images.streams.streams import Streams
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidDigest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.registry.registry import Registry


def _now() -> datetime:
    return datetime.now(UTC)


class Mappings(Endpoint):
    def __init__(
        self,
        objects: Objects,
        registry: Registry,
        streams: Streams,
        authorizer: Authorizer,
        *,
        now: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(IMAGE_STREAM_MAPPING)
        self._objects = objects
        self._registry = registry
        self._streams = streams
        self._authorizer = authorizer
        self._now = now

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        mapping = question(self.kind, namespace, name, obj, options)
        stream = self._objects.get(IMAGE_STREAM, namespace, mapping["metadata"]["name"])
        repository = RepositoryName(namespace, stream["metadata"]["name"])
        tag, image = Tag.parse(mapping["tag"]), mapping["image"]
        source = await self._source(subject, repository, image)
        if source is None:
            self._require_trust(subject, mapping)
        if not options.dry_run:
            if source is not None:
                digest = Digest.parse(image["metadata"]["name"])
                await self._registry.link_image(repository, digest, source, tag)
                await self._streams.moved(repository, tag)
            else:
                await self._take_over(subject, stream, tag, image)
        return {"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success"}

    async def _source(
        self, subject: Subject, target: RepositoryName, image: Object
    ) -> RepositoryName | None:
        """A repository of ours that has the image, and that the caller may pull from."""
        try:
            digest = Digest.parse(image["metadata"]["name"])
        except InvalidDigest:
            return None
        for name in (target, *self._named(image)):
            if name == target or self._may_pull(subject, name):
                with suppress(NotFound):
                    await self._registry.manifest(name, digest)
                    return name
        return None

    def _named(self, image: Object) -> Iterator[RepositoryName]:
        """The repositories that the mapping, and what we know of the image, name as its place."""
        known = self._streams.image(image["metadata"]["name"])
        managed = known is not None and annotations_of(known).get(MANAGED) == "true"
        for one in (image, known) if managed else (image,):
            with suppress(BadInput):
                found = ImageReference.parse((one or {}).get("dockerImageReference") or "")
                if one is known or found.registry == self._streams.policy.internal:
                    yield RepositoryName.parse(found.repository)

    def _may_pull(self, subject: Subject, name: RepositoryName) -> bool:
        access = Access("get", GROUP, IMAGE_STREAM.plural, "layers", name.project, name.rest)
        return self._authorizer.decide(subject, access).allowed

    def _require_trust(self, subject: Subject, mapping: Object) -> None:
        resource = IMAGE.resource
        access = Access("create", resource.group, resource.resource)
        if not self._authorizer.decide(subject, access).allowed:
            reason = (
                "the image is not in a repository of this registry that you may pull from; "
                "push it, or import it with `oc import-image`"
            )
            raise ObjectForbidden(self.kind.resource, mapping["metadata"]["name"], reason)

    async def _take_over(self, subject: Subject, stream: Object, tag: Tag, image: Object) -> None:
        """Put an image of elsewhere under a tag, unless somebody else moves that meanwhile."""
        before = history.latest(stream, tag.text)
        event = {
            "created": metadata.timestamp(self._now()),
            "dockerImageReference": image["dockerImageReference"],
            "image": image["metadata"]["name"],
            "generation": stream["metadata"].get("generation") or 1,
        }

        def mapped(found: Object | None) -> Object:
            if found is None or history.latest(found, tag.text) != before:
                raise ObjectConflict(IMAGE_STREAM.resource, stream["metadata"]["name"])
            draft = Draft(found)
            draft.move(tag.text, event)
            return draft.object

        fields = ("namespace", "uid", "resourceVersion", "creationTimestamp")
        kept = {key: value for key, value in image["metadata"].items() if key not in fields}
        await self._streams.keep_images([{**image, "metadata": kept}])
        name = stream["metadata"]
        await self._streams.apply(
            name["namespace"], name["name"], mapped, subject=subject, create=False
        )
