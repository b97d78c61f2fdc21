"""The parts that the statuses of workloads share: conditions."""

from __future__ import annotations

from typing import Any

from wharfinger.cluster.kinds.shapes import Record, Schema, array, merged_by, moment, text


def condition(model: str, **more: Schema) -> Record:
    """Declare the conditions of one kind; `more` are fields that only this kind has."""
    return Record(
        model,
        "Something that holds of the object, or does not.",
        {
            "type": text("What the condition is about."),
            "status": text("True, False or Unknown."),
            "lastTransitionTime": moment("When the status last changed."),
            "reason": text("Why, for machines."),
            "message": text("Why, for people."),
            **more,
        },
        required=("type", "status"),
    )


def conditions(record: Record, **extensions: Any) -> Schema:
    words = {**merged_by("type"), **extensions}
    return array("What holds of the object, and what does not.", record, **words)
