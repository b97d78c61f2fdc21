"""
Which pods belong to a workload, and how new ones are made for it.

Pure. A workload owns what names it as controller and still matches its selector. What matches and
has no controller is adopted, what is owned and matches no more is released, and a workload that is
being deleted does neither. Labels are the contract, so they decide, and the reference records it.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from wharfinger.cluster import label_selector
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads.pods import controller_of, labels

Selector = Mapping[str, Any]

_HASH_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_HASH_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class Claims:
    """What to do about the candidates: `owned` stays as it is."""

    owned: tuple[Object, ...]
    adopt: tuple[Object, ...]
    release: tuple[Object, ...]


def claim(owner: Object, selector: Selector | None, candidates: Iterable[Object]) -> Claims:
    """Judge each candidate, all of the owner's namespace; no selector chooses nothing."""
    owned: list[Object] = []
    adopt: list[Object] = []
    release: list[Object] = []
    leaving = deleting(owner)
    for one in candidates:
        matches = label_selector.selects(selector, labels(one))
        controller = controller_of(one)
        if controller is None:
            if matches and not leaving and not deleting(one):
                adopt.append(one)
        elif controller.get("uid") == owner["metadata"]["uid"]:
            if matches:
                owned.append(one)
            elif not leaving:
                release.append(one)
    return Claims(tuple(owned), tuple(adopt), tuple(release))


def reference(kind: Kind, owner: Object) -> dict[str, Any]:
    """Name the owner as the one that controls, and whose foreground deletion waits."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def adopted(kind: Kind, owner: Object, obj: Object) -> Object:
    """`obj` with a reference to its new owner."""
    found = [*(obj["metadata"].get("ownerReferences") or ()), reference(kind, owner)]
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": found}}


def released(owner: Object, obj: Object) -> Object:
    """`obj` without its reference to the owner."""
    uid = owner["metadata"]["uid"]
    found = obj["metadata"].get("ownerReferences") or ()
    left = [one for one in found if one.get("uid") != uid]
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": left}}


def pod_for(kind: Kind, owner: Object, template: Mapping[str, Any], *, name: str = "") -> Object:
    """A new pod after a template, as `name` or with a name to be generated."""
    said = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "labels": dict(said.get("labels") or {}),
        "annotations": dict(said.get("annotations") or {}),
        "ownerReferences": [reference(kind, owner)],
    }
    if said.get("finalizers"):
        metadata["finalizers"] = list(said["finalizers"])
    if name:
        metadata["name"] = name
    else:
        metadata["generateName"] = f"{owner['metadata']['name']}-"
    return {"metadata": metadata, "spec": copy.deepcopy(template.get("spec") or {})}


def hash_of(value: Any, salt: int = 0) -> str:
    """A short name for a value, good in labels and names; another `salt` gives another name."""
    text = msgspec.json.encode(value, order="deterministic") + (b"%d" % salt if salt else b"")
    number = int.from_bytes(hashlib.sha256(text).digest())
    digits = []
    for _ in range(_HASH_LENGTH):
        number, digit = divmod(number, len(_HASH_ALPHABET))
        digits.append(_HASH_ALPHABET[digit])
    return "".join(digits)
