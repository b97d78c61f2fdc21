"""Lease (coordination.k8s.io/v1): who has something for a while, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Record, integer, moment, text
from wharfinger.cluster.kinds.workloads import numbers

GROUP: Final = "coordination.k8s.io"
_MODELS: Final = "io.k8s.api.coordination.v1."
_STRATEGIES: Final = ("OldestEmulationVersion",)

_SPEC = Record(
    f"{_MODELS}LeaseSpec",
    "Who has the lease.",
    {
        "holderIdentity": text("Who has the lease now."),
        "leaseDurationSeconds": integer(
            "How long others wait after renewTime before they take it."
        ),
        "acquireTime": moment("When the present holder got it."),
        "renewTime": moment("When the present holder last renewed it."),
        "leaseTransitions": integer("How often it has gone from one holder to another."),
        "strategy": text("How the next holder is chosen, if the holders do not do so themselves."),
        "preferredHolder": text("To whom the holder should hand it over."),
    },
)


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        yield FieldError.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    yield from numbers.not_negative(spec, "spec", "leaseTransitions")
    yield from _strategy_errors(spec)


def _strategy_errors(spec: Mapping[str, Any]) -> Iterator[FieldError]:
    strategy = spec.get("strategy")
    if strategy is not None:
        if "/" in strategy:
            for error in validation.qualified_name(strategy):
                yield FieldError.invalid("spec.strategy", strategy, error)
        elif strategy not in _STRATEGIES:
            yield FieldError.unsupported("spec.strategy", strategy, _STRATEGIES)
    if spec.get("preferredHolder") and not strategy:
        detail = "may only be specified if `strategy` is defined"
        yield FieldError.forbidden("spec.preferredHolder", detail)


LEASE = Kind(
    group=GROUP,
    version="v1",
    kind="Lease",
    plural="leases",
    singular="lease",
    namespaced=True,
    schema=top(
        f"{_MODELS}Lease",
        "Who has something for a while, and until when.",
        {"spec": _SPEC.of("Who has the lease.")},
    ),
    validate=lambda obj: tuple(_validate(obj)),
    columns=(
        NAME,
        Column(
            "Holder",
            lambda obj, _: (obj.get("spec") or {}).get("holderIdentity") or "",
            description="Who has it.",
        ),
        AGE,
    ),
)
