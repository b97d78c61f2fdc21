"""
The part of an object that belongs to the server: identity, times, generation, deletion.

Pure, and in place on objects that the caller owns. A client's word on these fields is dropped
or compared, never taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from wharfinger.cluster.errors import BadRequest, ObjectConflict
from wharfinger.cluster.kind import Kind, Object, Subresource
from wharfinger.cluster.options import DeleteOptions, Propagation

_FINALIZERS: Final[Mapping[Propagation, str]] = {
    Propagation.ORPHAN: "orphan",
    Propagation.FOREGROUND: "foregroundDeletion",
}
_OURS: Final = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
)
_EMPTIED: Final = ("labels", "annotations", "finalizers", "ownerReferences")


def timestamp(now: datetime) -> str:
    """As meta/v1 Time writes it; `now` is in UTC."""
    return now.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def claim(kind: Kind, obj: Object, namespace: str, name: str = "") -> None:
    """Complete what the URL says already, and refuse what contradicts it."""
    metadata = obj.get("metadata")
    if metadata is None:
        metadata = obj["metadata"] = {}
    if not isinstance(metadata, dict):
        raise BadRequest("metadata must be an object", kind.resource)
    _claim_type(kind, obj)
    said = metadata.get("namespace") or ""
    if kind.namespaced:
        if said not in ("", namespace):
            raise BadRequest(
                "the namespace of the provided object does not match "
                "the namespace sent on the request",
                kind.resource,
            )
        metadata["namespace"] = namespace
    if not name:
        return
    if (metadata.get("name") or name) != name:
        raise BadRequest(
            f"the name of the object ({metadata['name']}) does not match "
            f"the name on the URL ({name})",
            kind.resource,
        )
    metadata["name"] = name


def begin(kind: Kind, obj: Object, *, uid: str, now: datetime) -> None:
    """Make `obj` a new object, whatever a client says of its past."""
    metadata = obj["metadata"]
    if metadata.pop("resourceVersion", None):
        raise BadRequest(
            "resourceVersion should not be set on objects to be created", kind.resource
        )
    for field in _OURS:
        metadata.pop(field, None)
    if _has(kind, "status") and not kind.born_with_status:
        obj["status"] = {}  # typed clients read from it before there is anything to read
    metadata["uid"] = uid
    metadata["creationTimestamp"] = timestamp(now)
    if has_spec(kind):
        metadata["generation"] = 1
    _tidy(metadata)


def carry_over(kind: Kind, new: Object, old: Object) -> None:
    """Give `new` what the server knows of `old`, and refuse it if it is of another object."""
    fresh, known = new["metadata"], old["metadata"]
    require_uid(kind, old, fresh.get("uid") or "")
    require_revision(kind, old, fresh.pop("resourceVersion", None) or "")
    for field in _OURS:
        fresh.pop(field, None)
        if field in known:
            fresh[field] = known[field]
    if "generateName" in known:
        fresh.setdefault("generateName", known["generateName"])
    _tidy(fresh)


def manage(obj: Object, entries: list[dict[str, Any]] | None) -> None:
    """Say in an object who manages which fields of it; None: nobody does."""
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


def configured(made: Object, config: Object) -> Object:
    """What an apply has made, under the names and conditions that the configuration states."""
    stated = ("name", "namespace", "uid", "resourceVersion")
    own = {name: one for name, one in made["metadata"].items() if name not in stated}
    given = {name: config["metadata"][name] for name in stated if name in config["metadata"]}
    names = {name: config[name] for name in ("apiVersion", "kind")}
    return {**names, **made, "metadata": {**own, **given}}


def split(kind: Kind, new: Object, old: Object, subresource: str) -> Object:
    """Take from `new` only what may be written through this path."""
    if subresource == "status":
        return {**old, "metadata": _versions(new, old), "status": new.get("status") or {}}
    if subresource == "finalize":
        left = (new.get("spec") or {}).get("finalizers") or []
        spec = {**old.get("spec", {}), "finalizers": left}
        return {**old, "metadata": _versions(new, old), "spec": spec}
    below = part(kind, subresource)
    if below is not None and below.parts:
        taken = {**old, "metadata": _versions(new, old)}
        for path in below.parts:
            _take(taken, new, path)
        return taken
    result = dict(new)
    if _has(kind, "status"):
        result.pop("status", None)
        if "status" in old:
            result["status"] = old["status"]
    if _has(kind, "finalize"):
        kept = old.get("spec", {}).get("finalizers", [])
        result["spec"] = {**(new.get("spec") or {}), "finalizers": kept}
    return result


def part(kind: Kind, subresource: str) -> Subresource | None:
    """The declaration of a subresource; None for the object itself."""
    return next((one for one in kind.subresources if one.name == subresource), None)


def _take(target: Object, source: Object, path: tuple[str, ...]) -> None:
    """Set one field to what it is in `source`, without touching what `target` shares."""
    *outer, last = path
    for name in outer:
        target[name] = dict(target.get(name) or {})
        target, source = target[name], source.get(name) or {}
    target.pop(last, None)
    if last in source:
        target[last] = source[last]


def bump(kind: Kind, new: Object, old: Object) -> None:
    """Count a change of what is wanted."""
    if has_spec(kind) and new.get("spec") != old.get("spec"):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def has_spec(kind: Kind) -> bool:
    return "spec" in kind.schema.get("properties", {})


def deleting(obj: Object) -> bool:
    return obj["metadata"].get("deletionTimestamp") is not None


def held(obj: Object) -> bool:
    """Whether somebody has still to act before the object may be removed."""
    metadata, spec = obj["metadata"], obj.get("spec")
    return bool(
        metadata.get("finalizers")
        or (isinstance(spec, dict) and spec.get("finalizers"))
        or metadata.get("deletionGracePeriodSeconds")
    )


def begin_deletion(kind: Kind, obj: Object, options: DeleteOptions, now: datetime) -> None:
    """Mark an object that is to go; who holds it learns from this that they are to act."""
    metadata = obj["metadata"]
    metadata["finalizers"] = _finalizers(
        kind, metadata.get("finalizers") or [], options.propagation
    )
    _tidy(metadata)
    if deleting(obj):
        _hasten(metadata, options.grace)
        return
    wait = kind.grace(obj, options.grace)
    if not wait and not held(obj):
        return
    metadata["deletionTimestamp"] = timestamp(now + timedelta(seconds=wait))
    metadata["deletionGracePeriodSeconds"] = wait
    if _has(kind, "finalize"):
        obj.setdefault("status", {})["phase"] = "Terminating"


def _finalizers(kind: Kind, known: list[str], asked: Propagation | None) -> list[str]:
    """Those that do what is asked now; who asks for nothing leaves what was asked before."""
    if asked is None:
        if any(one in known for one in _FINALIZERS.values()):
            return known
        asked = Propagation.ORPHAN if kind.orphans else Propagation.BACKGROUND
    wanted = _FINALIZERS.get(asked)
    others = [one for one in known if one not in _FINALIZERS.values() or one == wanted]
    return others if wanted is None or wanted in others else [*others, wanted]


def _tidy(metadata: dict[str, Any]) -> None:
    """Drop what says nothing: clients that send an empty map mean none."""
    for field in _EMPTIED:
        if field in metadata and not metadata[field]:
            del metadata[field]


def _hasten(metadata: dict[str, Any], asked: int | None) -> None:
    """Bring the end forward; a second deletion never puts it off."""
    known = metadata.get("deletionGracePeriodSeconds") or 0
    if asked is None or asked >= known:
        return
    ends = datetime.fromisoformat(metadata["deletionTimestamp"])
    metadata["deletionTimestamp"] = timestamp(ends - timedelta(seconds=known - asked))
    metadata["deletionGracePeriodSeconds"] = asked


def require_uid(kind: Kind, old: Object, uid: str) -> None:
    found = old["metadata"]["uid"]
    if uid not in ("", found):
        reason = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {found}"
        raise ObjectConflict(kind.resource, old["metadata"]["name"], reason)


def require_revision(kind: Kind, old: Object, resource_version: str) -> None:
    if resource_version not in ("", old["metadata"]["resourceVersion"]):
        raise ObjectConflict(kind.resource, old["metadata"]["name"])


def _has(kind: Kind, subresource: str) -> bool:
    return any(one.name == subresource for one in kind.subresources)


def _claim_type(kind: Kind, obj: Object) -> None:
    said = (obj.get("apiVersion") or kind.api_version, obj.get("kind") or kind.kind)
    if said != (kind.api_version, kind.kind):
        raise BadRequest(
            f'{said[1]} in version "{said[0]}" cannot be handled as a {kind.kind}: '
            f"no kind {said[1]!r} is registered here for {kind.api_version}",
            kind.resource,
        )
    obj["apiVersion"], obj["kind"] = said


def _versions(new: Object, old: Object) -> Object:
    """The old metadata, with the preconditions that came with the new."""
    given = {field: new["metadata"].get(field) for field in ("uid", "resourceVersion")}
    return {**old["metadata"], **given}
