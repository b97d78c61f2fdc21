"""
What the object API knows of one kind, as one declaration.

A kind is data: names, scope, schema, and the few functions in which it differs. The machinery
(`objects.py`, discovery, tables, patches) reads the declaration and never asks for a kind by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Self

Object = dict[str, Any]
"""One object of the API as decoded JSON: `apiVersion`, `kind`, `metadata` and the rest."""


class GroupResource(NamedTuple):
    """What storage and rights name: an API group ("" is the core group) and a plural."""

    group: str
    resource: str

    def __str__(self) -> str:
        return f"{self.resource}.{self.group}" if self.group else self.resource


@dataclass(frozen=True, slots=True)
class FieldError:
    """One cause in a refused object, in the words that Kubernetes clients know."""

    reason: str  # FieldValueRequired, FieldValueInvalid, FieldValueForbidden, FieldValueNotSupported, ...
    field: str  # "metadata.name", "subjects[0].kind", "data[key]"
    message: str  # 'Invalid value: "A": a lowercase RFC 1123 ...'
    hint: str = ""  # what a person may want to know besides; clients are told it as a warning

    @classmethod
    def invalid(cls, field: str, value: Any, detail: str) -> Self:
        return cls("FieldValueInvalid", field, f"Invalid value: {_json(value)}: {detail}")

    @classmethod
    def wrong_type(cls, field: str, value: Any, detail: str) -> Self:
        return cls("FieldValueTypeInvalid", field, f"Invalid value: {_json(value)}: {detail}")

    @classmethod
    def required(cls, field: str, detail: str = "") -> Self:
        return cls("FieldValueRequired", field, _joined("Required value", detail))

    @classmethod
    def forbidden(cls, field: str, detail: str, *, hint: str = "") -> Self:
        return cls("FieldValueForbidden", field, _joined("Forbidden", detail), hint)

    @classmethod
    def not_found(cls, field: str, value: Any) -> Self:
        return cls("FieldValueNotFound", field, f"Not found: {_json(value)}")

    @classmethod
    def duplicate(cls, field: str, value: Any) -> Self:
        return cls("FieldValueDuplicate", field, f"Duplicate value: {_json(value)}")

    @classmethod
    def too_long(cls, field: str, limit: int) -> Self:
        message = f"Too long: may not be more than {limit} bytes"
        return cls("FieldValueTooLong", field, message)

    @classmethod
    def too_many(cls, field: str, count: int, limit: int) -> Self:
        message = f"Too many: {count}: must have at most {limit} items"
        return cls("FieldValueTooMany", field, message)

    @classmethod
    def unsupported(cls, field: str, value: Any, supported: Sequence[str]) -> Self:
        known = ", ".join(_json(one) for one in supported)
        message = f"Unsupported value: {_json(value)}: supported values: {known}"
        return cls("FieldValueNotSupported", field, message)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _joined(words: str, detail: str) -> str:
    return f"{words}: {detail}" if detail else words


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`: see meta/v1 TableColumnDefinition.

    `value` gets the time of asking too, since ages are computed by the server.
    """

    name: str
    value: Callable[[Object, datetime], Any]
    type: str = "string"
    format: str = ""
    description: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object with rules of its own, as `status`; discovery lists it.

    A kind that has `status` keeps it from the clients of the object itself: they write the
    rest, clients of the subresource write nothing else.
    """

    name: str
    verbs: tuple[str, ...]
    group: str | None = None  # of the kind that is sent; None: the object's own
    version: str | None = None
    kind: str | None = None
    parts: tuple[tuple[str, ...], ...] = ()
    """If any: the fields that are written through this path, and no other."""
    validate_update: Callable[[Object, Object], Sequence[FieldError]] | None = None
    """What judges a change through this path, in place of the kind's own."""


def _keep(_: Object) -> None:
    return None


def _accept(_: Object) -> Sequence[FieldError]:
    return ()


def _accept_update(_new: Object, _old: Object) -> Sequence[FieldError]:
    return ()


def _at_once(_obj: Object, _asked: int | None) -> int:
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The declaration of one kind in one version; `schema` is a structural OpenAPI v3 schema.

    On each write the order is: types by `schema`, then `default`, then `validate`, and for an
    update `validate_update(new, old)` too. So `default` and the validators may rely on types,
    and only on them: any field can be absent.
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    schema: Mapping[str, Any]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = (
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    )  # fmt: skip
    default: Callable[[Object], None] = _keep
    validate: Callable[[Object], Sequence[FieldError]] = _accept
    validate_create: Callable[[Object], Sequence[FieldError]] = _accept
    """What a new object may not be, beside what no object may be."""
    validate_update: Callable[[Object, Object], Sequence[FieldError]] = _accept_update
    name_errors: Callable[[str], Sequence[str]] | None = None  # None: RFC 1123 subdomain
    columns: tuple[Column, ...] = ()
    selectable: Mapping[str, Callable[[Object], str]] = field(default_factory=dict)
    subresources: tuple[Subresource, ...] = ()
    born_with_status: bool = False
    """Whether who makes an object may say how it is, as a node does that registers itself."""
    grace: Callable[[Object, int | None], int] = _at_once
    """How many seconds a deletion waits for whoever ends the object, if a client asks for so many
    (None: it says nothing). It is removed when somebody asks for none."""
    orphans: bool = False
    """Whether a deletion leaves what the object owns, unless a client says otherwise. Such kinds are
    older than the deletion of what is owned, and Kubernetes keeps the promise; kubectl asks for it."""

    @property
    def resource(self) -> GroupResource:
        return GroupResource(self.group, self.plural)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version
