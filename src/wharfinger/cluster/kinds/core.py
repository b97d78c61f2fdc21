"""The core group: Namespace, ServiceAccount, ConfigMap. Secret and Event have modules of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME, count
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import (
    Record,
    array,
    flag,
    mapping,
    merged_by,
    moment,
    text,
    texts,
)

SIZE_LIMIT: Final = 1024 * 1024
"""Bytes that the values of a secret or a config map may have together."""

NAME_LABEL: Final = "kubernetes.io/metadata.name"
IMMUTABLE_WHEN_SET: Final = "field is immutable when `immutable` is set"

OBJECT_REFERENCE = Record(
    "io.k8s.api.core.v1.ObjectReference",
    "Names an object, as far as its fields are given.",
    {
        "apiVersion": text("Group and version."),
        "kind": text("Kind."),
        "namespace": text("Namespace."),
        "name": text("Name."),
        "uid": text("Identity."),
        "resourceVersion": text("The version that is meant."),
        "fieldPath": text("A part of the object, as spec.containers{name}."),
    },
)
OBJECT_REFERENCE["x-kubernetes-map-type"] = "atomic"

LOCAL_REFERENCE = Record(
    "io.k8s.api.core.v1.LocalObjectReference",
    "Names an object of the same namespace.",
    {"name": text("Name.")},
)
LOCAL_REFERENCE["x-kubernetes-map-type"] = "atomic"

_CONDITION = Record(
    "io.k8s.api.core.v1.NamespaceCondition",
    "What hinders the deletion of a namespace, or does not.",
    {
        "type": text("What the condition is about."),
        "status": text("True, False or Unknown."),
        "lastTransitionTime": moment("When the status last changed."),
        "reason": text("Why, for machines."),
        "message": text("Why, for people."),
    },
    required=("type", "status"),
)
_NAMESPACE_SPEC = Record(
    "io.k8s.api.core.v1.NamespaceSpec",
    "How a namespace is to be treated.",
    {"finalizers": texts("Who must empty the namespace before it is removed.")},
)
_NAMESPACE_STATUS = Record(
    "io.k8s.api.core.v1.NamespaceStatus",
    "How far a namespace is.",
    {
        "phase": text("Active or Terminating."),
        "conditions": array("What hinders the deletion.", _CONDITION, **merged_by("type")),
    },
)


def _default_namespace(obj: Object) -> None:
    meta = obj.setdefault("metadata", {})
    if meta.get("name"):
        meta["labels"] = (meta.get("labels") or {}) | {NAME_LABEL: meta["name"]}
    if meta.get("deletionTimestamp") is None:
        finalizers = obj.setdefault("spec", {}).setdefault("finalizers", [])
        if "kubernetes" not in finalizers:
            finalizers.append("kubernetes")
    obj.setdefault("status", {}).setdefault("phase", "Active")


def _validate_namespace(obj: Object) -> Iterator[FieldError]:
    for index, finalizer in enumerate((obj.get("spec") or {}).get("finalizers") or ()):
        for error in validation.finalizer(finalizer):
            yield FieldError.invalid(f"spec.finalizers[{index}]", finalizer, error)


def _phase(obj: Object) -> str:
    return str((obj.get("status") or {}).get("phase", ""))


NAMESPACE = Kind(
    group="",
    version="v1",
    kind="Namespace",
    plural="namespaces",
    singular="namespace",
    short_names=("ns",),
    namespaced=False,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    schema=top(
        "io.k8s.api.core.v1.Namespace",
        "A scope for names and rights; a project is a namespace.",
        {
            "spec": _NAMESPACE_SPEC.of("How the namespace is to be treated."),
            "status": _NAMESPACE_STATUS.of("How far the namespace is."),
        },
    ),
    default=_default_namespace,
    validate=lambda obj: tuple(_validate_namespace(obj)),
    name_errors=validation.label,
    columns=(
        NAME,
        Column(
            "Status",
            lambda obj, _: _phase(obj),
            description="Active, or Terminating on its way out.",
        ),
        AGE,
    ),
    selectable={"status.phase": _phase},
    subresources=(
        Subresource("finalize", ("update",)),
        Subresource("status", ("get", "patch", "update")),
    ),
)


SERVICE_ACCOUNT = Kind(
    group="",
    version="v1",
    kind="ServiceAccount",
    plural="serviceaccounts",
    singular="serviceaccount",
    short_names=("sa",),
    namespaced=True,
    schema=top(
        "io.k8s.api.core.v1.ServiceAccount",
        "An identity for programs, with the credentials they may use.",
        {
            "secrets": array(
                "Secrets that programs under this account may use.",
                OBJECT_REFERENCE,
                **merged_by("name"),
            ),
            "imagePullSecrets": array(
                "Secrets to pull images with.", LOCAL_REFERENCE, **merged_by("name")
            ),
            "automountServiceAccountToken": flag("Whether pods get a token of this account."),
        },
    ),
    columns=(
        NAME,
        Column(
            "Secrets",
            lambda obj, _: len(obj.get("secrets") or ()),
            description="How many secrets the account names.",
        ),
        AGE,
    ),
    subresources=(
        Subresource("token", ("create",), "authentication.k8s.io", "v1", "TokenRequest"),
    ),
)


def keys(values: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """Judge the keys of a secret or a config map."""
    for key in values:
        for error in validation.config_key(key):
            yield FieldError.invalid(f"{path}[{key}]", key, error)


def immutable(new: Object, old: Object, *fields: str) -> Iterator[FieldError]:
    """Judge a change of an object that was declared immutable."""
    if old.get("immutable") is not True:
        return
    if new.get("immutable") is not True:
        yield FieldError.forbidden("immutable", IMMUTABLE_WHEN_SET)
    for name in fields:
        if (new.get(name) or {}) != (old.get(name) or {}):
            yield FieldError.forbidden(name, IMMUTABLE_WHEN_SET)


def decoded_size(value: str) -> int:
    """Tell how many bytes a base64 text stands for, without decoding it."""
    return len(value) * 3 // 4 - value.count("=")


def _validate_config_map(obj: Object) -> Iterator[FieldError]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    yield from keys(data, "data")
    yield from keys(binary, "binaryData")
    for key in data.keys() & binary.keys():
        yield FieldError.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    size = sum(len(value.encode()) for value in data.values())
    if size + sum(decoded_size(value) for value in binary.values()) > SIZE_LIMIT:
        yield FieldError.too_long("data", SIZE_LIMIT)


def _update_config_map(new: Object, old: Object) -> Sequence[FieldError]:
    return tuple(immutable(new, old, "data", "binaryData"))


CONFIG_MAP = Kind(
    group="",
    version="v1",
    kind="ConfigMap",
    plural="configmaps",
    singular="configmap",
    short_names=("cm",),
    namespaced=True,
    schema=top(
        "io.k8s.api.core.v1.ConfigMap",
        "Settings for programs: names and values that are no secret.",
        {
            "data": mapping("Values that are text."),
            "binaryData": mapping(
                "Values that are not, in base64.", {"type": "string", "format": "byte"}
            ),
            "immutable": flag("Once true, the values cannot be changed any more."),
        },
    ),
    validate=lambda obj: tuple(_validate_config_map(obj)),
    validate_update=_update_config_map,
    columns=(
        NAME,
        Column("Data", lambda obj, _: count(obj, "data", "binaryData"), description="Values held."),
        AGE,
    ),
)
