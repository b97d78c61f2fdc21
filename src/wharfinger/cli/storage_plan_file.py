"""A plan that `wharf storage plan -o json` gave, read again to be applied as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from wharfinger.cli import site_file
from wharfinger.cli.errors import UsageError
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.storage.planned import Forecast, PlannedStep, Refusal, StoragePlan

PLAN_LIMIT: Final = 16 << 20


def read(path: Path) -> StoragePlan:
    content = site_file.read(path, str(path), limit=PLAN_LIMIT).content
    try:
        return _plan(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError(
            f"cannot read a plan from {str(path)!r}: it is not what `wharf storage plan` gives",
            remedy="write it with `wharf storage plan -o json`",
        ) from None


def _plan(document: Mapping[str, Any]) -> StoragePlan:
    """What has a refusal has no order, and its steps cannot be told as values."""
    order = steps.from_json(document["order"])
    told = document["steps"] if order.steps else []
    return StoragePlan(
        tuple(
            PlannedStep(step, str(one["why"]), Disruption[one["disruption"].upper()])
            for step, one in zip(order.steps, told, strict=True)
        ),
        tuple(Refusal(**one) for one in document["refusals"]),
        tuple(
            Forecast(one["place"], one["needed"], one["free"], one["why"])
            for one in document["forecasts"]
        ),
        tuple(map(str, document["notes"])),
        order,
    )
