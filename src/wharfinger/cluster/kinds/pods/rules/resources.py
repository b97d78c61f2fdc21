"""What containers may ask for: names of amounts, and requests that the limits allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds import quantity
from wharfinger.cluster.kinds.pods.rules.common import NOT_NEGATIVE, Fields, unique

_STANDARD: Final = ("cpu", "memory", "ephemeral-storage")
_HUGE: Final = "hugepages-"


def amounts(values: Fields, path: str) -> Iterator[FieldError]:
    """Judge amounts by name, of whatever holder: a node, a pod, an overhead."""
    for name, value in values.items():
        for error in validation.qualified_name(name):
            yield FieldError.invalid(f"{path}[{name}]", name, error)
        yield from amount(name, value, f"{path}[{name}]")


def amount(name: str, value: str, path: str) -> Iterator[FieldError]:
    size = quantity.amount(value)
    if size < 0:
        yield FieldError.invalid(path, value, NOT_NEGATIVE)
    elif (_is_extended(name) or name.startswith(_HUGE)) and size.denominator != 1:
        yield FieldError.invalid(path, value, "must be an integer")


def requirements(resources: Fields, path: str) -> Iterator[FieldError]:
    """Judge limits and requests of one container, or of a whole pod."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, values in (("limits", limits), ("requests", requests)):
        yield from amounts(values, f"{path}.{name}")
        for amount_name in values:
            yield from _of_container(amount_name, f"{path}.{name}[{amount_name}]")
    for name, value in requests.items():
        yield from _within_limit(name, value, limits.get(name), f"{path}.requests")
    for name in limits.keys() - requests.keys():
        if not _may_exceed(name):
            yield from _within_limit(name, "0", limits[name], f"{path}.requests")
    claims = resources.get("claims") or ()
    yield from unique(
        (f"{path}.claims[{index}]", claim.get("name") or "") for index, claim in enumerate(claims)
    )


def _of_container(name: str, path: str) -> Iterator[FieldError]:
    if "/" not in name and name not in _STANDARD and not name.startswith(_HUGE):
        detail = "must be a standard resource type or fully qualified"
        yield FieldError.invalid(path, name, detail)
        yield FieldError.invalid(path, name, "must be a standard resource for containers")


def _within_limit(name: str, value: str, limit: str | None, path: str) -> Iterator[FieldError]:
    if limit is None:
        if not _may_exceed(name):
            detail = "Limit must be set for non overcommitable resources"
            yield FieldError.required(f"{path.rpartition('.')[0]}.limits", detail)
        return
    wanted, most = quantity.amount(value), quantity.amount(limit)
    if _may_exceed(name) and wanted > most:
        detail = f"must be less than or equal to {name} limit of {limit}"
        yield FieldError.invalid(path, value, detail)
    elif not _may_exceed(name) and wanted != most:
        yield FieldError.invalid(path, value, f"must be equal to {name} limit of {limit}")


def _is_extended(name: str) -> bool:
    """Devices and the like, which are given out whole."""
    prefix, slash, _ = name.rpartition("/")
    return bool(slash) and prefix != "kubernetes.io" and not prefix.endswith(".kubernetes.io")


def _may_exceed(name: str) -> bool:
    """Whether the limits of all containers together may be more than there is."""
    return not _is_extended(name) and not name.startswith(_HUGE)
