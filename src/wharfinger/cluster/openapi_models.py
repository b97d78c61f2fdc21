"""
The models of the published documents: one for each record, each list, and what the server says.

A record is published once under its name, and referred to from wherever it is a field. What
patches do with a field stands beside the reference, as it belongs to the field. A field that takes
a number or a text, and an amount, refer to models of their own, by whose names clients know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.answers import LIST_META
from wharfinger.cluster.kinds.shapes import Record, Schema, array, text

Document = dict[str, Any]

SCALARS: Final = (
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "io.k8s.apimachinery.pkg.api.resource.Quantity",
)
"""The models that are not of objects."""

GVK: Final = "x-kubernetes-group-version-kind"
PATCH: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
_PATCHING: Final = ("x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key")
_TYPES_OF_TWO: Final = dict(zip(("int-or-string", "quantity"), SCALARS, strict=True))


class Dialect(Protocol):
    """In what the two versions of OpenAPI differ about models."""

    def reference(self, model: str, beside: Mapping[str, Any]) -> Document:
        """Refer to a model; `beside` is what the field says itself."""
        ...

    def type_of_two(self, form: str) -> Document:
        """Describe `int-or-string` or `quantity`."""
        ...


class Models:
    """Gathers the models of one document."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._models: dict[str, Document] = {}

    def add(self, record: Record, *names: Document) -> str:
        """Publish a record, and by which group, version and kind objects of it are known."""
        self._schema(record)
        known = self._models[record.model].setdefault(GVK, []) if names else []
        known.extend(name for name in names if name not in known)
        return record.model

    def add_patch(self) -> str:
        self._models[PATCH] = {"type": "object", "description": "A patch, in one of its formats."}
        return PATCH

    def sorted(self) -> dict[str, Document]:
        return dict(sorted(self._models.items()))

    def _schema(self, schema: Schema) -> Document:
        """Write a schema with references in place of the records."""
        if isinstance(schema, Record):
            if schema.model not in self._models:
                self._models[schema.model] = {}  # a record that holds its own kind refers to it
                self._models[schema.model] = self._model(schema)
            said = schema["description"]
            return self._reference(schema.model, said if said != schema.summary else "", schema)
        if (form := schema.get("format")) in _TYPES_OF_TWO:
            model = _TYPES_OF_TWO[form]
            self._models.setdefault(model, self._dialect.type_of_two(form))
            return self._reference(model, schema.get("description", ""), schema)
        return self._inner(schema)

    def _model(self, record: Record) -> Document:
        inner = {word: value for word, value in record.items() if word not in _PATCHING}
        return self._inner(inner) | {"description": record.summary}

    def _reference(self, model: str, said: str, schema: Schema) -> Document:
        beside = {word: value for word, value in schema.items() if word in _PATCHING}
        return self._dialect.reference(model, {"description": said, **beside} if said else beside)

    def _inner(self, schema: Schema) -> Document:
        inner = dict(schema)
        if "properties" in inner:
            fields: Mapping[str, Schema] = inner["properties"]
            inner["properties"] = {name: self._schema(field) for name, field in fields.items()}
        for word in ("items", "additionalProperties"):
            if word in inner:
                inner[word] = self._schema(inner[word])
        return inner


def named(kind: Kind, suffix: str = "") -> Document:
    """Group, version and kind, as models and operations tell them."""
    return {"group": kind.group, "version": kind.version, "kind": kind.kind + suffix}


def everywhere(kinds: Iterable[Kind], name: str) -> Sequence[Document]:
    """How a kind is named that is known in every group."""
    pairs = dict.fromkeys((kind.group, kind.version) for kind in kinds)
    return [{"group": group, "version": version, "kind": name} for group, version in pairs]


def record_of(kind: Kind) -> Record:
    if isinstance(kind.schema, Record):
        return kind.schema
    model = ".".join(filter(None, (kind.group, kind.version, kind.kind)))
    return Record(model, kind.kind, kind.schema.get("properties", {}))


def list_of(kind: Kind) -> Record:
    """The model of a list of the objects of a kind."""
    one = record_of(kind)
    fields = {
        "apiVersion": text("Group and version of the list."),
        "kind": text(f"{kind.kind}List."),
        "metadata": LIST_META.of("Version of the list, and how to go on with it."),
        "items": array("The objects.", one),
    }
    return Record(f"{one.model}List", f"A list of {kind.kind} objects.", fields, ("items",))
