"""
One tag of a stream, written by itself: ImageStreamTag and ImageTag.

Both are views of the stream. A write changes what the stream wants of the tag, under the rules for
streams; a deletion takes the tag from the stream and, if the image is ours, from the registry. A tag
is named STREAM:TAG.
"""

# ruff: noqa: ARG002 (an endpoint need not look at all that it is told)

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from wharfinger.cluster import checks, metadata, paging, patch
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import (
    BadRequest,
    ObjectConflict,
    ObjectExists,
    ObjectInvalid,
    ObjectNotFound,
)
from wharfinger.cluster.kind import FieldError, GroupResource, Kind, Object
from wharfinger.cluster.kinds.openshift import image_sources, stream_rules
from wharfinger.cluster.kinds.openshift.image_streams import (
    IMAGE_STREAM,
    IMAGE_STREAM_TAG,
    IMAGE_TAG,
)
from wharfinger.cluster.objects import Deletion, Objects
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options
from wharfinger.cluster.paging import Page
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM, Subject
from wharfinger.images.streams import history, shown
from wharfinger.images.streams.history import Draft
from wharfinger.images.streams.streams import Streams
from wharfinger.oci.image_stream_names import InvalidImageStreamName, TagName, parse_tag_name
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import ManifestUnknown, RepositoryUnknown
from wharfinger.registry.registry import Registry

_TRIES: Final = 10
_FORM: Final = "must be retrieved with <name>:<tag>"


