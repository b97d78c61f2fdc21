"""
What a node may be, how it is printed, and what of it may change.

Ranges of addresses and the provider's name are given once; taints, labels, and whether new pods are
put on it change at any time.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster.kind import Column, FieldError, Object
from wharfinger.cluster.kinds.columns import AGE, NAME, UNKNOWN
from wharfinger.cluster.kinds.pods.rules import resources, scheduling

NONE: Final = "<none>"
_ROLE: Final = "node-role.kubernetes.io/"
_OLD_ROLE: Final = "kubernetes.io/role"
_CHANGEABLE: Final = (
    "node updates may only change labels, taints, or capacity (or configSource, if the "
    "DynamicKubeletConfig feature gate is enabled)"
)
_MOST_RANGES: Final = 2


def default(node: Object) -> None:
    """Old clients know one range of addresses, new ones a list of them; both get the same."""
    spec = node.setdefault("spec", {})
    if not spec.get("unschedulable"):
        spec.pop("unschedulable", None)
    if spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]
    elif spec.get("podCIDRs") and not spec.get("podCIDR"):
        spec["podCIDR"] = spec["podCIDRs"][0]
    status = node.setdefault("status", {})
    if "capacity" in status and "allocatable" not in status:
        status["allocatable"] = dict(status["capacity"])


def validate(node: Object) -> Sequence[FieldError]:
    return tuple(_errors(node.get("spec") or {}, node.get("status") or {}))


def _errors(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[FieldError]:
    yield from scheduling.taints(spec.get("taints") or (), "metadata.taints")
    ranges = spec.get("podCIDRs") or ()
    for index, one in enumerate(ranges):
        if _network(one) is None:
            detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            yield FieldError.invalid(f"spec.podCIDRs[{index}]", one, detail)
    if spec.get("podCIDR") and list(ranges[:1]) != [spec["podCIDR"]]:
        detail = "must contain the same value as podCIDRs[0]"
        yield FieldError.invalid("spec.podCIDR", spec["podCIDR"], detail)
    families = [network.version for network in map(_network, ranges) if network is not None]
    if len(ranges) > _MOST_RANGES or len(families) != len(set(families)):
        detail = "may specify no more than one CIDR for each IP family"
        yield FieldError.invalid("spec.podCIDRs", list(ranges), detail)
    for name in ("capacity", "allocatable"):
        yield from resources.amounts(status.get(name) or {}, f"status.{name}")
    seen = []
    for index, address in enumerate(status.get("addresses") or ()):
        if address in seen:
            yield FieldError.duplicate(f"status.addresses[{index}]", address)
        seen.append(address)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def validate_update(new: Object, old: Object) -> Sequence[FieldError]:
    return tuple(_changes(new.get("spec") or {}, old.get("spec") or {}))


def _changes(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[FieldError]:
    before = old.get("podCIDRs") or []
    if before and new.get("podCIDRs") != before:
        detail = 'node updates may not change podCIDR except from "" to valid'
        yield FieldError.forbidden("spec.podCIDRs", detail)
    if old.get("providerID") and new.get("providerID") != old["providerID"]:
        detail = 'node updates may not change providerID except from "" to valid'
        yield FieldError.forbidden("spec.providerID", detail)
    if any(new.get(name) != old.get(name) for name in ("configSource", "externalID")):
        yield FieldError.forbidden("", _CHANGEABLE)


def _state(node: Object) -> str:
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = next((one for one in conditions if one.get("type") == "Ready"), None)
    state = "Unknown"
    if ready is not None:
        state = "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{state},SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else state


def _roles(node: Object) -> str:
    labels = (node.get("metadata") or {}).get("labels") or {}
    roles = {name.removeprefix(_ROLE) for name in labels if name.startswith(_ROLE)}
    roles.add(labels.get(_OLD_ROLE) or "")
    return ",".join(sorted(roles - {""})) or NONE


def _address(node: Object, kind: str) -> str:
    for address in (node.get("status") or {}).get("addresses") or ():
        if address.get("type") == kind:
            return str(address.get("address") or "")
    return NONE


def _info(name: str, description: str, field: str, *, wide: bool = True) -> Column:
    def value(node: Object, _: datetime) -> str:
        info = (node.get("status") or {}).get("nodeInfo") or {}
        return str(info.get(field) or (UNKNOWN if wide else ""))

    return Column(name, value, description=description, wide=wide)


COLUMNS: Final = (
    NAME,
    Column(
        "Status",
        lambda node, _: _state(node),
        description="Whether it is ready, and takes new pods.",
    ),
    Column("Roles", lambda node, _: _roles(node), description="What it is for, by its labels."),
    AGE,
    _info("Version", "Version of its agent.", "kubeletVersion", wide=False),
    Column(
        "Internal-IP",
        lambda node, _: _address(node, "InternalIP"),
        description="Its address in the cluster.",
        wide=True,
    ),
    Column(
        "External-IP",
        lambda node, _: _address(node, "ExternalIP"),
        description="Its address outside.",
        wide=True,
    ),
    _info("OS-Image", "Its operating system.", "osImage"),
    _info("Kernel-Version", "Its kernel.", "kernelVersion"),
    _info("Container-Runtime", "Its runtime.", "containerRuntimeVersion"),
)


def is_unschedulable(node: Object) -> str:
    return "true" if (node.get("spec") or {}).get("unschedulable") else "false"
