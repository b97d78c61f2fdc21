"""
Which fields of an object a write adds, changes and removes.

The same value is no change, however it came to be written. What is owned as a whole (see
`structure.py`) changes as a whole; a field that is new counts with all that is below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wharfinger.cluster.apply import fieldset, structure
from wharfinger.cluster.apply.fieldset import MEMBER, SELF, Set
from wharfinger.cluster.apply.structure import Schema


@dataclass(frozen=True, slots=True)
class Comparison:
    """No field is in two of the sets."""

    added: Set
    modified: Set
    removed: Set

    @property
    def same(self) -> bool:
        return not (self.added or self.modified or self.removed)

    @property
    def written(self) -> Set:
        """What the writer has a value for."""
        return fieldset.union(self.added, self.modified)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The sets below one value while they are gathered."""

    added: dict[str, Any]
    modified: dict[str, Any]
    removed: dict[str, Any]

    def gather(self, name: str, schema: Schema, old: Any, new: Any) -> None:
        if old == new:
            return
        if structure.whole(schema, old) or structure.whole(schema, new):
            self._replace(name, schema, old, new)
            return
        found = _compared(schema, old, new)
        if found is None:
            self._replace(name, schema, old, new)
            return
        for mine, theirs in (
            (self.added, found.added),
            (self.modified, found.modified),
            (self.removed, found.removed),
        ):
            if theirs:
                mine[name] = theirs

    def _replace(self, name: str, schema: Schema, old: Any, new: Any) -> None:
        """A change from one value to another; what was below the old one is gone."""
        self.modified[name] = MEMBER
        for value, parts in ((old, self.removed), (new, self.added)):
            inside = {key: one for key, one in full(schema, value).items() if key != SELF}
            if inside and not structure.whole(schema, value):
                parts[name] = inside


def compare(schema: Schema, old: Mapping[str, Any], new: Mapping[str, Any]) -> Comparison:
    found = _maps(schema, old, new)
    return Comparison(found.added, found.modified, found.removed)


def full(schema: Schema, value: Any) -> Set:
    """The child of a set for a value that is new with all that is in it."""
    if structure.whole(schema, value) or not value:
        return MEMBER
    result: dict[str, Any] = {SELF: MEMBER}
    if isinstance(value, dict):
        for name, one in value.items():
            # Most values are plain; to ask the schema about each took a fifth of a creation.
            plain = not isinstance(one, (dict, list))
            result[f"f:{name}"] = MEMBER if plain else full(structure.below(schema, name), one)
        return result
    names = structure.names(schema, value)
    if names is None:
        return MEMBER
    items = structure.items(schema)
    for name, one in zip(names, value, strict=True):
        result[name] = MEMBER if name in result else full(items, one)
    return result


def _compared(schema: Schema, old: Any, new: Any) -> _Parts | None:
    """Compare two containers; None if they can only be compared as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        return _maps(schema, old, new)
    if isinstance(old, list) and isinstance(new, list):
        before, after = structure.names(schema, old), structure.names(schema, new)
        if before is not None and after is not None:
            items = structure.items(schema)
            return _lists(items, _by_name(before, old), _by_name(after, new))
    return None


def _maps(schema: Schema, old: Mapping[str, Any], new: Mapping[str, Any]) -> _Parts:
    parts = _Parts({}, {}, {})
    for name, value in new.items():
        below = structure.below(schema, name)
        if name in old:
            parts.gather(f"f:{name}", below, old[name], value)
        else:
            parts.added[f"f:{name}"] = full(below, value)
    for name, value in old.items():
        if name not in new:
            parts.removed[f"f:{name}"] = full(structure.below(schema, name), value)
    return parts


def _lists(
    items: Schema, old: Mapping[str, Sequence[Any]], new: Mapping[str, Sequence[Any]]
) -> _Parts:
    """Items that share a name (the schema does not want them) count as one value."""
    parts = _Parts({}, {}, {})
    for name, after in new.items():
        before = old.get(name, ())
        if len(before) == len(after) == 1:
            parts.gather(name, items, before[0], after[0])
        elif not before:
            parts.added[name] = _whole_or_full(items, after)
        elif before != after:
            parts.modified[name] = MEMBER
    for name, before in old.items():
        if name not in new:
            parts.removed[name] = _whole_or_full(items, before)
    return parts


def _whole_or_full(items: Schema, values: Sequence[Any]) -> Set:
    return full(items, values[0]) if len(values) == 1 else MEMBER


def _by_name(names: Sequence[str], values: Sequence[Any]) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = {}
    for name, value in zip(names, values, strict=True):
        result.setdefault(name, []).append(value)
    return result
