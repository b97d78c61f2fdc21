"""
What a build may be: how `spec` of build configs and builds is completed and judged.

References to secrets are checked for their form only: a secret may come later than what uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.openshift.build_spec import STRATEGIES
from wharfinger.oci.reference import ImageReference, InvalidReference

_SOURCES: Final[Mapping[str, str]] = {
    "git": "Git",
    "dockerfile": "Dockerfile",
    "binary": "Binary",
    "images": "Image",
}
_SOURCE_TYPES: Final = (*_SOURCES.values(), "None")
_FROM: Final = ("ImageStreamTag", "ImageStreamImage", "DockerImage")
_TO: Final = ("ImageStreamTag", "DockerImage")
_TAG_FORM: Final = "ImageStreamTag object references must be in the form <name>:<tag>"


def default_spec(spec: dict[str, Any]) -> None:
    """Name the types of source and strategy, which follow from what is given."""
    strategy = spec.get("strategy")
    if strategy is None:
        strategy = spec["strategy"] = {}
    given = [kind for field, kind in STRATEGIES.items() if strategy.get(field) is not None]
    if given and not strategy.get("type"):
        strategy["type"] = given[0]
    source = spec.get("source")
    if source and not source.get("type"):
        given = [kind for field, kind in _SOURCES.items() if source.get(field) is not None]
        source["type"] = given[0] if given else "None"


def errors(spec: Mapping[str, Any]) -> Iterator[FieldError]:
    yield from _source(spec.get("source") or {}, "spec.source")
    yield from _strategy(spec.get("strategy") or {}, "spec.strategy")
    yield from _output(spec.get("output") or {}, "spec.output")
    deadline = spec.get("completionDeadlineSeconds")
    if deadline is not None and deadline <= 0:
        detail = "completionDeadlineSeconds must be a positive integer greater than 0"
        yield FieldError.invalid("spec.completionDeadlineSeconds", deadline, detail)


def secret(holder: Mapping[str, Any], field: str, path: str) -> Iterator[FieldError]:
    """Judge a reference to a secret of the same namespace; none is fine."""
    reference = holder.get(field)
    if reference is not None:
        yield from _named(reference, f"{path}.{field}")


def image(
    reference: Mapping[str, Any], path: str, kinds: tuple[str, ...] = _FROM
) -> Iterator[FieldError]:
    """Judge a reference to an image or a tag of a stream."""
    kind, name = reference.get("kind") or "", reference.get("name") or ""
    if kind not in kinds:
        yield FieldError.unsupported(f"{path}.kind", kind, kinds)
    if not name:
        yield FieldError.required(f"{path}.name")
    elif kind == "ImageStreamTag":
        stream, colon, tag = name.partition(":")
        if not (stream and colon and tag):
            yield FieldError.invalid(f"{path}.name", name, _TAG_FORM)
    elif kind == "DockerImage":
        try:
            ImageReference.parse(name)
        except InvalidReference as refusal:
            yield FieldError.invalid(f"{path}.name", name, refusal.message)
    namespace = reference.get("namespace") or ""
    for error in validation.label(namespace) if namespace else ():
        yield FieldError.invalid(f"{path}.namespace", namespace, error)


def _named(reference: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    if not reference.get("name"):
        yield FieldError.required(f"{path}.name")


def _source(source: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    kind = source.get("type") or ""
    if kind and kind not in _SOURCE_TYPES:
        yield FieldError.unsupported(f"{path}.type", kind, _SOURCE_TYPES)
    if source.get("git") is not None and not source["git"].get("uri"):
        yield FieldError.required(f"{path}.git.uri")
    if source.get("git") is not None and source.get("binary") is not None:
        detail = "may not be set when git is also set"
        yield FieldError.invalid(f"{path}.binary", "", detail)
    yield from secret(source, "sourceSecret", path)
    for index, one in enumerate(source.get("secrets") or ()):
        yield from _named(one.get("secret") or {}, f"{path}.secrets[{index}].secret")
    for index, one in enumerate(source.get("configMaps") or ()):
        yield from _named(one.get("configMap") or {}, f"{path}.configMaps[{index}].configMap")
    for index, one in enumerate(source.get("images") or ()):
        where = f"{path}.images[{index}]"
        yield from image(one.get("from") or {}, f"{where}.from")
        yield from secret(one, "pullSecret", where)


def _strategy(strategy: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    given = [field for field in STRATEGIES if strategy.get(field) is not None]
    if len(given) != 1:
        detail = f"exactly one of {', '.join(STRATEGIES)} must be set"
        yield FieldError.invalid(path, given, detail)
    known, kind = tuple(STRATEGIES.values()), strategy.get("type") or ""
    if kind and kind not in known:
        yield FieldError.unsupported(f"{path}.type", kind, known)
    for field in given:
        yield from _one_strategy(field, strategy[field], f"{path}.{field}")


def _one_strategy(field: str, given: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    if field == "jenkinsPipelineStrategy":
        return
    if given.get("from") is not None:
        yield from image(given["from"], f"{path}.from")
    elif field != "dockerStrategy":
        yield FieldError.required(f"{path}.from")
    yield from secret(given, "pullSecret", path)
    for index, one in enumerate(given.get("secrets") or ()):
        where = f"{path}.secrets[{index}]"
        yield from _named(one.get("secretSource") or {}, f"{where}.secretSource")
        if not one.get("mountPath"):
            yield FieldError.required(f"{where}.mountPath")


def _output(output: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    if output.get("to") is not None:
        yield from image(output["to"], f"{path}.to", _TO)
    yield from secret(output, "pushSecret", path)
    for index, one in enumerate(output.get("imageLabels") or ()):
        if not one.get("name"):
            yield FieldError.required(f"{path}.imageLabels[{index}].name")
