"""
`ImageStreamImport`: a request that is answered when all is fetched, and never stored.

Whoever creates one in a project has its images fetched with the secrets of that project, which they
need not be able to read. What fails is told for each image; the request as a whole fails only if it may
not be made. Who may create images, or put any under a tag, in the whole cluster may import from
everywhere: they could make these images up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectInvalid
from wharfinger.cluster.kind import FieldError, Object
from wharfinger.cluster.kinds.openshift.image_spec import GROUP
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM_IMPORT
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.reviews import question
from wharfinger.cluster.subject import Subject
from wharfinger.images.importing import permits
from wharfinger.images.importing.importer import Importer
from wharfinger.images.importing.request import ImportRequest

MOST_IMAGES: Final = 2000
_UNBOUND: Final = ("images", "imagestreammapping")
"""What to create in the whole cluster makes exempt; the second is misspelt in OpenShift, too."""


class StreamImports(Endpoint):
    def __init__(self, objects: Objects, importer: Importer, authorizer: Authorizer) -> None:
        super().__init__(IMAGE_STREAM_IMPORT)
        self._objects, self._importer, self._authorizer = objects, importer, authorizer

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        asked = question(self.kind, namespace, name, obj, options)
        read = ImportRequest.read(namespace, asked)
        request = replace(read, stores=read.stores and not options.dry_run)
        exempt = self._may_import_all(subject)
        errors = [
            *_too_many(request),
            *permits.errors(request, self._importer.allowed, exempt=exempt),
        ]
        if errors:
            raise ObjectInvalid(self.kind, request.stream, errors)
        found = await self._importer.run(request, subject=subject, exempt=exempt)
        return {**asked, "status": found.status()}

    def _may_import_all(self, subject: Subject) -> bool:
        return any(
            self._authorizer.decide(subject, Access("create", GROUP, resource)).allowed
            for resource in _UNBOUND
        )


def _too_many(request: ImportRequest) -> list[FieldError]:
    if len(request.images) <= MOST_IMAGES:
        return []
    return [FieldError.too_many("spec.images", len(request.images), MOST_IMAGES)]
