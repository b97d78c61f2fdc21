"""Columns that many kinds print, and how ages are written (as `kubectl` writes them)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wharfinger.cluster.kind import Column, Object

UNKNOWN = "<unknown>"


def count(obj: Object, *fields: str) -> str:
    return str(sum(len(obj.get(name) or ()) for name in fields))


def created(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("creationTimestamp") or "")


def age(timestamp: str | None, now: datetime) -> str:
    """Write how long ago a time of the API was."""
    if not timestamp:
        return UNKNOWN
    return duration(now - datetime.fromisoformat(timestamp).astimezone(UTC))


def duration(passed: timedelta) -> str:
    """Write a duration in two or three significant digits: `95s`, `7m3s`, `3h12m`, `5d`."""
    seconds = int(passed.total_seconds())
    if seconds < -1:
        return "<invalid>"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _pair(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


NAME = Column(
    "Name",
    lambda obj, _: (obj.get("metadata") or {}).get("name", ""),
    format="name",
    description="Unique within a namespace.",
)
AGE = Column(
    "Age", lambda obj, now: age(created(obj), now), description="Time since the server made it."
)
CREATED_AT = Column(
    "Created At",
    lambda obj, _: created(obj),
    type="date",
    description="When the server made it.",
)
