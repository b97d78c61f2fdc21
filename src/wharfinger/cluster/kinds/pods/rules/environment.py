"""Variables of containers: their names, and exactly one place that a value comes from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.pods.rules.common import Fields, given, named, sources

_VARIABLE_WORDS: Final = (
    "a valid environment variable name must consist only of printable ASCII characters other "
    "than '='"
)
_MORE_THAN_ONE: Final = "may not have more than one field specified at a time"
_FROM: Final = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_META: Final = ("metadata.name", "metadata.namespace", "metadata.uid")
_ENVIRONMENT_FIELDS: Final = (
    *_META,
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
FILE_FIELDS: Final = ("metadata.annotations", "metadata.labels", *_META)
"""Fields that can stand in files; variables have others."""
_KNOWN: Final = {
    *FILE_FIELDS,
    *_ENVIRONMENT_FIELDS,
    "spec.restartPolicy",
    "spec.schedulerName",
    "status.phase",
}
_SUBSCRIPT: Final = re.compile(r"(metadata\.(?:labels|annotations))\['(.*)'\]", re.DOTALL)
_AMOUNTS: Final = tuple(
    f"{kind}.{name}"
    for kind in ("limits", "requests")
    for name in ("cpu", "ephemeral-storage", "memory")
)
_BYTES: Final = (
    "0",
    "1",
    "1k",
    "1M",
    "1G",
    "1T",
    "1P",
    "1E",
    "1Ki",
    "1Mi",
    "1Gi",
    "1Ti",
    "1Pi",
    "1Ei",
)
_DIVISORS: Final = {
    "cpu": ("0", "1m", "1"),
    "memory": _BYTES,
    "ephemeral-storage": _BYTES,
}
_DIVISOR_NAMES: Final = {"ephemeral-storage": "local ephemeral storage"}


def variable_name(name: str) -> list[str]:
    ascii_only = re.fullmatch(r"[ -<>-~]+", name) is not None
    return [] if ascii_only else [_VARIABLE_WORDS]


def variables(found: Sequence[Fields], path: str) -> Iterator[FieldError]:
    for index, variable in enumerate(found):
        at = f"{path}[{index}]"
        yield from named(variable.get("name") or "", f"{at}.name", variable_name)
        if variable.get("valueFrom") is not None:
            yield from _value_from(variable, f"{at}.valueFrom")


def _value_from(variable: Fields, path: str) -> Iterator[FieldError]:
    source = variable["valueFrom"]
    found = sources(source, _FROM)
    if "fieldRef" in found:
        yield from field_reference(source["fieldRef"], f"{path}.fieldRef", _ENVIRONMENT_FIELDS)
    if "resourceFieldRef" in found:
        yield from amount_reference(source["resourceFieldRef"], f"{path}.resourceFieldRef")
    for name in ("configMapKeyRef", "secretKeyRef"):
        if name in found:
            yield from _key_reference(source[name], f"{path}.{name}")
    if "fileKeyRef" in found:
        yield from given(source["fileKeyRef"], f"{path}.fileKeyRef", "volumeName", "path", "key")
    if not found:
        known = ", ".join(f"`{name}`" for name in _FROM[:-1])
        yield FieldError.invalid(path, "", f"must specify one of: {known} or `{_FROM[-1]}`")
    elif variable.get("value"):
        yield FieldError.invalid(path, "", "may not be specified when `value` is not empty")
    elif len(found) > 1:
        yield FieldError.invalid(path, "", _MORE_THAN_ONE)


def field_reference(reference: Fields, path: str, allowed: Collection[str]) -> Iterator[FieldError]:
    """Judge the name of a field of the pod."""
    field = reference.get("fieldPath") or ""
    yield from given(reference, path, "apiVersion", "fieldPath")
    match = _SUBSCRIPT.fullmatch(field)
    if match is not None:
        key = match[2].lower() if match[1].endswith("annotations") else match[2]
        for error in validation.qualified_name(key):
            yield FieldError.invalid(f"{path}.fieldPath", field, error)
    elif field and field not in _KNOWN:
        detail = f"error converting fieldPath: field label not supported: {field}"
        yield FieldError.invalid(f"{path}.fieldPath", field, detail)
    elif field and field not in allowed:
        yield FieldError.unsupported(f"{path}.fieldPath", field, sorted(allowed))


def amount_reference(
    reference: Fields, path: str, *, in_volume: bool = False
) -> Iterator[FieldError]:
    """Judge the name of an amount of a container."""
    if in_volume:
        yield from given(reference, path, "containerName")
    resource = reference.get("resource") or ""
    if not resource:
        yield FieldError.required(f"{path}.resource")
    elif resource not in _AMOUNTS and not resource.startswith(
        ("limits.hugepages-", "requests.hugepages-")
    ):
        yield FieldError.unsupported(f"{path}.resource", resource, _AMOUNTS)
    else:
        name = resource.partition(".")[2]
        yield from _divisor(name, reference.get("divisor") or "0", f"{path}.divisor")


def _divisor(name: str, divisor: str, path: str) -> Iterator[FieldError]:
    known = _DIVISORS.get(name, _BYTES)
    if divisor not in known:
        words = ", ".join(known[1:]) if known is _BYTES else "1m and 1"
        called = _DIVISOR_NAMES.get(name, name)
        detail = f"only divisor's values {words} are supported with the {called} resource"
        yield FieldError.invalid(path, called, detail)


def _key_reference(reference: Fields, path: str) -> Iterator[FieldError]:
    yield from given(reference, path, "name")
    yield from named(reference.get("key") or "", f"{path}.key", validation.config_key)


def many_variables(found: Sequence[Fields], path: str) -> Iterator[FieldError]:
    """Judge sources of many variables at once (`envFrom`)."""
    for index, source in enumerate(found):
        at = f"{path}[{index}]"
        yield from named(source.get("prefix") or "", f"{at}.prefix", variable_name, required=False)
        references = sources(source, ("configMapRef", "secretRef"))
        for name in references:
            yield from given(source[name], f"{at}.{name}", "name")
        if not references:
            detail = "must specify one of: `configMapRef` or `secretRef`"
            yield FieldError.invalid(path, "", detail)
        elif len(references) > 1:
            yield FieldError.invalid(path, "", _MORE_THAN_ONE)
