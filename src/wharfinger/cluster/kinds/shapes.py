"""
The words in which kinds declare their schemas: structural OpenAPI v3, with names for records.

A schema is a plain dictionary, so whoever walks it (validation, patches, published documents)
needs no types of ours. Only a record knows its model's name besides, which lets `openapi.py`
publish each model once and refer to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

Schema = Mapping[str, Any]


class Record(dict[str, Any]):
    """An object schema with a model name: `io.k8s.api.core.v1.Secret`."""

    def __init__(
        self, model: str, summary: str, fields: Mapping[str, Schema], required: Sequence[str] = ()
    ) -> None:
        super().__init__(type="object", description=summary, properties=dict(fields))
        if required:
            self["required"] = list(required)
        self.model: Final = model
        self.summary: Final = summary

    def of(self, description: str, **extensions: Any) -> Self:
        """Say what a field of this type is for, and how patches treat it."""
        record = type(self)(self.model, self.summary, self["properties"])
        record.update(self, description=description, **extensions)
        return record


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def moment(description: str) -> Schema:
    return {"type": "string", "format": "date-time", "description": description}


def integer(description: str, *, bits: int = 32) -> Schema:
    return {"type": "integer", "format": f"int{bits}", "description": description}


def flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def int_or_string(description: str) -> Schema:
    """A number, or a text such as a percentage or the name of a port."""
    return text(description, format="int-or-string")


def quantity(description: str) -> Schema:
    """An amount with a unit, as `500m` or `2Gi`; a number is taken too (`quantity.py`)."""
    return {"type": "string", "format": "quantity", "description": description}


def quantities(description: str) -> Schema:
    """Amounts by the name of what they are of, as `cpu` and `memory`."""
    return mapping(description, quantity("An amount."))


def integers(description: str, *, bits: int = 32, **extensions: Any) -> Schema:
    return array(description, {"type": "integer", "format": f"int{bits}"}, **extensions)


def texts(description: str, **extensions: Any) -> Schema:
    return array(description, {"type": "string"}, **extensions)


def array(description: str, items: Schema, **extensions: Any) -> Schema:
    return {"type": "array", "description": description, "items": items, **extensions}


def merged_by(key: str, *more: str, strategy: str = "merge") -> dict[str, Any]:
    """Say that a strategic merge patch matches the items of this array by `key`.

    Server-side apply tells them apart by `more` keys besides.
    """
    return {
        "x-kubernetes-patch-merge-key": key,
        "x-kubernetes-patch-strategy": strategy,
        **keyed_by(key, *more),
    }


def keyed_by(*keys: str) -> dict[str, Any]:
    """Say that server-side apply alone matches the items of this array, by `keys`."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


SET: Final[Mapping[str, Any]] = {"x-kubernetes-list-type": "set"}
"""Of an array that has each value once."""
MERGED_SET: Final[Mapping[str, Any]] = {"x-kubernetes-patch-strategy": "merge", **SET}
"""Of one to which a strategic merge patch adds besides."""
ATOMIC_MAP: Final[Mapping[str, Any]] = {"x-kubernetes-map-type": "atomic"}
"""Of a map or record that has one owner and is replaced as a whole."""
ATOMIC: Final[Mapping[str, Any]] = {"x-kubernetes-list-type": "atomic"}
"""Of an array that has one owner and is replaced as a whole."""


def mapping(description: str, values: Schema | None = None) -> Schema:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": values or {"type": "string"},
    }


def anything(description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "x-kubernetes-preserve-unknown-fields": True,
    }
