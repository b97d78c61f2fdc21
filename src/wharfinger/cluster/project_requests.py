"""
Asking for a project of one's own.

Whoever may create project requests gets a namespace and is made its administrator, both or
neither: if the second step fails, the namespace is deleted again. A name that is taken is refused
even to those who cannot see the project that has it. The words are those of OpenShift.
"""

# ruff: noqa: ARG002 (an endpoint need not look at all that it is told)

from __future__ import annotations

import asyncio

from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectExists, ObjectForbidden, ObjectInvalid
from wharfinger.cluster.kind import FieldError, GroupResource, Object
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.project import (
    DESCRIPTION,
    DISPLAY_NAME,
    PROJECT_REQUEST,
    REQUESTER,
    name_errors,
)
from wharfinger.cluster.kinds.rbac import ROLE_BINDING
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import ListOptions, Options
from wharfinger.cluster.projects import project_of
from wharfinger.cluster.rbac import GROUP as RBAC
from wharfinger.cluster.reviews import question
from wharfinger.cluster.subject import SYSTEM, Subject

FORBIDDEN_NAMES = ("openshift", "kubernetes", "kube")
FORBIDDEN_PREFIXES = ("openshift-", "kubernetes-", "kube-")
MAY_NOT = "you may not request a new project via this API."
_PROJECT = GroupResource("project.openshift.io", "project")
"""As OpenShift's errors call it: in the singular."""


class ProjectRequests(Endpoint):
    def __init__(self, objects: Objects, authorizer: Authorizer) -> None:
        super().__init__(PROJECT_REQUEST)
        self._objects = objects
        self._authorizer = authorizer

    async def list(self, subject: Subject, namespace: str | None, options: ListOptions) -> Object:
        """Say whether the caller may ask for a project: `oc new-project` reads nothing but a Status."""
        resource = PROJECT_REQUEST.resource
        access = Access("create", resource.group, resource.resource)
        if not self._authorizer.decide(subject, access).allowed:
            raise ObjectForbidden(resource, "", MAY_NOT)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        request = question(self.kind, namespace, name, obj, options)
        wanted = request["metadata"].get("name") or ""
        causes = [
            FieldError.invalid("metadata.name", wanted, error) for error in name_errors(wanted)
        ]
        if causes:
            raise ObjectInvalid(self.kind, wanted, causes)
        refuse_name(wanted)
        project = namespace_for(request, subject)
        try:
            if options.dry_run:
                made = await self._objects.create(NAMESPACE, "", project, SYSTEM, options)
            else:
                # A client that hangs up does not leave a project without its administrator.
                made = await asyncio.shield(asyncio.ensure_future(self._make(project, subject)))
        except ObjectExists:
            raise ObjectExists(_PROJECT, wanted) from None
        return project_of(made)

    async def _make(self, project: Object, subject: Subject) -> Object:
        made = await self._objects.create(NAMESPACE, "", project, SYSTEM)
        name = made["metadata"]["name"]
        try:
            await self._objects.create(ROLE_BINDING, name, administrator(subject), SYSTEM)
        except BaseException:
            await self._objects.delete(NAMESPACE, "", name, SYSTEM)
            raise
        return made


def refuse_name(name: str) -> None:
    """Raise for the names that belong to the platform."""
    if name in FORBIDDEN_NAMES:
        reason = f'cannot request a project with the name "{name}"'
        raise ObjectForbidden(_PROJECT, name, reason)
    for prefix in FORBIDDEN_PREFIXES:
        if name.startswith(prefix):
            reason = f'cannot request a project starting with "{prefix}"'
            raise ObjectForbidden(_PROJECT, name, reason)


def namespace_for(request: Object, subject: Subject) -> Object:
    annotations = {
        DESCRIPTION: request.get("description") or "",
        DISPLAY_NAME: request.get("displayName") or "",
        REQUESTER: subject.name,
    }
    metadata = {"name": request["metadata"].get("name"), "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def administrator(subject: Subject) -> Object:
    """The binding that makes the requester the administrator."""
    return {
        "metadata": {"name": "admin"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": subject.name}],
    }
