"""
What the schema says of ownership: which values are owned as a whole, and how items are named.

A list without `x-kubernetes-list-type` is one value (atomic); one of type `map` has items known
by their keys (a key that an item leaves out may have a default), one of type `set` has items
that are known by themselves. A map is one value only if `x-kubernetes-map-type` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.apply import fieldset

Schema = Mapping[str, Any]

_NOTHING: Final[Schema] = {}


def below(schema: Schema, name: str) -> Schema:
    """The schema of one field of a map; empty where the schema says nothing."""
    fields = schema.get("properties")
    if fields is not None and name in fields:
        found: Schema = fields[name]
        return found
    rest: Schema = schema.get("additionalProperties", _NOTHING)
    return rest


def declared(schema: Schema, name: str) -> bool:
    """Whether a field has this name by its kind, rather than by the choice of a user."""
    return name in schema.get("properties", _NOTHING)


def items(schema: Schema) -> Schema:
    found: Schema = schema.get("items", _NOTHING)
    return found


def whole(schema: Schema, value: Any) -> bool:
    """Whether a value has one owner, whatever is in it."""
    if isinstance(value, dict):
        return schema.get("x-kubernetes-map-type") == "atomic"
    if isinstance(value, list):
        return schema.get("x-kubernetes-list-type") not in ("map", "set")
    return True


def names(schema: Schema, values: Sequence[Any]) -> list[str] | None:
    """The names of the items of a list, as children of a set; None if one cannot have a name."""
    if schema.get("x-kubernetes-list-type") == "set":
        named = [None if isinstance(one, (dict, list)) else f"v:{_spelled(one)}" for one in values]
    else:
        keys = sorted(schema.get("x-kubernetes-list-map-keys", ()))
        fields = items(schema).get("properties", _NOTHING)
        named = [_by_keys(keys, fields, one) for one in values]
    known = [name for name in named if name is not None]
    return known if len(known) == len(named) else None


def _by_keys(keys: Sequence[str], fields: Schema, item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    found = {}
    for key in keys:
        value = item.get(key)
        if value is None:
            value = fields.get(key, _NOTHING).get("default")
        if value is not None:
            found[key] = value
    return f"k:{_spelled(found)}" if found else None


_spelled = fieldset.canonical
