"""
The paths below a pod, and what may be written through each.

A scheduler binds a pod to a node, a drain evicts it, a person adds a container to look into it; the
spec is otherwise fixed. Which field a path may touch is said here, so no other can slip through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.cluster.kind import FieldError, Object, Subresource


def _added_only(new: Object, old: Object) -> Iterator[FieldError]:
    """Containers that look into a pod can be added, and stay as they are."""
    path = "spec.ephemeralContainers"
    after = {one.get("name"): one for one in _ephemeral(new)}
    for before in _ephemeral(old):
        name = before.get("name")
        if name not in after:
            detail = f'existing ephemeral containers "{name}" may not be removed'
            yield FieldError.forbidden(path, detail)
        elif after[name] != before:
            detail = f'existing ephemeral containers "{name}" may not be changed'
            yield FieldError.forbidden(path, detail)


def _ephemeral(pod: Object) -> list[Object]:
    return (pod.get("spec") or {}).get("ephemeralContainers") or []


def _bound_once(new: Object, old: Object) -> Iterator[FieldError]:
    known = (old.get("spec") or {}).get("nodeName")
    if known and (new.get("spec") or {}).get("nodeName") != known:
        yield FieldError.forbidden("spec.nodeName", f"the pod is on node {known} already")


SUBRESOURCES: Final = (
    Subresource("status", ("get", "patch", "update")),
    Subresource(
        "ephemeralcontainers",
        ("get", "patch", "update"),
        parts=(("spec", "ephemeralContainers"),),
        validate_update=lambda new, old: tuple(_added_only(new, old)),
    ),
    Subresource(
        "binding",
        ("create",),
        group="",
        version="v1",
        kind="Binding",
        parts=(("spec", "nodeName"), ("status", "conditions"), ("status", "message")),
        validate_update=lambda new, old: tuple(_bound_once(new, old)),
    ),
    Subresource("eviction", ("create",), group="policy", version="v1", kind="Eviction"),
)
