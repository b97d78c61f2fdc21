"""
Objects as `kubectl get` prints them: the `meta.k8s.io/v1` Table, and metadata alone.

The server makes the cells, so that clients need not know the kinds. Values come from users:
a cell is data, and a client that prints it has to make it safe for its terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from wharfinger.cluster.kind import Column, Kind, Object
from wharfinger.cluster.kinds.columns import CREATED_AT, NAME

API_VERSION: Final = "meta.k8s.io/v1"
_PLAIN: Final = (NAME, CREATED_AT)


class Include(StrEnum):
    """What of an object stands beside its row (`includeObject`)."""

    NONE = "None"
    METADATA = "Metadata"
    OBJECT = "Object"


def table(
    kind: Kind,
    objects: Iterable[Object],
    now: datetime,
    *,
    metadata: Mapping[str, Any] | None = None,
    include: Include = Include.METADATA,
    headers: bool = True,
) -> Object:
    """Print objects of one kind; `metadata` is that of the list. A watch sends `headers` once."""
    columns = kind.columns or _PLAIN
    return {
        "kind": "Table",
        "apiVersion": API_VERSION,
        "metadata": dict(metadata or {}),
        "columnDefinitions": [_definition(column) for column in columns] if headers else None,
        "rows": [_row(columns, obj, now, include) for obj in objects],
    }


def partial(obj: Object) -> Object:
    """Leave only what all kinds have."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": API_VERSION,
        "metadata": obj.get("metadata") or {},
    }


def partial_list(objects: Iterable[Object], metadata: Mapping[str, Any]) -> Object:
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": API_VERSION,
        "metadata": dict(metadata),
        "items": [partial(obj) for obj in objects],
    }


def _definition(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": 1 if column.wide else 0,
    }


def _row(
    columns: tuple[Column, ...], obj: Object, now: datetime, include: Include
) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": [column.value(obj, now) for column in columns]}
    if include is Include.METADATA:
        row["object"] = partial(obj)
    elif include is Include.OBJECT:
        row["object"] = obj
    return row
