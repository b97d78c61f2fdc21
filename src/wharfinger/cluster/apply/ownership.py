"""
Who owns which fields after a write, and what server-side apply makes of an object.

The rules are those of Kubernetes. Whoever changes a field by an update owns it alone; whoever
applies a value that is there already shares it; an applier that would change a field of another
is told of the conflict unless it forces it, and takes its own fields away by leaving them out.
What the server keeps (names, versions, times) belongs to nobody.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

from wharfinger.cluster.apply import comparison, fieldset, last_applied, managers, merging
from wharfinger.cluster.apply.fieldset import EMPTY, MEMBER, Set
from wharfinger.cluster.apply.managers import APPLY, UPDATE, InvalidEntries, Managed, Manager, Owned
from wharfinger.cluster.errors import ApplyConflict
from wharfinger.cluster.kind import FieldError, Kind, Object

KUBECTL: Final = "kubectl"
"""The manager whose configurations were kept in an annotation before servers applied them."""

_BEFORE: Final = "before-first-apply"
_UNOWNED: Final = frozenset({
    "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation",
    "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink", "clusterName",
})  # fmt: skip
_BLANK: Final[Object] = {"metadata": {}, "spec": {}, "status": {}}
"""What an object is before it is made: what every object has is not added by its maker."""

_NOTHING: Final[Object] = {"metadata": {}}
_METADATA: Final[Set] = {"f:metadata": MEMBER}


@dataclass(frozen=True, slots=True)
class Writer:
    """By whom, through what and when an object is written; `force` is for an apply."""

    manager: str
    time: str
    subresource: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """The object that an apply makes, without what the server keeps, and who owns it then."""

    object: Object
    managed: Managed


def created(kind: Kind, new: Object, writer: Writer) -> Managed:
    """Of an object that is made by anything but an apply."""
    return _updated(kind, _BLANK, new, {}, writer)


def updated(kind: Kind, new: Object, old: Object, said: Any, writer: Writer) -> Managed:
    """Of an object that an update or a patch makes of `old`.

    `said` is what the client says of it, which it may: to hand fields over, or (with no entries
    or an empty one) to have nobody own anything from now on, until somebody applies.
    """
    managed = managers.stored(old["metadata"].get("managedFields") or ())
    if not writer.subresource and isinstance(said, list):
        if said in ([], [{}]):
            return {}
        with contextlib.suppress(InvalidEntries):  # then it is as if nothing had been said
            managed = managers.parse(said) or managed
    return _updated(kind, old, new, managed, writer) if managed else {}


def applied(kind: Kind, live: Object | None, config: Object, writer: Writer) -> Applied:
    """Put a configuration over what is there (None: nothing); raise `ApplyConflict`."""
    managed: Managed = {}
    if live is not None:
        managed = managers.stored(live["metadata"].get("managedFields") or ())
        managed = managed or created(kind, live, replace(writer, manager=_BEFORE))
    result = _applied(kind, live, writable(kind, config, writer.subresource), managed, writer)
    if writer.manager == KUBECTL:
        last_applied.renew(result.object, config)
    return result


def settled(managed: Managed, new: Object, old: Object | None) -> list[managers.Entry] | None:
    """What stands in `managedFields` afterwards.

    If all is as it was, the times are too: who applies the same again changes nothing.
    """
    if old is not None and _content(new) == _content(old):
        known: list[managers.Entry] = old["metadata"].get("managedFields") or []
        if managers.same(managed, managers.stored(known)):
            return known or None
    return managers.entries(managed) or None


def _content(obj: Object) -> tuple[Object, Object]:
    versions = ("managedFields", "resourceVersion")
    metadata = {name: one for name, one in obj["metadata"].items() if name not in versions}
    return {name: one for name, one in obj.items() if name != "metadata"}, metadata


def writable(kind: Kind, obj: Mapping[str, Any], subresource: str) -> Object:
    """The part of an object that can be owned by who writes through this path."""
    metadata = obj.get("metadata") or {}
    result = {
        **obj,
        "metadata": {name: one for name, one in metadata.items() if name not in _UNOWNED},
    }
    result.pop("apiVersion", None)
    result.pop("kind", None)
    parts = {below.name: _PARTS[below.name] for below in kind.subresources if below.name in _PARTS}
    if subresource in parts:
        return {parts[subresource]: result.get(parts[subresource]) or {}}
    for part in parts.values():
        result.pop(part, None)
    return result


_PARTS: Final[Mapping[str, str]] = {"status": "status", "finalize": "spec"}
"""What is written through a subresource, and through no other path."""


def _updated(kind: Kind, old: Object, new: Object, managed: Managed, writer: Writer) -> Managed:
    changes = comparison.compare(
        kind.schema,
        writable(kind, old, writer.subresource),
        writable(kind, new, writer.subresource),
    )
    if changes.same:
        return _current(kind, managed)
    result = _without(kind, managed, fieldset.union(changes.written, changes.removed))
    written = changes.written
    if written:
        me = Manager(writer.manager, UPDATE, kind.api_version, writer.subresource)
        mine = result[me].fields if me in result else EMPTY
        result[me] = Owned(fieldset.union(mine, written), kind.api_version, writer.time)
    return managers.capped(result)


def _applied(
    kind: Kind, live: Object | None, config: Object, managed: Managed, writer: Writer
) -> Applied:
    schema, me = kind.schema, Manager(writer.manager, APPLY, "", writer.subresource)
    merging.require_unambiguous(schema, config)
    before = writable(kind, live or _NOTHING, writer.subresource)
    mine = Owned(merging.applied(schema, config), kind.api_version, writer.time)
    others = {manager: each for manager, each in _current(kind, managed).items() if manager != me}
    merged = merging.merge(schema, before, config)
    if me in managed:
        owned = reduce(fieldset.union, (each.fields for each in (mine, *others.values())))
        merged = merging.prune(schema, merged, managed[me].fields, owned)
    changes = comparison.compare(schema, before, merged)
    if not writer.force:
        _require_no_conflicts(kind, live, others, changes.written, writer.manager)
    result = _without(kind, others, fieldset.union(changes.written, changes.removed))
    if own := fieldset.difference(mine.fields, _METADATA):
        result[me] = replace(mine, fields=own)
    return Applied(_with_the_rest(live or _NOTHING, merged, before), result)


def _with_the_rest(live: Object, merged: Object, before: Object) -> Object:
    """The merged part of an object, put back beside what cannot be written through this path."""
    kept = {name: one for name, one in live.items() if name not in before}
    if "metadata" in before:
        ours = {name: one for name, one in live["metadata"].items() if name in _UNOWNED}
        kept["metadata"] = ours | merged.get("metadata", {})
    return {**merged, **kept}


def _current(kind: Kind, managed: Managed) -> Managed:
    """Without entries in versions that the kind does not have."""
    return {
        manager: owned
        for manager, owned in managed.items()
        if owned.api_version == kind.api_version
    }


def _without(kind: Kind, managed: Managed, fields: Set) -> Managed:
    """Without these fields, and without managers that have no others."""
    result = {}
    for manager, owned in _current(kind, managed).items():
        left = fieldset.difference(owned.fields, fields)
        if left:
            result[manager] = owned if left is owned.fields else replace(owned, fields=left)
    return result


def _require_no_conflicts(
    kind: Kind, live: Object | None, others: Managed, written: Set, manager: str
) -> None:
    """Raise unless kubectl takes over what it applied itself, before the server did it."""
    found = {owner: fieldset.intersection(each.fields, written) for owner, each in others.items()}
    if live is None or not any(found.values()):
        return
    expected = last_applied.fields(kind, live, writable) if manager == KUBECTL else EMPTY
    left = [
        (owner, path)
        for owner in sorted(found)
        for path in fieldset.paths(fieldset.difference(found[owner], expected))
    ]
    if left:
        raise _conflict(left)


def _conflict(conflicts: Sequence[tuple[Manager, tuple[str, ...]]]) -> ApplyConflict:
    causes = [
        FieldError("FieldManagerConflict", fieldset.told(path), f"conflict with {_told(owner)}")
        for owner, path in conflicts
    ]
    if len(causes) == 1:
        words = f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}"
        return ApplyConflict(words, causes)
    lines = []
    for owner in dict.fromkeys(owner for owner, _ in conflicts):
        lines.append(f"conflicts with {_told(owner)}:")
        lines += [f"- {fieldset.told(path)}" for one, path in conflicts if one == owner]
    told = "\n".join(lines)
    return ApplyConflict(f"Apply failed with {len(causes)} conflicts: {told}", causes)


def _told(manager: Manager) -> str:
    words = json.dumps(manager.name, ensure_ascii=False)
    if manager.subresource:
        words += f" with subresource {json.dumps(manager.subresource)}"
    if manager.operation == UPDATE:
        words += f" using {manager.api_version}"
    return words
