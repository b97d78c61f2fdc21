"""
Conditions of a status: what holds of an object now, since when, and why.

Pure. A condition keeps the time of its last transition for as long as its status stays, so that
looking at an object again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import timestamp

Condition = Mapping[str, Any]


def conditions(obj: Object) -> Sequence[Condition]:
    found: Sequence[Condition] = (obj.get("status") or {}).get("conditions") or ()
    return found


def condition(obj: Object, type_: str) -> Condition | None:
    return next((one for one in conditions(obj) if one.get("type") == type_), None)


def holds(obj: Object, type_: str) -> bool:
    found = condition(obj, type_)
    return found is not None and found.get("status") == "True"


def made(type_: str, status: bool, reason: str = "", message: str = "") -> dict[str, Any]:
    """A condition that has not been placed in time yet."""
    told = {"type": type_, "status": "True" if status else "False"}
    if reason:
        told["reason"] = reason
    if message:
        told["message"] = message
    return told


def merged(
    known: Sequence[Condition], fresh: Iterable[Condition], now: datetime
) -> list[dict[str, Any]]:
    """`known` with `fresh` in their places; what is new or has turned is of now."""
    result = {one.get("type"): dict(one) for one in known}
    for one in fresh:
        before = result.get(one["type"])
        same = before is not None and before.get("status") == one["status"]
        since = before.get("lastTransitionTime") if before is not None and same else None
        result[one["type"]] = {**one, "lastTransitionTime": since or timestamp(now)}
    return list(result.values())


def moment(text: Any) -> datetime | None:
    """A time as an object has it; None where there is none."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
