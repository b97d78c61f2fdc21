"""
Signatures as objects: IMAGE@NAME, kept in the `signatures` of the image.

They are what clients of OpenShift write (`oc adm verify-image-signature`); policies of this server
trust none of them, but look at the signature itself in the registry (`signatures.py`).
"""

# ruff: noqa: ARG002 (an endpoint need not look at all that it is told)

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wharfinger.cluster import metadata
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectConflict, ObjectExists, ObjectNotFound
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.openshift.images import IMAGE, IMAGE_SIGNATURE
from wharfinger.cluster.objects import Deletion, Objects
from wharfinger.cluster.options import DeleteOptions, Options
from wharfinger.cluster.reviews import question
from wharfinger.cluster.subject import Subject

_TRIES: Final = 10


class ImageSignatures(Endpoint):
    def __init__(self, objects: Objects) -> None:
        super().__init__(IMAGE_SIGNATURE)
        self._objects = objects

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        made = question(self.kind, namespace, name, obj, options)
        signed = made["metadata"]["name"]
        kept = {key: value for key, value in made.items() if key not in ("apiVersion", "kind")}

        def added(image: Object) -> Object:
            known = image.get("signatures") or []
            if any(one["metadata"]["name"] == signed for one in known):
                raise ObjectExists(self.kind.resource, signed)
            return {**image, "signatures": [*known, kept]}

        await self._change(subject, signed, added, options)
        return made

    async def delete(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        options: DeleteOptions,
    ) -> Deletion:
        gone: list[Object] = []

        def removed(image: Object) -> Object:
            known = image.get("signatures") or []
            gone[:] = [one for one in known if one["metadata"]["name"] == name]
            if not gone:
                raise ObjectNotFound(self.kind.resource, name)
            metadata.require_uid(IMAGE, image, options.uid)
            return {**image, "signatures": [one for one in known if one not in gone]}

        await self._change(subject, name, removed, Options(dry_run=options.dry_run))
        typed = {"apiVersion": self.kind.api_version, "kind": self.kind.kind}
        return Deletion({**typed, **gone[0]}, removed=True)

    async def _change(
        self,
        subject: Subject,
        name: str,
        change: Callable[[Object], Object],
        options: Options,
    ) -> None:
        """Write what `change` makes of the image that a signature is of."""
        digest = name.partition("@")[0]
        for _ in range(_TRIES):
            image = self._objects.get(IMAGE, "", digest)
            try:
                await self._objects.update(IMAGE, "", digest, change(image), subject, options)
            except ObjectConflict:
                continue
            return
        raise ObjectConflict(IMAGE.resource, digest)
