"""
What every project has without being asked: three service accounts and their rights to images.

Pods of a project pull its images, its builds push them, and its deployments update tags. What is
deleted comes back; to take a right away, the subjects of its binding are emptied.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from wharfinger.cluster import metadata
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.core import NAMESPACE, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.rbac import ROLE_BINDING
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.rbac import GROUP
from wharfinger.cluster.subject import SERVICE_ACCOUNTS, SYSTEM
from wharfinger.cluster.watch import Event

ACCOUNTS = ("builder", "default", "deployer")
_DESCRIPTION = "openshift.io/description"


class ProjectContents:
    """A controller; its keys are names of namespaces."""

    follows = (NAMESPACE.resource, SERVICE_ACCOUNT.resource, ROLE_BINDING.resource)

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._cache = objects.cache

    def everything(self) -> Iterable[Hashable]:
        return [found["metadata"]["name"] for found in self._cache.list(NAMESPACE.resource)]

    def concerned(self, event: Event) -> Iterable[Hashable]:
        return (event.key.namespace or event.key.name,)

    async def reconcile(self, key: Hashable) -> float | None:
        name = str(key)
        namespace = self._cache.get(NAMESPACE.resource, "", name)
        if namespace is None or metadata.deleting(namespace):
            return None
        for kind, wanted in contents(name):
            if self._cache.get(kind.resource, name, wanted["metadata"]["name"]) is None:
                await self._objects.create(kind, name, wanted, SYSTEM)
        return None


def contents(namespace: str) -> Iterator[tuple[Kind, Object]]:
    """The objects that a namespace is filled with."""
    for account in ACCOUNTS:
        yield SERVICE_ACCOUNT, {"metadata": {"name": account}}
    everyone = {
        "apiGroup": GROUP,
        "kind": "Group",
        "name": f"{SERVICE_ACCOUNTS}:{namespace}",
    }
    yield _binding(
        "system:image-puller",
        everyone,
        "Allows all pods in this namespace to pull images from this namespace.  It is "
        "auto-managed by a controller; remove subjects to disable.",
    )
    yield _binding(
        "system:image-builder",
        _account("builder", namespace),
        "Allows builds in this namespace to push images to this namespace.  It is "
        "auto-managed by a controller; remove subjects to disable.",
    )
    yield _binding(
        "system:deployer",
        _account("deployer", namespace),
        "Allows deploymentconfigs in this namespace to rollout pods in this namespace.  It is "
        "auto-managed by a controller; remove subjects to disable.",
    )


def _binding(role: str, subject: Object, description: str) -> tuple[Kind, Object]:
    return ROLE_BINDING, {
        "metadata": {"name": f"{role}s", "annotations": {_DESCRIPTION: description}},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }


def _account(name: str, namespace: str) -> Object:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
