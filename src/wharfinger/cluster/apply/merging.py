"""
Put an applied configuration over an object, and take fields away from it.

A configuration says nothing of what it leaves out: maps are united, lists of type `map` and
`set` too, in the order of the configuration as far as it goes; every other value is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wharfinger.cluster.apply import fieldset, structure
from wharfinger.cluster.apply.fieldset import MEMBER, SELF, Set
from wharfinger.cluster.apply.structure import Schema
from wharfinger.cluster.errors import BadRequest


def require_unambiguous(schema: Schema, value: Any, path: str = "") -> None:
    """Refuse lists in which two items are the same one, or one cannot be told."""
    if structure.whole(schema, value):
        return
    if isinstance(value, dict):
        for name, one in value.items():
            require_unambiguous(structure.below(schema, name), one, f"{path}.{name}")
        return
    names = structure.names(schema, value)
    if names is None:
        keys = schema.get("x-kubernetes-list-map-keys", [])
        raise BadRequest(
            f"failed to create typed patch object: {path}: associative list with keys has an "
            f"element that omits all key fields {keys} (and doesn't have default values for any "
            "key fields)"
        )
    seen = set()
    for name, one in zip(names, value, strict=True):
        at = f"{path}{fieldset.told((name,))}"
        if name in seen:
            raise BadRequest(f"failed to create typed patch object: duplicate entries for key {at}")
        seen.add(name)
        require_unambiguous(structure.items(schema), one, at)


def applied(schema: Schema, value: Mapping[str, Any]) -> Set:
    """The fields that a configuration has an opinion on."""
    below: dict[str, Any] = {}
    for name, one in value.items():
        inside = _applied(structure.below(schema, name), one)
        child = fieldset.node(one == {} or not structure.declared(schema, name), inside)
        if child is not None:
            below[f"f:{name}"] = child
        elif structure.whole(structure.below(schema, name), one):
            below[f"f:{name}"] = MEMBER
    return below


def _applied(schema: Schema, value: Any) -> Set:
    """What is owned below a value, without the value itself."""
    if structure.whole(schema, value):
        return fieldset.EMPTY
    if isinstance(value, dict):
        return applied(schema, value)
    result: dict[str, Any] = {}
    items = structure.items(schema)
    for name, one in zip(structure.names(schema, value) or (), value, strict=False):
        twice = name in result
        result[name] = (not twice and fieldset.node(True, _applied(items, one))) or MEMBER
    return result


def merge(schema: Schema, live: Any, config: Any) -> Any:
    if structure.whole(schema, config) or structure.whole(schema, live):
        return config
    if isinstance(live, dict) and isinstance(config, dict):
        result = dict(live)
        for name, value in config.items():
            known = name in live
            below = structure.below(schema, name)
            result[name] = merge(below, live[name], value) if known else value
        return result
    if isinstance(live, list) and isinstance(config, list):
        present, wanted = structure.names(schema, live), structure.names(schema, config)
        if present is not None and wanted is not None:
            return _merged_lists(structure.items(schema), present, live, wanted, config)
    return config


def _merged_lists(
    items: Schema,
    present: Sequence[str],
    live: Sequence[Any],
    wanted: Sequence[str],
    config: Sequence[Any],
) -> list[Any]:
    """The order of `config`; items that only `live` has stay before the shared item they stood before."""
    old: dict[str, Any] = {}
    for name, value in zip(present, live, strict=True):
        old[name] = None if name in old else value  # of two with one name, neither is merged
    new = dict(zip(wanted, config, strict=True))
    result: list[Any] = []
    at = 0
    for (name, value), shared in zip(new.items(), _next_shared(wanted, old), strict=True):
        while at < len(present) and present[at] != shared:
            if present[at] not in new:
                result.append(live[at])
            at += 1
        known = old.get(name)
        result.append(value if known is None else merge(items, known, value))
    result += [
        value for name, value in zip(present[at:], live[at:], strict=True) if name not in new
    ]
    return result


def _next_shared(wanted: Sequence[str], old: Mapping[str, Any]) -> list[str | None]:
    """For each wanted item the first from there on that is in `old` too."""
    result: list[str | None] = []
    following = None
    for name in reversed(wanted):
        following = name if name in old else following
        result.append(following)
    return result[::-1]


def remove(schema: Schema, value: Any, gone: Set) -> Any:
    """`value` without the fields in `gone`; a map or list that they empty is None."""
    if structure.whole(schema, value) or not value or not gone:
        return value
    if isinstance(value, dict):
        fields = {
            name: left
            for name, one in value.items()
            if (left := _left(structure.below(schema, name), one, gone.get(f"f:{name}")))
            is not None
        }
        return fields or None
    items = structure.items(schema)
    left = [
        _left(items, one, gone.get(name))
        for name, one in zip(structure.names(schema, value) or (), value, strict=False)
        if name not in gone or not fieldset.belongs(gone[name])
    ]
    return [one if one is not None else {} for one in left] or None


def _left(schema: Schema, value: Any, gone: Set | None) -> Any:
    if gone is None:
        return value
    return None if fieldset.belongs(gone) else remove(schema, value, gone)


def prune(schema: Schema, merged: Any, last: Set, owned: Set) -> Any:
    """Take away what an applier had in its `last` set and nobody has in a set now.

    `owned` are the fields of everybody, the new set of the applier among them. A map or list in
    which nobody has a field any more goes too, with what nobody ever had.
    """
    named = _with_containers(schema, last)
    everything = _with_containers(schema, applied(schema, merged))
    pruned = remove(schema, merged, named) or {}
    kept = fieldset.union(
        _with_containers(schema, applied(schema, pruned)), _with_containers(schema, owned)
    )
    pruned = remove(schema, merged, fieldset.difference(everything, kept)) or {}
    gone = fieldset.difference(everything, _with_containers(schema, applied(schema, pruned)))
    return remove(schema, merged, fieldset.intersection(gone, named)) or {}


def _with_containers(schema: Schema, fields: Set) -> Set:
    """The set with the maps and lists themselves too, where the kind has them by name."""
    result: dict[str, Any] = {}
    for name, child in fields.items():
        if name == SELF or not child:
            result[name] = child
        elif name[0] == "f":
            inside = _with_containers(structure.below(schema, name[2:]), child)
            own = structure.declared(schema, name[2:])
            result[name] = {SELF: MEMBER, **inside} if own else inside
        else:
            result[name] = _with_containers(structure.items(schema), child)
    return result
