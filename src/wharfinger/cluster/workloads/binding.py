"""
Binding: a scheduler that is not ours puts a pod on a node (`pods/NAME/binding`, or `bindings`).

A pod is bound once. Whether it fits is for the scheduler to know; the node need not even exist.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from wharfinger.cluster import metadata
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectConflict, ObjectInvalid
from wharfinger.cluster.kind import FieldError, Object
from wharfinger.cluster.kinds.pods.binding import BINDING
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.reviews import question
from wharfinger.cluster.subject import Subject
from wharfinger.cluster.tokens import Clock
from wharfinger.cluster.workloads import placement, pods
from wharfinger.cluster.workloads.eviction import SUCCESS


class Bindings(Endpoint):
    """Made twice: below a pod, and for the collection, where the object names the pod."""

    def __init__(self, objects: Objects, *, below: bool, clock: Clock = time.time) -> None:
        super().__init__(*((POD, "binding") if below else (BINDING, "")))
        self._objects, self._clock = objects, clock

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        binding = question(BINDING, namespace, name, obj, options)
        name = name or binding["metadata"].get("name") or ""
        node = _node(binding, name)
        pod = self._objects.get(POD, namespace, name)
        metadata.require_uid(POD, pod, binding["metadata"].get("uid") or "")
        if metadata.deleting(pod):
            reason = f"pod {name} is being deleted, cannot be assigned to a host"
            raise ObjectConflict(POD.resource, name, reason)
        if pods.node_of(pod):
            reason = f'pod {name} is already assigned to node "{pods.node_of(pod)}"'
            raise ObjectConflict(POD.resource, name, reason)
        now = datetime.fromtimestamp(self._clock(), UTC)
        placed = placement.bound(pod, node, now)
        await self._objects.update(
            POD, namespace, name, placed, subject, options, subresource="binding"
        )
        return SUCCESS


def _node(binding: Object, name: str) -> str:
    """The node that is meant; raise `ObjectInvalid`."""
    target = binding.get("target") or {}
    if target.get("kind") not in (None, "", "Node"):
        cause = FieldError.unsupported("target.kind", target["kind"], ("Node", "<empty>"))
        raise ObjectInvalid(BINDING, name, (cause,))
    if not target.get("name"):
        raise ObjectInvalid(BINDING, name, (FieldError.required("target.name"),))
    return str(target["name"])
