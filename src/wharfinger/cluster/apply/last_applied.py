"""
The annotation in which kubectl keeps what it applied while the client does the applying.

Who goes over to server-side apply does not conflict with what they applied before, and the
annotation is kept up to date, so that they can go back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import msgspec

from wharfinger.cluster import schema
from wharfinger.cluster.apply import comparison, fieldset, merging
from wharfinger.cluster.apply.fieldset import EMPTY, Set
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.validation import ANNOTATIONS_LIMIT

ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"


def fields(kind: Kind, live: Object, writable: Callable[[Kind, Object, str], Object]) -> Set:
    """The fields that the annotation speaks of, as far as they still are what it says."""
    config = _read(kind, (live["metadata"].get("annotations") or {}).get(ANNOTATION))
    if config is None:
        return EMPTY
    config = writable(kind, config, "")
    changes = comparison.compare(kind.schema, config, writable(kind, live, ""))
    other = fieldset.union(changes.written, changes.removed)
    return fieldset.difference(merging.applied(kind.schema, config), other)


def renew(obj: Object, config: Object) -> None:
    """Write the configuration into an object that has the annotation, if there is room."""
    metadata = obj.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if not annotations.get(ANNOTATION):
        return
    own = config.get("metadata") or {}
    others = {
        name: one for name, one in (own.get("annotations") or {}).items() if name != ANNOTATION
    }
    told = {**own, "annotations": others} if "annotations" in own else own
    text = msgspec.json.encode({**config, "metadata": told}, order="sorted").decode() + "\n"
    renewed = {**annotations, ANNOTATION: text}
    if (
        sum(len(name.encode()) + len(one.encode()) for name, one in renewed.items())
        > ANNOTATIONS_LIMIT
    ):
        del renewed[ANNOTATION]
    obj["metadata"] = {**metadata, "annotations": renewed}


def _read(kind: Kind, text: str | None) -> Object | None:
    """A person may have written the annotation: what cannot be read says nothing."""
    if not text:
        return None
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(config, dict) or config.get("apiVersion") != kind.api_version:
        return None
    try:
        findings = schema.validate(kind, config)
    except RecursionError:
        return None
    if findings.errors:
        return None
    schema.prune(kind, config)
    return config