class Tags(Endpoint):
    """What both kinds do; `part` is the field of an object that says where its images come from."""

    part: str

    def __init__(self, kind: Kind, objects: Objects, registry: Registry, streams: Streams) -> None:
        super().__init__(kind)
        self._objects = objects
        self._registry = registry
        self._streams = streams
        allowed = streams.policy.allowed
        self._allowed = None if allowed is None else allowed.beside(streams.policy.internal)

    def show(self, stream: Object, tag: str) -> Object:
        """The tag; raise `ObjectNotFound` with the resource that is absent."""
        raise NotImplementedError

    def show_all(self, stream: Object) -> list[Object]:
        """All tags of a stream, without what is known of their images."""
        raise NotImplementedError

    def show_written(self, stream: Object, tag: str) -> Object:
        """A tag whose image may still have to come."""
        raise NotImplementedError

    def judge(self, new: Object, old: Object | None) -> list[FieldError]:
        raise NotImplementedError

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        named = self._named(name)
        stream = self._objects.get(IMAGE_STREAM, namespace, named.name)
        return self.show(stream, named.tag)

    async def list(self, subject: Subject, namespace: str | None, options: ListOptions) -> Page:
        cache = self._objects.cache
        found = [
            one
            for stream in cache.list(IMAGE_STREAM.resource, namespace)
            for one in self.show_all(stream)
        ]
        # In one page: what is listed has other names than what is stored.
        whole = ListOptions(selector=options.selector)
        return paging.cut(found, cache.revision, whole)

    async def create(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        obj: Object,
        options: Options,
    ) -> Object:
        new = self._checked(namespace, "", obj, options)
        named = self._named(new["metadata"].get("name") or "")
        self._require(new, None)

        def change(stream: Object | None) -> Object:
            if stream is not None and history.spec_tag(stream, named.tag) is not None:
                one = GroupResource(self.kind.group, self.kind.singular)
                raise ObjectExists(one, new["metadata"]["name"])
            return self._put(stream, named, new)

        return await self._write(subject, namespace, named, change, options)

    async def update(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        new = self._checked(namespace, name, obj, options)
        named = self._named(name)

        def change(stream: Object | None) -> Object:
            wanted = copy.deepcopy(new)
            old = None if stream is None else self.show_written(stream, named.tag)
            self._require_version(wanted, stream, name)
            if old is not None:
                _complete(wanted, old)
            self._require(wanted, old)
            return self._put(stream, named, wanted)

        return await self._write(subject, namespace, named, change, options)

    async def patch(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        patch_type: PatchType,
        document: Any,
        options: Options,
    ) -> Object:
        for _ in range(_TRIES):
            old = await self.get(subject, namespace, name)
            new = patch.apply(patch_type, copy.deepcopy(old), document, self.kind.schema)
            try:
                return await self.update(subject, namespace, name, new, options)
            except ObjectConflict:
                now = await self.get(subject, namespace, name)
                if now["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]:
                    raise  # not that somebody was faster: the patch names a version itself
        raise ObjectConflict(self.kind.resource, name)

    async def delete(
        self, subject: Subject, namespace: str, name: str, options: DeleteOptions
    ) -> Deletion:
        named = self._named(name)
        stream = self._objects.get(IMAGE_STREAM, namespace, named.name)
        gone = self.show_written(stream, named.tag)
        metadata.require_uid(self.kind, stream, options.uid)
        metadata.require_revision(self.kind, stream, options.resource_version)

        def without(stream: Object | None) -> Object | None:
            draft = Draft(stream or {})
            if not draft.remove(named.tag):
                raise ObjectNotFound(self.kind.resource, name)
            return draft.object

        without(stream)
        if not options.dry_run:
            repository = RepositoryName(namespace, named.name)
            if (tag := Tag.find(named.tag)) is not None:
                with suppress(ManifestUnknown, RepositoryUnknown):
                    await self._registry.delete_manifest(repository, tag)
            await self._streams.apply(namespace, named.name, without, subject=SYSTEM, create=False)
        return Deletion(gone, removed=True)

    async def _write(
        self,
        subject: Subject,
        namespace: str,
        named: TagName,
        change: Callable[[Object | None], Object],
        options: Options,
    ) -> Object:
        cache = self._objects.cache
        for _ in range(_TRIES):
            stream = cache.get(IMAGE_STREAM.resource, namespace, named.name)
            new = change(stream)
            try:
                if stream is None:
                    written = await self._objects.create(
                        IMAGE_STREAM, namespace, new, subject, options
                    )
                else:
                    written = await self._objects.update(
                        IMAGE_STREAM, namespace, named.name, new, subject, options
                    )
            except (ObjectConflict, ObjectExists):
                continue
            break
        else:
            raise ObjectConflict(self.kind.resource, f"{named.name}:{named.tag}")
        if not options.dry_run:
            repository = RepositoryName(namespace, named.name)
            await self._streams.agree(repository)
            written = self._streams.find(repository) or written
        return self.show_written(written, named.tag)

    def _put(self, stream: Object | None, named: TagName, new: Object) -> Object:
        """The stream in which the tag is wanted as `new` says."""
        draft = Draft(stream or {"metadata": {"name": named.name}})
        wanted: Mapping[str, Any] | None = new.get(self.part) or draft.spec_tags.get(named.tag)
        if wanted is None:
            raise BadRequest(
                f"{self.kind.singular} {named.tag} is not a spec tag in imagestream "
                f"{new['metadata']['namespace']}/{named.name}, cannot be updated",
                self.kind.resource,
                new["metadata"]["name"],
            )
        draft.spec_tags[named.tag] = self.noted({**wanted, "name": named.tag}, new)
        return draft.object

    def noted(self, tag: dict[str, Any], new: Object) -> dict[str, Any]:
        """The tag with what its object says of it outside of `part`."""
        return tag

    def _checked(self, namespace: str, name: str, obj: Object, options: Options) -> Object:
        new = copy.deepcopy(obj)
        metadata.claim(self.kind, new, namespace, name)
        checks.fields(self.kind, new, options)
        return new

    def _require(self, new: Object, old: Object | None) -> None:
        errors = [*self.judge(new, old), *image_sources.tag(new, self._allowed, old)]
        wanted = new.get(self.part)
        if wanted is not None and not (wanted.get("from") or wanted.get("name")):
            errors.append(FieldError.required(f"{self.part}.from"))
        if errors:
            raise ObjectInvalid(self.kind, new["metadata"]["name"], errors)

    def _require_version(self, new: Object, stream: Object | None, name: str) -> None:
        asked = new["metadata"].pop("resourceVersion", None) or ""
        if not asked:
            return
        if stream is None:
            raise ObjectNotFound(self.kind.resource, name)
        found = stream["metadata"]["resourceVersion"]
        if asked != found:
            reason = f"another caller has updated the resource version to {found}"
            raise ObjectConflict(self.kind.resource, name, reason)

    def _named(self, name: str) -> TagName:
        try:
            return parse_tag_name(name)
        except InvalidImageStreamName:
            raise BadRequest(f"{self.kind.kind}s {_FORM}", self.kind.resource, name) from None


class ImageStreamTags(Tags):
    part = "tag"

    def __init__(self, objects: Objects, registry: Registry, streams: Streams) -> None:
        super().__init__(IMAGE_STREAM_TAG, objects, registry, streams)

    def show(self, stream: Object, tag: str) -> Object:
        return shown.stream_tag(stream, tag, self._streams.image)

    def show_all(self, stream: Object) -> list[Object]:
        return list(shown.stream_tags(stream))

    def show_written(self, stream: Object, tag: str) -> Object:
        return shown.written_stream_tag(stream, tag, self._streams.image)

    def judge(self, new: Object, old: Object | None) -> list[FieldError]:
        if old is not None and new.get("tag") is not None:
            # Who changes the notes of the object need not change their copy in the tag.
            new["tag"].pop("annotations", None)
        errors = stream_rules.stream_tag(new)
        return errors if old is None else [*errors, *stream_rules.stream_tag_update(new, old)]

    def noted(self, tag: dict[str, Any], new: Object) -> dict[str, Any]:
        """The notes of the object are those of the tag."""
        rest = {key: value for key, value in tag.items() if key != "annotations"}
        notes = new["metadata"].get("annotations")
        return {**rest, "annotations": notes} if notes else rest


class ImageTags(Tags):
    part = "spec"

    def __init__(self, objects: Objects, registry: Registry, streams: Streams) -> None:
        super().__init__(IMAGE_TAG, objects, registry, streams)

    def show(self, stream: Object, tag: str) -> Object:
        return shown.image_tag(stream, tag, self._streams.image)

    def show_all(self, stream: Object) -> list[Object]:
        return list(shown.image_tags(stream))

    def show_written(self, stream: Object, tag: str) -> Object:
        return shown.written_image_tag(stream, tag, self._streams.image)

    def judge(self, new: Object, old: Object | None) -> list[FieldError]:
        errors = stream_rules.image_tag(new)
        return errors if old is None else [*errors, *stream_rules.image_tag_update(new, old)]


def _complete(new: Object, old: Object) -> None:
    """Give an object what a client need not send, and the server knows."""
    fresh: dict[str, Any] = new["metadata"]
    known: Mapping[str, Any] = old["metadata"]
    if not fresh.get("labels") and known.get("labels"):
        fresh["labels"] = known["labels"]
    for field in ("uid", "creationTimestamp", "resourceVersion"):
        if not fresh.get(field):
            fresh[field] = known.get(field)
