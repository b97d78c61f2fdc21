"""
The rules for what every object has: names, labels, annotations, owners, finalizers.

The limits and the words are those of Kubernetes (apimachinery `util/validation` and
`api/validation`), since clients and people search for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wharfinger.cluster.kind import FieldError, Kind, Object

ANNOTATIONS_LIMIT = 256 * 1024
IMMUTABLE = "field is immutable"

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = rf"({_QUALIFIED})?"
_PERCENT = r"[0-9]+%"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character"
)
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character"
)
_QUALIFIED_WORDS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character"
)


def _explain(words: str, pattern: str, *examples: str) -> str:
    told = " or ".join(f"'{example}', " for example in examples).removesuffix(", ")
    return f"{words} (e.g. {told}, regex used for validation is '{pattern}')"


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} bytes"


def subdomain(name: str) -> list[str]:
    """Say what keeps `name` from being an RFC 1123 subdomain."""
    errors = [] if _size(name) <= 253 else [_too_long(253)]
    if re.fullmatch(_SUBDOMAIN, name) is None:
        errors.append(_explain(_SUBDOMAIN_WORDS, _SUBDOMAIN, "example.com"))
    return errors


def label(name: str) -> list[str]:
    """Say what keeps `name` from being an RFC 1123 label."""
    errors = [] if _size(name) <= 63 else [_too_long(63)]
    if re.fullmatch(_LABEL, name) is None:
        errors.append(_explain(_LABEL_WORDS, _LABEL, "my-name", "123-abc"))
    return errors


def path_segment(name: str) -> list[str]:
    """Say what keeps `name` from standing as one segment of a path."""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{mark}'" for mark in "/%" if mark in name]


def qualified_name(name: str) -> list[str]:
    """Say what keeps `name` from being a name with an optional DNS prefix: `example.com/Name`."""
    if name.count("/") > 1:
        words = _explain(
            f"a qualified name {_QUALIFIED_WORDS}", _QUALIFIED, "MyName", "my.name", "123-abc"
        )
        return [
            f"{words} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    prefix, slash, own = name.rpartition("/")
    errors: list[str] = []
    if slash and not prefix:
        errors.append("prefix part must be non-empty")
    elif slash:
        errors += [f"prefix part {error}" for error in subdomain(prefix)]
    if not own:
        errors.append("name part must be non-empty")
    elif _size(own) > 63:
        errors.append(f"name part {_too_long(63)}")
    if re.fullmatch(_QUALIFIED, own) is None:
        words = f"name part {_QUALIFIED_WORDS}"
        errors.append(_explain(words, _QUALIFIED, "MyName", "my.name", "123-abc"))
    return errors


def label_value(value: str) -> list[str]:
    errors = [] if _size(value) <= 63 else [_too_long(63)]
    if re.fullmatch(_LABEL_VALUE, value) is None:
        words = f"a valid label must be an empty string or {_QUALIFIED_WORDS.removeprefix('must ')}"
        errors.append(_explain(words, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return errors


def config_key(key: str) -> list[str]:
    """Say what keeps `key` from naming a value in a secret or a config map."""
    errors = [] if _size(key) <= 253 else [_too_long(253)]
    if re.fullmatch(_CONFIG_KEY, key) is None:
        words = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        errors.append(_explain(words, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if key in (".", ".."):
        errors.append(f"must not be '{key}'")
    elif key.startswith(".."):
        errors.append("must not start with '..'")
    return errors


def percent(text: str) -> list[str]:
    """Say what keeps `text` from being a percentage, as `25%`."""
    if re.fullmatch(_PERCENT, text) is not None:
        return []
    words = "a valid percent string must be a numeric string followed by an ending '%'"
    return [_explain(words, _PERCENT, "1%", "93%")]


def metadata(kind: Kind, obj: Object) -> list[FieldError]:
    """Judge the ObjectMeta of an object that is to be stored."""
    meta = obj.get("metadata") or {}
    return [
        *_names(kind, meta),
        *_namespace(kind, meta),
        *labels(meta.get("labels") or {}, "metadata.labels"),
        *all_annotations(meta.get("annotations") or {}, "metadata.annotations"),
        *_owners(meta.get("ownerReferences") or ()),
        *_finalizers(meta.get("finalizers") or ()),
    ]


def metadata_update(new: Object, old: Object) -> list[FieldError]:
    """Judge what an update may not change in the ObjectMeta."""
    present, before = new.get("metadata") or {}, old.get("metadata") or {}
    fixed = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp")
    errors = [
        FieldError.invalid(f"metadata.{name}", present.get(name), IMMUTABLE)
        for name in fixed
        if present.get(name) != before.get(name)
    ]
    added = set(present.get("finalizers") or ()) - set(before.get("finalizers") or ())
    if before.get("deletionTimestamp") is not None and added:
        detail = (
            "no new finalizers can be added if the object is being deleted, found new finalizers"
        )
        errors.append(FieldError.forbidden("metadata.finalizers", f"{detail} {sorted(added)}"))
    return errors


def labels(found: Mapping[str, str], path: str) -> Iterator[FieldError]:
    for key, value in found.items():
        for error in qualified_name(key):
            yield FieldError.invalid(path, key, error)
        for error in label_value(value):
            yield FieldError.invalid(path, value, error)


def all_annotations(found: Mapping[str, str], path: str) -> Iterator[FieldError]:
    for key in found:
        for error in qualified_name(key.lower()):
            yield FieldError.invalid(path, key, error)
    if sum(_size(key) + _size(value) for key, value in found.items()) > ANNOTATIONS_LIMIT:
        yield FieldError.too_long(path, ANNOTATIONS_LIMIT)


def _names(kind: Kind, meta: Mapping[str, Any]) -> Iterator[FieldError]:
    judge: Callable[[str], Sequence[str]] = kind.name_errors or subdomain
    name, prefix = meta.get("name") or "", meta.get("generateName") or ""
    if prefix:
        # The server completes the prefix, so that it may end where a name may not.
        completed = f"{prefix[:-1]}a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        for error in judge(completed):
            yield FieldError.invalid("metadata.generateName", prefix, error)
    if name:
        for error in judge(name):
            yield FieldError.invalid("metadata.name", name, error)
    elif not prefix:
        yield FieldError.required("metadata.name", "name or generateName is required")


def _namespace(kind: Kind, meta: Mapping[str, Any]) -> Iterator[FieldError]:
    namespace = meta.get("namespace") or ""
    if not kind.namespaced:
        if namespace:
            yield FieldError.forbidden("metadata.namespace", "not allowed on this type")
    elif not namespace:
        yield FieldError.required("metadata.namespace")
    else:
        for error in label(namespace):
            yield FieldError.invalid("metadata.namespace", namespace, error)


def _owners(found: Sequence[Mapping[str, Any]]) -> Iterator[FieldError]:
    words = {"apiVersion": "version", "kind": "kind", "name": "name", "uid": "uid"}
    for index, owner in enumerate(found):
        for field, word in words.items():
            if not owner.get(field):
                path = f"metadata.ownerReferences[{index}].{field}"
                yield FieldError.invalid(path, "", f"{word} must not be empty")
    if sum(owner.get("controller") is True for owner in found) > 1:
        detail = "Only one reference can have Controller set to true"
        yield FieldError.invalid("metadata.ownerReferences", list(found), detail)


def finalizer(name: str) -> list[str]:
    """Say what keeps `name` from naming a finalizer."""
    errors = qualified_name(name)
    if "/" not in name and name not in ("orphan", "foregroundDeletion", "kubernetes"):
        errors.append("name is neither a standard finalizer name nor is it fully qualified")
    return errors


def _finalizers(found: Sequence[str]) -> Iterator[FieldError]:
    for name in found:
        for error in finalizer(name):
            yield FieldError.invalid("metadata.finalizers", name, error)


def _size(value: str) -> int:
    return len(value.encode())
