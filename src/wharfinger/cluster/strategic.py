"""
Strategic merge patch, as kubectl sends it for the kinds it knows.

The schema says how a list is merged: by a key (`x-kubernetes-patch-merge-key`), as a set, or
not at all. Directives in the patch (`$patch`, `$retainKeys`, `$setElementOrder/…`,
`$deleteFromPrimitiveList/…`) say what a merge alone cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from wharfinger.cluster.errors import BadRequest

_ORDER: Final = "$setElementOrder/"
_DROP: Final = "$deleteFromPrimitiveList/"
_RETAIN: Final = "$retainKeys"
_DIRECTIVE: Final = "$patch"

Schema = Mapping[str, Any]


def strategic(document: Any, patch: Mapping[str, Any], schema: Schema) -> Any:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != _DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise BadRequest(f"unknown patch directive {directive!r}")
    result = dict(document) if isinstance(document, dict) else {}
    _retain(result, patch)
    for name, value in patch.items():
        if name.startswith(_DROP):
            _drop(result, name.removeprefix(_DROP), value)
    for name, value in patch.items():
        if name.startswith("$"):
            continue
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value, _below(schema, name))
    for name, value in patch.items():
        if name.startswith(_ORDER):
            field = name.removeprefix(_ORDER)
            before = document.get(field) if isinstance(document, dict) else None
            key = _below(schema, field).get("x-kubernetes-patch-merge-key")
            _order(result, field, value, before, patch.get(field), key)
    return result


def _merged(present: Any, value: Any, schema: Schema) -> Any:
    strategy = str(schema.get("x-kubernetes-patch-strategy", "")).split(",")
    if isinstance(value, dict):
        return strategic(None if "replace" in strategy else present, value, schema)
    if not isinstance(value, list):
        return value
    items = present if isinstance(present, list) else []
    if "merge" not in strategy:
        return value
    key = schema.get("x-kubernetes-patch-merge-key")
    if key is None:
        return list({_identity(item, None): item for item in (*items, *value)}.values())
    return _merged_by(key, items, value, schema.get("items", {}))


def _merged_by(key: str, items: Sequence[Any], patch: Sequence[Any], schema: Schema) -> list[Any]:
    for item in patch:
        if not isinstance(item, dict):
            raise BadRequest("a strategic merge of this list needs objects in it")
    if any(item.get(_DIRECTIVE) == "replace" for item in patch):
        return [item for item in patch if _DIRECTIVE not in item]
    for item in patch:
        if key not in item:
            raise BadRequest(f"map: {item} does not contain declared merge key: {key}")
    deleted = _places([item for item in patch if item.get(_DIRECTIVE) == "delete"], key)
    result = [item for item in items if _identity(item, key) not in deleted]
    # Of items with one key (a port for TCP and UDP) the first is merged, and all are kept.
    places = {_identity(item, key): at for at, item in reversed(list(enumerate(result)))}
    for item in patch:
        if item.get(_DIRECTIVE) == "delete":
            continue
        at = places.setdefault(_identity(item, key), len(result))
        if at == len(result):
            result.append(None)
        result[at] = strategic(result[at], item, schema)
    return result


def _retain(result: dict[str, Any], patch: Mapping[str, Any]) -> None:
    retained = patch.get(_RETAIN)
    if retained is None:
        return
    if not isinstance(retained, list):
        raise BadRequest(f"{_RETAIN} must be a list of names")
    for name in [name for name in result if name not in retained]:
        del result[name]


def _drop(result: dict[str, Any], name: str, values: Any) -> None:
    if not isinstance(values, list):
        raise BadRequest(f"{_DROP}{name} must be a list")
    if isinstance(result.get(name), list):
        dropped = _places(values, None)
        result[name] = [item for item in result[name] if _identity(item, None) not in dropped]


def _order(
    result: dict[str, Any], name: str, order: Any, before: Any, patch: Any, key: str | None
) -> None:
    """Put the items that the patch orders in that order, and the others where they were."""
    if not isinstance(order, list):
        raise BadRequest(f"{_ORDER}{name} must be a list")
    items = result.get(name)
    if not isinstance(items, list):
        return
    wanted = _places(order, key)
    for item in patch if isinstance(patch, list) else ():
        directive = isinstance(item, dict) and _DIRECTIVE in item
        if not directive and _identity(item, key) not in wanted:
            raise BadRequest(f"the order in {_ORDER}{name} does not name all items of the patch")
    known = [item for item in items if _identity(item, key) in wanted]
    known.sort(key=lambda item: wanted[_identity(item, key)])
    others = [item for item in items if _identity(item, key) not in wanted]
    places = _places(before if isinstance(before, list) else (), key)
    result[name] = list(_interleaved(others, known, places, key))


def _interleaved(
    others: Sequence[Any], ordered: Sequence[Any], places: Mapping[bytes, int], key: str | None
) -> Iterator[Any]:
    """Keep both orders; one of `others` goes before the first ordered item it stood before."""
    at = 0
    for item in ordered:
        place = places.get(_identity(item, key), -1)
        while at < len(others) and places.get(_identity(others[at], key), place) < place:
            yield others[at]
            at += 1
        yield item
    yield from others[at:]


def _places(items: Sequence[Any], key: str | None) -> dict[bytes, int]:
    return {_identity(item, key): place for place, item in enumerate(items)}


def _identity(item: Any, key: str | None) -> bytes:
    """What makes two items the same one, as something to look up by."""
    by_key = key is not None and isinstance(item, dict)
    return msgspec.json.encode(item.get(key) if by_key else item)


def _below(schema: Schema, name: str) -> Schema:
    below: Schema = (
        schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
    )
    return below
