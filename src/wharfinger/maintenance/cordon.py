"""
Close a node to new pods, and remember who did it and why.

Pure: a node in, a merge patch out; None where there is nothing to do. A note stands in an annotation
beside `spec.unschedulable`, so that a cordon of somebody else is never taken away by us, and a run that
was killed knows its own again. Once a node is schedulable, what a note says of it is over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from wharfinger.maintenance.model import Node

ANNOTATION: Final = "wharfinger.dev/cordon"

Patch = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    by: str
    """Who: a person or a service, as they call themselves."""
    why: str
    run: str
    """The id of the run; with the same id the cordon is its own again."""
    at: str
    """When, in RFC 3339."""


def close(node: Node, note: Note) -> Patch | None:
    """Cordon a node under a note; None if it is unschedulable already, whoever did that."""
    if not node.schedulable:
        return None
    written = json.dumps(asdict(note), sort_keys=True)
    return {"spec": {"unschedulable": True}, "metadata": {"annotations": {ANNOTATION: written}}}


def open(node: Node, run: str | None = None) -> Patch | None:
    """Take away our cordon, of this run or of any; None if there is none of ours.

    A note that was left on a schedulable node, by a plain uncordon, is taken away too: it would make
    the next cordon of somebody else look like ours.
    """
    if node.schedulable:
        stale = ANNOTATION in node.annotations
        return {"metadata": {"annotations": {ANNOTATION: None}}} if stale else None
    note = note_of(node)
    if note is None or run not in (None, note.run):
        return None
    return {"spec": {"unschedulable": None}, "metadata": {"annotations": {ANNOTATION: None}}}


def note_of(node: Node) -> Note | None:
    """Read who cordoned a node; None if it is schedulable, or was not cordoned by us."""
    text = node.annotations.get(ANNOTATION)
    if node.schedulable or text is None:
        return None
    try:
        found = json.loads(text)
        values = {name: found[name] for name in Note.__slots__}
    except (ValueError, KeyError, TypeError):
        return None  # somebody else's writing: then the cordon is theirs too
    if not all(isinstance(value, str) for value in values.values()):
        return None
    return Note(**values)
