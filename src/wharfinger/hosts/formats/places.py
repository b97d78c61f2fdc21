"""Values within documents of plain dictionaries and lists, and documents with one value changed."""

from __future__ import annotations

from typing import Any

from wharfinger.hosts.formats.source import CannotEdit, Keys


def at(document: Any, keys: Keys) -> Any:
    """The value at a place, `None` where nothing stands."""
    for key in keys:
        if isinstance(key, int):
            found = isinstance(document, list) and 0 <= key < len(document)
            document = document[key] if found else None
        else:
            document = document.get(key) if isinstance(document, dict) else None
    return document


def with_value(name: str, document: Any, keys: Keys, value: Any) -> Any:
    """The document with `value` at a place, the objects above it made. `name` is for the error."""
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(key, int) and isinstance(document, list) and 0 <= key < len(document):
        changed = with_value(name, document[key], rest, value)
        return [*document[:key], changed, *document[key + 1 :]]
    if isinstance(key, int) or not isinstance(document, dict):
        raise CannotEdit(name, f"{key!r} would stand in what has no keys")
    return {**document, key: with_value(name, document.get(key, {}), rest, value)}


def without(document: Any, keys: Keys) -> Any:
    """The document without what stands at a place."""
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        changed = [without(document[key], rest)] if rest else []
        return [*document[:key], *changed, *document[key + 1 :]]
    if rest:
        return {**document, key: without(document[key], rest)}
    return {name: value for name, value in document.items() if name != key}


def same(one: Any, other: Any) -> bool:
    """Equal whatever the order of keys, where 1 is not `true`."""
    return repr(_ordered(one)) == repr(_ordered(other))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(part) for part in value] if isinstance(value, list) else value
