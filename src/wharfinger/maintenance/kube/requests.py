"""Where the objects of an evacuation are in a Kubernetes API, and what is sent there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from wharfinger.maintenance.api import ApiRefused
from wharfinger.maintenance.model import Name, Node, Object, Pod

POLICY: Final = ("policy/v1", "policy/v1beta1")
"""The versions in which there are budgets and evictions, the better first."""
EVENTS: Final = "/api/v1/namespaces/default/events"
"""Where events of what has no namespace are kept."""

_MESSAGE_AT_MOST: Final = 1024
_WHO: Final = "wharfinger"


def node_path(name: str) -> str:
    return f"/api/v1/nodes/{_part(name)}"


def pod_path(name: Name) -> str:
    return f"{list_path('v1', 'pods', name.namespace)}/{_part(name.name)}"


def list_path(version: str, resource: str, namespace: str = "") -> str:
    """`version` is as objects write it: `v1`, `apps/v1`."""
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{_part(namespace)}/{resource}" if namespace else f"{root}/{resource}"


def on_node(node: str) -> str:
    """A field selector."""
    return f"spec.nodeName={node}" if node else ""


def eviction(pod: Pod, version: str, grace: int, dry_run: bool) -> Object:
    return {
        "apiVersion": version,
        "kind": "Eviction",
        "metadata": {"name": pod.name.name, "namespace": pod.name.namespace},
        "deleteOptions": _deletion(pod, grace, dry_run),
    }


def deletion(pod: Pod, grace: int, dry_run: bool) -> Object:
    return {"apiVersion": "v1", "kind": "DeleteOptions", **_deletion(pod, grace, dry_run)}


def eviction_version(resources: Iterable[Object]) -> str:
    """In which version evictions are sent, by the discovery document of core/v1.

    Budgets came to policy/v1 one release before evictions, so their version says nothing on it.
    """
    found = {
        f"{one.get('group')}/{one.get('version')}"
        for one in resources
        if one.get("name") == "pods/eviction"
    }
    known = next((version for version in POLICY if version in found), None)
    if known is None:
        raise ApiRefused(
            "cannot evict: this cluster has no evictions",
            status=404,
            remedy="delete the pods instead, which asks no budget (--disable-eviction)",
        )
    return known


def change(node: Node, patch: Mapping[str, Any]) -> Object:
    """The patch, good only for the node as it was looked at."""
    exact = {"uid": node.uid, "resourceVersion": node.revision}
    held = {key: value for key, value in exact.items() if value}
    return {**patch, "metadata": {**(patch.get("metadata") or {}), **held}}


def event(
    node: Node, name: str, *, reason: str, message: str, warning: bool, now: datetime
) -> Object:
    time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "default"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Node",
            "name": node.name,
            "uid": node.uid,
        },
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": message[:_MESSAGE_AT_MOST],
        "source": {"component": _WHO},
        "reportingComponent": _WHO,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def _deletion(pod: Pod, grace: int, dry_run: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"preconditions": {"uid": pod.uid}}
    if grace >= 0:
        options["gracePeriodSeconds"] = grace
    if dry_run:
        options["dryRun"] = ["All"]
    return options


def _part(text: str) -> str:
    return quote(text, safe="")
