"""
How many pods something has, asked and said below it (`deployments/NAME/scale`).

A Scale is a view of its owner: it has the identity and the version of that, so a write that names
a version conflicts when the owner has changed in any way. What is written is the wanted number
and nothing else.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from wharfinger.cluster import checks, label_selector, metadata, patch
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectConflict, ObjectInvalid
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.openshift.deployments import DEPLOYMENT_CONFIG
from wharfinger.cluster.kinds.workloads import (
    DEPLOYMENT,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    SCALE,
    STATEFUL_SET,
)
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import Subject

SCALED: Final = (
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    REPLICATION_CONTROLLER,
    DEPLOYMENT_CONFIG,
)
_SELECT_LABELS: Final = (REPLICATION_CONTROLLER.kind, DEPLOYMENT_CONFIG.kind)

_TRIES: Final = 20
_SHOWN: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


class Scales(Endpoint):
    def __init__(self, objects: Objects, owner: Kind) -> None:
        super().__init__(owner, "scale")
        self._objects = objects

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:  # noqa: ARG002
        return scale_of(self._objects.get(self.kind, namespace, name))

    async def update(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        new = _judged(copy.deepcopy(obj), namespace, name, options)
        return await self._write(subject, namespace, name, new, options)

    async def patch(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        patch_type: PatchType,
        document: Any,
        options: Options,
    ) -> Object:
        if patch_type is PatchType.APPLY:
            return await self._apply(subject, namespace, name, document, options)
        for _ in range(_TRIES):
            old = await self.get(subject, namespace, name)
            new = patch.apply(patch_type, copy.deepcopy(old), document, SCALE.schema)
            new = _judged(new, namespace, name, options)
            try:
                return await self._write(subject, namespace, name, new, options)
            except ObjectConflict:
                if not _same(new, old):
                    raise  # the patch asks for another object, or another version of it
        raise ObjectConflict(self.kind.resource, name)

    async def _apply(
        self, subject: Subject, namespace: str, name: str, document: Any, options: Options
    ) -> Object:
        """Apply to the owner what is applied to the scale: one field, with one manager."""
        config = copy.deepcopy(document)
        checks.configuration(SCALE, config, namespace, name, options)
        owner = self._owner_of(config)
        if "replicas" not in owner["spec"]:
            del owner["spec"]
        return await self._change(subject, namespace, name, PatchType.APPLY, owner, options)

    async def _write(
        self, subject: Subject, namespace: str, name: str, new: Object, options: Options
    ) -> Object:
        wanted = {"replicas": _wanted(new)}
        document = self._owner_of({**new, "spec": wanted})
        return await self._change(subject, namespace, name, PatchType.MERGE, document, options)

    async def _change(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        patch_type: PatchType,
        document: Object,
        options: Options,
    ) -> Object:
        stored = await self._objects.patch(
            self.kind,
            namespace,
            name,
            patch_type,
            document,
            subject,
            options,
            subresource=self.subresource,
        )
        return scale_of(stored)

    def _owner_of(self, scale: Object) -> Object:
        """Say of the owner what is said of its scale."""
        said: Mapping[str, Any] = scale.get("metadata") or {}
        conditions = ("name", "uid", "resourceVersion")
        return {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "metadata": {field: said[field] for field in conditions if said.get(field)},
            "spec": dict(scale.get("spec") or {}),
        }


def endpoints(objects: Objects) -> tuple[Scales, ...]:
    return tuple(Scales(objects, owner) for owner in SCALED)


def scale_of(owner: Object) -> Object:
    """Show what an owner of pods says of their number."""
    spec, status = owner.get("spec") or {}, owner.get("status") or {}
    return {
        "apiVersion": SCALE.api_version,
        "kind": SCALE.kind,
        "metadata": {
            field: owner["metadata"][field] for field in _SHOWN if field in owner["metadata"]
        },
        "spec": {"replicas": spec.get("replicas") or 0},
        "status": {
            "replicas": status.get("replicas") or 0,
            "selector": label_selector.text(_selector(owner)),
        },
    }


def _selector(owner: Object) -> Mapping[str, Any]:
    """The selector of the older kinds is labels alone."""
    found: Mapping[str, Any] = (owner.get("spec") or {}).get("selector") or {}
    if owner.get("kind") in _SELECT_LABELS:
        return {"matchLabels": found}
    return found


def _judged(scale: Object, namespace: str, name: str, options: Options) -> Object:
    metadata.claim(SCALE, scale, namespace, name)
    checks.fields(SCALE, scale, options)
    if causes := SCALE.validate(scale):
        raise ObjectInvalid(SCALE, name, causes)
    return scale


def _same(new: Object, old: Object) -> bool:
    return all(
        new["metadata"].get(field) == old["metadata"].get(field)
        for field in ("uid", "resourceVersion")
    )


def _wanted(scale: Object) -> int:
    return int((scale.get("spec") or {}).get("replicas") or 0)
