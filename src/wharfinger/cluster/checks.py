"""
What must hold of an object before it is stored or answered, whatever its kind.

First the fields (known, and of the right type), then, after defaults, the values.
"""

from __future__ import annotations

from typing import Any

from wharfinger.cluster import conformity, metadata, schema, validation
from wharfinger.cluster.errors import BadRequest, ObjectInvalid
from wharfinger.cluster.kind import FieldError, Kind, Object
from wharfinger.cluster.options import FieldValidation, Options


def fields(kind: Kind, obj: Object, options: Options) -> None:
    """Judge unknown fields as asked, refuse wrong types, and drop what the kind does not have."""
    if conformity.conforms(kind.schema, obj):
        return
    findings = schema.validate(kind, obj)
    unknown = [f'unknown field "{path}"' for path in findings.unknown]
    if unknown and options.field_validation is FieldValidation.STRICT:
        raise BadRequest(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: '
            f"strict decoding error: {', '.join(unknown)}",
            kind.resource,
        )
    if options.field_validation is FieldValidation.WARN:
        for warning in unknown:
            options.warn(warning)
    if findings.errors:
        raise ObjectInvalid(kind, _name_of(obj), findings.errors)
    schema.prune(kind, obj)


def configuration(kind: Kind, config: Any, namespace: str, name: str, options: Options) -> None:
    """Judge what is to be applied, and complete it with what the URL says."""
    if not isinstance(config, dict):
        raise BadRequest("what is to be applied must be an object", kind.resource, name)
    if not config.get("apiVersion") or not config.get("kind"):
        said = f"{config.get('apiVersion') or '/'}, Kind={config.get('kind') or ''}"
        raise BadRequest(f"invalid object type: {said}", kind.resource, name)
    metadata.claim(kind, config, namespace, name)
    if config["metadata"].get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil", kind.resource, name)
    fields(kind, config, options)


def values(kind: Kind, new: Object, old: Object | None = None, subresource: str = "") -> None:
    """Raise `ObjectInvalid` with all that the kind and the common rules have against it."""
    errors: list[FieldError] = [*validation.metadata(kind, new), *kind.validate(new)]
    if old is None:
        errors += kind.validate_create(new)
    else:
        below = metadata.part(kind, subresource)
        judge = (below.validate_update if below is not None else None) or kind.validate_update
        errors += [*validation.metadata_update(new, old), *judge(new, old)]
    if errors:
        raise ObjectInvalid(kind, _name_of(new), errors)


def _name_of(obj: Object) -> str:
    name = obj["metadata"].get("name")
    return name if isinstance(name, str) else ""
