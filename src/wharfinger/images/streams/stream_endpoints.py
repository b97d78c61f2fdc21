"""
Image streams as clients write and delete them, with what this does to the registry.

A tag that copies an image of ours can be pulled by its new name when the write is answered, and with
a stream goes its repository. The rules of the write itself stand in `stream_writes.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wharfinger.cluster.endpoint import Stored
from wharfinger.cluster.errors import ObjectNotFound
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.objects import Deletion, Objects
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options
from wharfinger.cluster.paging import Page
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import Subject
from wharfinger.images.streams.streams import Streams
from wharfinger.oci.names import RepositoryName


class ImageStreams(Stored):
    def __init__(self, objects: Objects, streams: Streams) -> None:
        super().__init__(objects, IMAGE_STREAM)
        self._streams = streams

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        made = await super().create(subject, namespace, name, obj, options)
        return await self._carried_out(made, options)

    async def update(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        written = await super().update(subject, namespace, name, obj, options)
        return await self._carried_out(written, options)

    async def patch(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        patch_type: PatchType,
        document: Any,
        options: Options,
    ) -> Object:
        written = await super().patch(subject, namespace, name, patch_type, document, options)
        return await self._carried_out(written, options)

    async def delete(
        self, subject: Subject, namespace: str, name: str, options: DeleteOptions
    ) -> Deletion:
        deletion = await super().delete(subject, namespace, name, options)
        if deletion.removed and not options.dry_run:
            uid = deletion.object["metadata"]["uid"]
            await self._streams.drop(RepositoryName(namespace, name), uid)
        return deletion

    async def delete_collection(
        self,
        subject: Subject,
        namespace: str | None,
        select: ListOptions,
        options: DeleteOptions,
    ) -> Page:
        page = await self.list(subject, namespace, select)
        for one in page.items:
            found = one["metadata"]
            same = replace(options, uid=found["uid"])
            try:
                await self.delete(subject, found["namespace"], found["name"], same)
            except ObjectNotFound:
                continue  # somebody else was faster, with the same result
        return page

    async def _carried_out(self, written: Object, options: Options) -> Object:
        """The stream once the registry has what the write copied."""
        if options.dry_run:
            return written
        metadata = written["metadata"]
        name = RepositoryName(metadata["namespace"], metadata["name"])
        await self._streams.agree(name)
        return self._streams.find(name) or written
