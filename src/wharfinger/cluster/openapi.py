"""
The API described in OpenAPI, made from the declared kinds: version 2 whole, version 3 per group.

Clients read it to explain fields (`kubectl explain`), to check objects before they send them,
and to learn which parameters a verb takes (`dryRun`, `fieldValidation`). So the documents have
every model and every path with those parameters, and no more. `openapi_protobuf.py` writes
version 2 in the encoding that older clients insist on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from wharfinger import __version__
from wharfinger.cluster.kind import Kind, Subresource
from wharfinger.cluster.kinds.shapes import Record, Schema

Document = dict[str, Any]

_INFO: Final = {"title": "Wharfinger", "version": __version__}
_GVK: Final = "x-kubernetes-group-version-kind"
_METHODS: Final = {
    "create": "post",
    "delete": "delete",
    "deletecollection": "delete",
    "get": "get",
    "list": "get",
    "patch": "patch",
    "update": "put",
}
_ON_COLLECTION: Final = ("create", "deletecollection", "list")
_IN_PATH: Final = {"namespace": "Namespace of the object.", "name": "Name of the object."}
_IN_QUERY: Final = {
    "continue": "Where the last answer ended.",
    "dryRun": "All: do everything but keep the result.",
    "fieldManager": "Who makes this change.",
    "fieldSelector": "Only objects with these fields.",
    "fieldValidation": "Ignore, Warn or Strict: what to do about unknown and duplicate fields.",
    "labelSelector": "Only objects with these labels.",
    "limit": "At most so many objects; continue gets the next.",
    "propagationPolicy": "Orphan, Background or Foreground: what becomes of owned objects.",
    "resourceVersion": "How fresh the answer must be, or where a watch begins.",
    "watch": "true: send changes instead of a list.",
}
_WRITE: Final = ("dryRun", "fieldManager", "fieldValidation")
_SELECT: Final = ("continue", "fieldSelector", "labelSelector", "limit")
_QUERY: Final[Mapping[str, Sequence[str]]] = {
    "create": _WRITE,
    "delete": ("dryRun", "propagationPolicy"),
    "deletecollection": ("dryRun", "propagationPolicy", *_SELECT),
    "list": (*_SELECT, "resourceVersion", "watch"),
    "patch": _WRITE,
    "update": _WRITE,
}
_SAID: Final = {"200": "OK", "405": "Not done on objects of this kind."}
_JSON: Final = "application/json"
_PATCHES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


class _Operation(NamedTuple):
    path: str
    verb: str
    kind: Kind  # whose objects are sent and answered
    answer: str = "200"

    @property
    def sends(self) -> tuple[str, ...]:
        """List the types of content that are sent."""
        if self.verb == "patch":
            return _PATCHES
        return (_JSON,) if self.verb in ("create", "update") else ()


class _Dialect(Protocol):
    """In what the two versions of OpenAPI differ."""

    def reference(self, model: str, description: str) -> Document:
        """Refer to a model, and say what the field is for if there is more to say."""
        ...

    def parameter(self, name: str, place: str, description: str) -> Document: ...

    def bodies(self, operation: _Operation, model: str, parameters: list[Document]) -> Document:
        """Say what is sent (an object of `model`, or patches to one) and answered."""
        ...


class _Version2:
    def reference(self, model: str, description: str) -> Document:
        reference = {"$ref": f"#/definitions/{model}"}
        return {"description": description, **reference} if description else reference

    def parameter(self, name: str, place: str, description: str) -> Document:
        required = {"required": True} if place == "path" else {}
        return {"name": name, "in": place, "type": "string", "description": description, **required}

    def bodies(self, operation: _Operation, model: str, parameters: list[Document]) -> Document:
        body = {"$ref": f"#/definitions/{model}"}
        sent: Document = {}
        if operation.sends:
            schema = {"type": "object"} if operation.verb == "patch" else body
            parameters = [
                {"name": "body", "in": "body", "required": True, "schema": schema},
                *parameters,
            ]
            sent = {"consumes": list(operation.sends)}
        responses = {operation.answer: {"description": _SAID[operation.answer], "schema": body}}
        return {**sent, "produces": [_JSON], "parameters": parameters, "responses": responses}


class _Version3:
    def reference(self, model: str, description: str) -> Document:
        reference = {"$ref": f"#/components/schemas/{model}"}
        if not description:
            return reference
        return {"description": description, "allOf": [reference], "default": {}}

    def parameter(self, name: str, place: str, description: str) -> Document:
        required = {"required": True} if place == "path" else {}
        schema = {"type": "string"}
        return {"name": name, "in": place, "schema": schema, "description": description, **required}

    def bodies(self, operation: _Operation, model: str, parameters: list[Document]) -> Document:
        body = {"schema": {"$ref": f"#/components/schemas/{model}"}}
        sent: Document = {}
        if operation.sends:
            schema = {"schema": {"type": "object"}} if operation.verb == "patch" else body
            content = dict.fromkeys(operation.sends, schema)
            sent = {"requestBody": {"required": True, "content": content}}
        said = {"description": _SAID[operation.answer], "content": {_JSON: body}}
        responses = {operation.answer: said}
        return {**sent, "parameters": parameters, "responses": responses}


def v2(kinds: Iterable[Kind]) -> Document:
    """Answer `/openapi/v2`."""
    known = tuple(kinds)
    return {
        "swagger": "2.0",
        "info": dict(_INFO),
        "paths": _paths(_operations(known, known), _Version2()),
        "definitions": _models(known, _Version2()),
    }


def v3_index(kinds: Iterable[Kind]) -> Document:
    """Answer `/openapi/v3`; the hash in each address lets clients keep what they have."""
    known = tuple(kinds)
    paths = dict.fromkeys(_group_path(kind) for kind in known if kind.verbs)
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash(v3(known, path))}"}
            for path in paths
        }
    }


def v3(kinds: Iterable[Kind], path: str) -> Document | None:
    """Answer `/openapi/v3/PATH`, as `api/v1`; None if nothing is served there."""
    known = tuple(kinds)
    operations = list(_operations((one for one in known if _group_path(one) == path), known))
    if not operations:
        return None
    return {
        "openapi": "3.0.0",
        "info": dict(_INFO),
        "paths": _paths(operations, _Version3()),
        "components": {"schemas": _models((one.kind for one in operations), _Version3())},
    }


def _hash(document: Document | None) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _group_path(kind: Kind) -> str:
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"


def _operations(kinds: Iterable[Kind], known: Sequence[Kind]) -> Iterator[_Operation]:
    for kind in kinds:
        scope = "namespaces/{namespace}/" if kind.namespaced else ""
        collection = f"/{_group_path(kind)}/{scope}{kind.plural}"
        one = f"{collection}/{{name}}"
        for verb in kind.verbs:
            if verb in _METHODS:
                yield _Operation(collection if verb in _ON_COLLECTION else one, verb, kind)
        if "create" in kind.verbs and "patch" not in kind.verbs:
            # kubectl learns only from PATCH whether fieldValidation and dryRun are known. Without
            # one it would ask for custom resource definitions, and give up as there are none.
            yield _Operation(collection, "patch", kind, answer="405")
        for below in kind.subresources:
            for verb in below.verbs:
                yield _Operation(f"{one}/{below.name}", verb, _sent(kind, below, known))


def _sent(kind: Kind, below: Subresource, known: Sequence[Kind]) -> Kind:
    """Find the kind that is sent to a subresource."""
    wanted = (below.group, below.version, below.kind)
    return next((one for one in known if (one.group, one.version, one.kind) == wanted), kind)


def _paths(operations: Iterable[_Operation], dialect: _Dialect) -> dict[str, Document]:
    paths: dict[str, Document] = {}
    for operation in operations:
        item = paths.setdefault(operation.path, {})
        item[_METHODS[operation.verb]] = _operation(operation, dialect)
    return paths


def _operation(operation: _Operation, dialect: _Dialect) -> Document:
    places = [(name, "path", what) for name, what in _IN_PATH.items()]
    places = [place for place in places if f"{{{place[0]}}}" in operation.path]
    places += [(name, "query", _IN_QUERY[name]) for name in _QUERY.get(operation.verb, ())]
    parameters = [dialect.parameter(*place) for place in places]
    return {
        "operationId": _operation_id(operation),
        "x-kubernetes-action": operation.verb,
        _GVK: _gvk(operation.kind),
        **dialect.bodies(operation, _record(operation.kind).model, parameters),
    }


def _operation_id(operation: _Operation) -> str:
    words = re.findall(r"[A-Za-z0-9]+", operation.path)
    return operation.verb + "".join(word[0].upper() + word[1:] for word in words)


def _gvk(kind: Kind) -> Document:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def _record(kind: Kind) -> Record:
    if isinstance(kind.schema, Record):
        return kind.schema
    name = ".".join(filter(None, (kind.group, kind.version, kind.kind)))
    return Record(name, kind.kind, kind.schema.get("properties", {}))


def _models(kinds: Iterable[Kind], dialect: _Dialect) -> dict[str, Document]:
    models: dict[str, Document] = {}
    for kind in kinds:
        record = _record(kind)
        _publish(record, dialect, models)
        models[record.model][_GVK] = [_gvk(kind)]
    return dict(sorted(models.items()))


def _publish(schema: Schema, dialect: _Dialect, models: dict[str, Document]) -> Document:
    """Write a schema with references in place of the records, and the records to `models`."""
    if not isinstance(schema, Record):
        return _inner(schema, dialect, models)
    if schema.model not in models:
        models[schema.model] = {}  # a record that holds its own kind refers to it
        models[schema.model] = _inner(schema, dialect, models) | {"description": schema.summary}
    said = schema["description"]
    return dialect.reference(schema.model, said if said != schema.summary else "")


def _inner(schema: Schema, dialect: _Dialect, models: dict[str, Document]) -> Document:
    inner = dict(schema)
    if "properties" in inner:
        fields: Mapping[str, Schema] = inner["properties"]
        inner["properties"] = {
            name: _publish(field, dialect, models) for name, field in fields.items()
        }
    for word in ("items", "additionalProperties"):
        if word in inner:
            inner[word] = _publish(inner[word], dialect, models)
    return inner
