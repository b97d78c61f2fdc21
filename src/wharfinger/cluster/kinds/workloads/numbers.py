"""
Numbers in the kinds of this folder: what may not be negative, and numbers or percentages.

Only the words of refusals are here; what a percentage comes to is the business of controllers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError

NEGATIVE = "must be greater than or equal to 0"

Amount = int | str
"""A number of pods, or a part of them: `3`, `25%`."""


def not_negative(holder: Mapping[str, Any], path: str, *names: str) -> Iterator[FieldError]:
    """Refuse what is below zero; what is absent is fine."""
    for name in names:
        value = holder.get(name)
        if value is not None and value < 0:
            yield FieldError.invalid(f"{path}.{name}", value, NEGATIVE)


def at_most(
    holder: Mapping[str, Any], path: str, limit: str, names: Iterable[str], words: str
) -> Iterator[FieldError]:
    """Refuse counts in a status that are greater than the one named `limit`."""
    for name in names:
        value = holder.get(name) or 0
        if value > (holder.get(limit) or 0):
            yield FieldError.invalid(f"{path}.{name}", value, f"cannot be greater than {words}")


def not_decremented(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[FieldError]:
    """Refuse a status in which the count of collisions goes back."""
    present, before = new.get("collisionCount"), old.get("collisionCount")
    if before is not None and (present or 0) < before:
        yield FieldError.invalid("status.collisionCount", present or 0, "cannot be decremented")


def amount(value: Amount | None, path: str) -> Iterator[FieldError]:
    """Refuse what is neither a number from zero on nor a percentage."""
    if isinstance(value, int) and value < 0:
        yield FieldError.invalid(path, value, NEGATIVE)
    if isinstance(value, str):
        for error in validation.percent(value):
            yield FieldError.invalid(path, value, error)


def part(value: Amount | None, path: str) -> Iterator[FieldError]:
    """Refuse what `amount` refuses, and more than all."""
    yield from amount(value, path)
    if isinstance(value, str) and is_percentage(value) and _bare(value) > 100:
        yield FieldError.invalid(path, value, "must not be greater than 100%")


def is_zero(value: Amount | None) -> bool:
    """Say whether an amount is none at all; what is no amount counts as none."""
    if isinstance(value, str):
        return not is_percentage(value) or _bare(value) == 0
    return not value


def is_percentage(value: Amount | None) -> bool:
    return isinstance(value, str) and not validation.percent(value)


def _bare(percentage: str) -> int:
    digits = percentage.removesuffix("%").lstrip("0")
    # All that has more digits than this is beyond any limit, and too long a number to read.
    return int(digits or "0") if len(digits) < 10 else 10**9
