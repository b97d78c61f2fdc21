"""
Which options of a list or a watch go together, and which contradict each other.

Pure; the rules and their words are those of Kubernetes, whose clients were written against them.
https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.cluster.errors import ObjectInvalid
from wharfinger.cluster.kind import FieldError, Kind

_EXACT: Final = "Exact"
_NOT_OLDER: Final = "NotOlderThan"
_MATCH: Final = "resourceVersionMatch"
_INITIAL: Final = "sendInitialEvents"
_LIST_OPTIONS: Final = Kind(
    group="meta.k8s.io",
    version="v1",
    kind="ListOptions",
    plural="",
    singular="",
    namespaced=False,
    schema={},
)


class OptionsInvalid(ObjectInvalid):
    """What is wrong with the options, told as for an object of the kind ListOptions."""

    code = "options-invalid"

    def __init__(self, causes: list[FieldError]) -> None:
        super().__init__(_LIST_OPTIONS, "", causes)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the query says; empty where it says nothing."""

    watch: bool
    version: str
    match: str
    goes_on: str  # the token of a list in pages
    initial: bool  # whether it says anything of initial events


def check(asked: Asked) -> None:
    """Raise `OptionsInvalid` with all that is wrong."""
    errors = list(_of_watch(asked) if asked.watch else _of_list(asked))
    if errors:
        raise OptionsInvalid(errors)


def _of_list(asked: Asked) -> Iterator[FieldError]:
    if asked.match:
        if not asked.version:
            yield FieldError.forbidden(
                _MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided"
            )
        if asked.goes_on:
            yield FieldError.forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")
        if asked.match not in (_EXACT, _NOT_OLDER):
            yield FieldError.unsupported(_MATCH, asked.match[:40], (_EXACT, _NOT_OLDER, ""))
        if asked.match == _EXACT and asked.version == "0":
            yield FieldError.forbidden(
                _MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"'
            )
    if asked.initial:
        yield FieldError.forbidden(_INITIAL, f"{_INITIAL} is forbidden for list")


def _of_watch(asked: Asked) -> Iterator[FieldError]:
    if asked.initial and asked.match != _NOT_OLDER:
        yield FieldError.forbidden(_MATCH, f"{_INITIAL} requires setting {_MATCH} to {_NOT_OLDER}")
    if not asked.match:
        return
    if not asked.initial:
        yield FieldError.forbidden(
            _MATCH, f"{_MATCH} is forbidden for watch unless {_INITIAL} is provided"
        )
    if asked.match != _NOT_OLDER:
        yield FieldError.unsupported(_MATCH, asked.match[:40], (_NOT_OLDER,))
    if asked.goes_on:
        yield FieldError.forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")
