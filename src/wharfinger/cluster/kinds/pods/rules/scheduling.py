"""On which nodes a pod may run: selectors and their terms, tolerations and taints, spreading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from wharfinger.cluster import label_selector, validation
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.pods.rules.common import Fields, named, supported

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def affinity(found: Fields, path: str) -> Iterator[FieldError]:
    nodes = found.get("nodeAffinity") or {}
    at = f"{path}.nodeAffinity"
    if nodes.get(_REQUIRED) is not None:
        yield from node_selector(nodes[_REQUIRED], f"{at}.{_REQUIRED}")
    for index, term in enumerate(nodes.get(_PREFERRED) or ()):
        yield from _weight(term, f"{at}.{_PREFERRED}[{index}]")
        yield from _node_term(
            term.get("preference") or {}, f"{at}.{_PREFERRED}[{index}].preference"
        )
    for name in ("podAffinity", "podAntiAffinity"):
        yield from _pods(found.get(name) or {}, f"{path}.{name}")


def node_selector(selector: Fields, path: str) -> Iterator[FieldError]:
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        detail = "must have at least one node selector term"
        yield FieldError.required(f"{path}.nodeSelectorTerms", detail)
    for index, term in enumerate(terms):
        yield from _node_term(term, f"{path}.nodeSelectorTerms[{index}]")


def _node_term(term: Fields, path: str) -> Iterator[FieldError]:
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        yield from _on_label(requirement, f"{path}.matchExpressions[{index}]")
    for index, requirement in enumerate(term.get("matchFields") or ()):
        yield from _on_field(requirement, f"{path}.matchFields[{index}]")


def _on_label(requirement: Fields, path: str) -> Iterator[FieldError]:
    values = requirement.get("values") or ()
    match requirement.get("operator") or "":
        case "In" | "NotIn" if not values:
            detail = "must be specified when `operator` is 'In' or 'NotIn'"
            yield FieldError.required(f"{path}.values", detail)
        case "Exists" | "DoesNotExist" if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield FieldError.forbidden(f"{path}.values", detail)
        case "Gt" | "Lt" if len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield FieldError.required(f"{path}.values", detail)
        case "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt":
            pass
        case operator:
            detail = "not a valid selector operator"
            yield FieldError.invalid(f"{path}.operator", operator, detail)
    yield from _label_name(requirement.get("key") or "", f"{path}.key")


def _on_field(requirement: Fields, path: str) -> Iterator[FieldError]:
    values, key = requirement.get("values") or (), requirement.get("key") or ""
    if requirement.get("operator") not in ("In", "NotIn"):
        detail = "not a valid selector operator"
        yield FieldError.invalid(f"{path}.operator", requirement.get("operator") or "", detail)
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield FieldError.required(f"{path}.values", detail)
    if key != "metadata.name":
        yield FieldError.invalid(f"{path}.key", key, "not a valid field selector key")
        return
    for index, value in enumerate(values):
        yield from named(value, f"{path}.values[{index}]", validation.subdomain)


def _weight(term: Fields, path: str) -> Iterator[FieldError]:
    weight = term.get("weight") or 0
    if not 1 <= weight <= 100:
        yield FieldError.invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _pods(found: Fields, path: str) -> Iterator[FieldError]:
    for index, term in enumerate(found.get(_REQUIRED) or ()):
        yield from _pod_term(term, f"{path}.{_REQUIRED}[{index}]")
    for index, term in enumerate(found.get(_PREFERRED) or ()):
        at = f"{path}.{_PREFERRED}[{index}]"
        yield from _weight(term, at)
        yield from _pod_term(term.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm")


def _pod_term(term: Fields, path: str) -> Iterator[FieldError]:
    for name in ("labelSelector", "namespaceSelector"):
        yield from label_selector.errors(term.get(name) or {}, f"{path}.{name}")
    for namespace in term.get("namespaces") or ():
        yield from named(namespace, f"{path}.namespace", validation.label)
    yield from _topology(term, path)


def _topology(found: Fields, path: str) -> Iterator[FieldError]:
    key = found.get("topologyKey") or ""
    if not key:
        yield FieldError.required(f"{path}.topologyKey", "can not be empty")
    else:
        yield from _label_name(key, f"{path}.topologyKey")


def spreading(constraints: Sequence[Fields], path: str) -> Iterator[FieldError]:
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        at = f"{path}[{index}]"
        if (constraint.get("maxSkew") or 0) <= 0:
            skew = constraint.get("maxSkew") or 0
            yield FieldError.invalid(f"{at}.maxSkew", skew, "must be greater than zero")
        yield from _topology(constraint, at)
        choices = ("DoNotSchedule", "ScheduleAnyway")
        yield from supported(constraint, at, "whenUnsatisfiable", choices, required=True)
        yield from _least_places(constraint, at)
        for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            yield from supported(constraint, at, name, ("Honor", "Ignore"))
        yield from label_selector.errors(
            constraint.get("labelSelector") or {}, f"{at}.labelSelector"
        )
        pair = constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
        if pair in seen:
            field = f"{at}.{{topologyKey, whenUnsatisfiable}}"
            yield FieldError.duplicate(field, f"{{{pair[0]}, {pair[1]}}}")
        seen.add(pair)


def _least_places(constraint: Fields, path: str) -> Iterator[FieldError]:
    least, otherwise = constraint.get("minDomains"), constraint.get("whenUnsatisfiable")
    if least is None:
        return
    if least <= 0:
        yield FieldError.invalid(f"{path}.minDomains", least, "must be greater than zero")
    if otherwise != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {otherwise}"
        yield FieldError.invalid(f"{path}.minDomains", least, detail)


def tolerations(found: Sequence[Fields], path: str) -> Iterator[FieldError]:
    for index, toleration in enumerate(found):
        yield from _toleration(toleration, f"{path}[{index}]")


def _toleration(toleration: Fields, path: str) -> Iterator[FieldError]:
    key, value = toleration.get("key") or "", toleration.get("value") or ""
    operator, effect = toleration.get("operator") or "", toleration.get("effect") or ""
    if key:
        yield from _label_name(key, f"{path}.key")
    elif operator != "Exists":
        detail = (
            "operator must be Exists when `key` is empty, "
            'which means "match all values and all keys"'
        )
        yield FieldError.invalid(f"{path}.operator", operator, detail)
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield FieldError.invalid(f"{path}.effect", effect, detail)
    match operator:
        case "" | "Equal":
            if errors := validation.label_value(value):
                yield FieldError.invalid(f"{path}.operator", value, ";".join(errors))
        case "Exists":
            if value:
                detail = "value must be empty when `operator` is 'Exists'"
                yield FieldError.invalid(f"{path}.operator", dict(toleration), detail)
        case _:
            yield FieldError.unsupported(f"{path}.operator", operator, ("Equal", "Exists"))
    yield from supported(toleration, path, "effect", _EFFECTS)


def taints(found: Sequence[Fields], path: str) -> Iterator[FieldError]:
    """Judge what keeps pods from a node."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(found):
        at = f"{path}[{index}]"
        key, effect = taint.get("key") or "", taint.get("effect") or ""
        yield from _label_name(key, f"{at}.key")
        if errors := validation.label_value(taint.get("value") or ""):
            yield FieldError.invalid(f"{at}.value", taint.get("value"), ";".join(errors))
        yield from supported(taint, at, "effect", _EFFECTS, required=True)
        if (key, effect) in seen:
            once = FieldError.duplicate(at, dict(taint))
            detail = "taints must be unique by key and effect pair"
            yield FieldError(once.reason, once.field, f"{once.message}: {detail}")
        seen.add((key, effect))


def _label_name(name: str, path: str) -> Iterator[FieldError]:
    for error in validation.qualified_name(name):
        yield FieldError.invalid(path, name, error)
