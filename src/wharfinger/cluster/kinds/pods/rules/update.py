"""
What may change in a pod that is there: images, deadlines, tolerations that are added.

All else that it is to be is what its containers were started with, so it is another pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import FieldError, Object
from wharfinger.cluster.kinds.pods.rules.common import MOST, Fields

_CHANGEABLE: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)
_WITH_IMAGES: Final = ("containers", "initContainers")


def validate_pod_update(new: Object, old: Object) -> Sequence[FieldError]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if after == before:
        return ()
    if errors := tuple(_numbers_of_containers(after, before)):
        return errors
    return (
        *_deadline(after, before),
        *_tolerations(after, before),
        *_gates(after, before),
        *_rest(after, before),
    )


def _numbers_of_containers(after: Fields, before: Fields) -> Iterator[FieldError]:
    for name in _WITH_IMAGES:
        if len(after.get(name) or ()) != len(before.get(name) or ()):
            detail = "pod updates may not add or remove containers"
            yield FieldError.forbidden(f"spec.{name}", detail)


def _deadline(after: Fields, before: Fields) -> Iterator[FieldError]:
    path = "spec.activeDeadlineSeconds"
    new, old = after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if new is None:
        if old is not None:
            detail = "must not update from a positive integer to nil value"
            yield FieldError.invalid(path, None, detail)
    elif not 0 <= new <= MOST:
        yield FieldError.invalid(path, new, f"must be between 0 and {MOST}, inclusive")
    elif old is not None and new > old:
        yield FieldError.invalid(path, new, "must be less than or equal to previous value")


def _tolerations(after: Fields, before: Fields) -> Iterator[FieldError]:
    kept = [_but_for_time(one) for one in after.get("tolerations") or ()]
    if any(_but_for_time(one) not in kept for one in before.get("tolerations") or ()):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield FieldError.forbidden("spec.tolerations", detail)


def _but_for_time(toleration: Fields) -> dict[str, Any]:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def _gates(after: Fields, before: Fields) -> Iterator[FieldError]:
    known = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    for gate in after.get("schedulingGates") or ():
        if gate.get("name") not in known:
            name = gate.get("name") or ""
            detail = f"only deletion is allowed, but found new scheduling gate '{name}'"
            yield FieldError.forbidden("spec.schedulingGates", detail)


def _rest(after: Fields, before: Fields) -> Iterator[FieldError]:
    new, old = _fixed(after), _fixed(before)
    if (before.get("terminationGracePeriodSeconds") or 0) < 0 and (
        after.get("terminationGracePeriodSeconds") == 1
    ):
        new["terminationGracePeriodSeconds"] = before["terminationGracePeriodSeconds"]
    if before.get("schedulingGates") and _narrower(after, before):
        new["nodeSelector"] = before.get("nodeSelector")
        old["nodeSelector"] = before.get("nodeSelector")
    changed = sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))
    if changed:
        fields = ", ".join(f"spec.{name}" for name in changed)
        yield FieldError.forbidden("spec", f"{_CHANGEABLE}\nchanged: {fields}")


def _narrower(after: Fields, before: Fields) -> bool:
    """Whether a pod that is kept from nodes may run on fewer of them than before."""
    kept = (before.get("nodeSelector") or {}).items()
    return kept <= (after.get("nodeSelector") or {}).items()


def _fixed(spec: Fields) -> dict[str, Any]:
    """Leave out what is judged by rules of its own."""
    judged = ("activeDeadlineSeconds", "tolerations", "schedulingGates")
    fixed = {name: value for name, value in spec.items() if name not in judged}
    for name in _WITH_IMAGES:
        if name in fixed:
            fixed[name] = [{**container, "image": ""} for container in fixed[name]]
    return fixed
