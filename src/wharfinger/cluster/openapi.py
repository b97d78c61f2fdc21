"""
The API described in OpenAPI, made from the declared kinds: version 2 whole, version 3 per group.

Clients read it to explain fields (`kubectl explain`), to check objects before they send them, and
to learn which parameters a verb takes (`dryRun`, `fieldValidation`). So the documents have every
operation that is served, with what is sent and answered, and no more. `openapi_paths.py` lists
the operations, `openapi_models.py` the models; here they are written down in the words of each
version. `openapi_protobuf.py` writes version 2 in the encoding that older clients insist on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Protocol

from wharfinger import __version__
from wharfinger.cluster import openapi_models, openapi_paths
from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.answers import RESOURCES, STATUS
from wharfinger.cluster.kinds.meta import DELETE_OPTIONS
from wharfinger.cluster.openapi_models import GVK, Document, Models
from wharfinger.cluster.openapi_paths import Operation, Parameter

_INFO: Final = {"title": "Wharfinger", "version": __version__}
_JSON: Final = "application/json"
_JSON_PATCH: Final = "application/json-patch+json"
_PATCHES: Final = (
    _JSON_PATCH,
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_NOT_DONE: Final = {"405": "Not done on objects of this kind."}
_FAILED: Final = {"default": "What was wrong."}


class _Dialect(openapi_models.Dialect, Protocol):
    """In what the two versions of OpenAPI differ."""

    def parameter(self, parameter: Parameter) -> Document: ...

    def sent(self, model: str, types: Sequence[str], *, required: bool) -> Document:
        """Say what the body of a request is: an addition to the operation."""
        ...

    def answered(self, said: str, *models: str) -> Document:
        """Say what an answer is, an object of one of the models."""
        ...

    def fitted(self, operation: Document) -> Document: ...


class _Version2:
    def reference(self, model: str, beside: Mapping[str, Any]) -> Document:
        return {**beside, "$ref": f"#/definitions/{model}"}

    def type_of_two(self, form: str) -> Document:
        """This version has no word for it; clients of it take any scalar for a string."""
        said = {"description": _TWO[form], "type": "string"}
        return {**said, "format": form} if form == "int-or-string" else said

    def parameter(self, parameter: Parameter) -> Document:
        required = {"required": True} if parameter.place == "path" else {}
        return {
            "name": parameter.name,
            "in": parameter.place,
            "type": parameter.type,
            "description": parameter.description,
            **required,
        }

    def sent(self, model: str, types: Sequence[str], *, required: bool) -> Document:
        body = {"name": "body", "in": "body", "schema": {"$ref": f"#/definitions/{model}"}}
        return {"consumes": list(types), "body": {**body, "required": True} if required else body}

    def answered(self, said: str, *models: str) -> Document:
        """This version cannot say that it is one of several."""
        return {"description": said, "schema": {"$ref": f"#/definitions/{models[0]}"}}

    def fitted(self, operation: Document) -> Document:
        body = operation.pop("body", None)
        if body is not None:
            operation["parameters"] = [body, *operation["parameters"]]
        return {"produces": [_JSON], **operation}


class _Version3:
    def reference(self, model: str, beside: Mapping[str, Any]) -> Document:
        reference = {"$ref": f"#/components/schemas/{model}"}
        if not beside:
            return reference
        default: Document = {} if model in openapi_models.SCALARS else {"default": {}}
        return {**beside, "allOf": [reference], **default}

    def type_of_two(self, form: str) -> Document:
        other = "integer" if form == "int-or-string" else "number"
        said = {"description": _TWO[form], "oneOf": [{"type": other}, {"type": "string"}]}
        return {**said, "format": form} if form == "int-or-string" else said

    def parameter(self, parameter: Parameter) -> Document:
        schema: Document = {"type": parameter.type}
        if parameter.choices:
            schema["enum"] = list(parameter.choices)
        if parameter.type == "integer":
            schema["minimum"] = 0
        said = {"name": parameter.name, "in": parameter.place, "schema": schema}
        required = {"required": True} if parameter.place == "path" else {}
        return {**said, "description": parameter.description, **required}

    def sent(self, model: str, types: Sequence[str], *, required: bool) -> Document:
        schema = {"schema": {"$ref": f"#/components/schemas/{model}"}}
        content: Document = dict.fromkeys(types, schema)
        if _JSON_PATCH in content:
            content[_JSON_PATCH] = {"schema": {"type": "array", "items": {"type": "object"}}}
        return {"requestBody": {"content": content, **({"required": True} if required else {})}}

    def answered(self, said: str, *models: str) -> Document:
        references = [{"$ref": f"#/components/schemas/{model}"} for model in models]
        schema = references[0] if len(references) == 1 else {"anyOf": references}
        return {"description": said, "content": {_JSON: {"schema": schema}}}

    def fitted(self, operation: Document) -> Document:
        return operation


_TWO: Final[Mapping[str, str]] = {
    "int-or-string": "A number, or a text such as a percentage or the name of a port.",
    "quantity": "An amount with a unit, as 500m or 2Gi.",
}


def v2(kinds: Iterable[Kind]) -> Document:
    """Answer `/openapi/v2`."""
    known = tuple(kinds)
    document = _Writer(_Version2(), known)
    paths = document.paths(openapi_paths.operations(known, known))
    return {
        "swagger": "2.0",
        "info": dict(_INFO),
        "paths": paths,
        "definitions": document.models(known),
    }


def v3_index(kinds: Iterable[Kind]) -> Document:
    """Answer `/openapi/v3`; the hash in each address lets clients keep what they have."""
    known = tuple(kinds)
    paths = dict.fromkeys(openapi_paths.group_path(kind) for kind in known if kind.verbs)
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={hash_of(v3(known, path))}"}
            for path in paths
        }
    }


def v3(kinds: Iterable[Kind], path: str) -> Document | None:
    """Answer `/openapi/v3/PATH`, as `api/v1`; None if nothing is served there."""
    known = tuple(kinds)
    own = [kind for kind in known if openapi_paths.group_path(kind) == path]
    operations = list(openapi_paths.operations(own, known))
    if not operations:
        return None
    document = _Writer(_Version3(), known)
    paths = document.paths(operations)
    return {
        "openapi": "3.0.0",
        "info": dict(_INFO),
        "paths": paths,
        "components": {"schemas": document.models([one.kind for one in operations])},
    }


def hash_of(document: Document | None) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


class _Writer:
    """Writes the paths of one document, and gathers the models that they name."""

    def __init__(self, dialect: _Dialect, known: Sequence[Kind]) -> None:
        self._dialect = dialect
        self._known = known
        self._models = Models(dialect)

    def paths(self, operations: Iterable[Operation]) -> dict[str, Document]:
        paths: dict[str, Document] = {}
        for operation in operations:
            own = f"/{openapi_paths.group_path(operation.kind)}/"
            if operation.path.startswith(own):
                paths.setdefault(own, {"get": self._resources(own)})
            paths.setdefault(operation.path, {})[operation.method] = self._operation(operation)
        return paths

    def models(self, kinds: Iterable[Kind]) -> dict[str, Document]:
        """All models so far, and those of kinds that no operation has named."""
        for kind in kinds:
            self._of(kind)
        return self._models.sorted()

    def _operation(self, operation: Operation) -> Document:
        written = {
            "operationId": operation.name,
            "x-kubernetes-action": operation.action,
            GVK: openapi_models.named(operation.kind),
            "parameters": [self._dialect.parameter(one) for one in operation.parameters],
            **self._sent(operation),
            "responses": self._responses(operation),
        }
        return self._dialect.fitted(written)

    def _sent(self, operation: Operation) -> Document:
        match operation.verb:
            case "patch":
                return self._dialect.sent(self._models.add_patch(), _PATCHES, required=True)
            case "create" | "update":
                return self._dialect.sent(self._of(operation.kind), (_JSON,), required=True)
            case "delete" | "deletecollection":
                return self._dialect.sent(self._delete_options, (_JSON,), required=False)
        return {}

    def _responses(self, operation: Operation) -> Document:
        status = self._status
        if operation.refused:
            said = _NOT_DONE | _FAILED
            return {code: self._dialect.answered(why, status) for code, why in said.items()}
        failed = {code: self._dialect.answered(said, status) for code, said in _FAILED.items()}
        match operation.verb:
            case "list" if "get" not in operation.kind.verbs:
                models = [status]  # what can only be asked for: whether one may
            case "list" | "deletecollection":
                name = openapi_models.named(operation.kind, "List")
                models = [self._models.add(openapi_models.list_of(operation.kind), name)]
            case "delete":
                models = [status, self._of(operation.kind)]
            case _:
                models = [self._of(operation.kind)]
        done = {"200": self._dialect.answered("Done.", *models)}
        if operation.verb in ("create", "patch", "update"):
            done["201"] = self._dialect.answered("Made.", *models)
        return {**done, **failed}

    def _resources(self, path: str) -> Document:
        """What discovery answers; it takes no parameters."""
        model = self._models.add(
            RESOURCES, {"group": "", "version": "v1", "kind": "APIResourceList"}
        )
        return self._dialect.fitted(
            {
                "operationId": Operation(path, "get", self._known[0]).name + "Resources",
                "parameters": [],
                "responses": {"200": self._dialect.answered("What there is.", model)},
            }
        )

    @cached_property
    def _status(self) -> str:
        return self._models.add(STATUS, {"group": "", "version": "v1", "kind": "Status"})

    @cached_property
    def _delete_options(self) -> str:
        names = openapi_models.everywhere(self._known, "DeleteOptions")
        return self._models.add(DELETE_OPTIONS, *names)

    def _of(self, kind: Kind) -> str:
        return self._models.add(openapi_models.record_of(kind), openapi_models.named(kind))
