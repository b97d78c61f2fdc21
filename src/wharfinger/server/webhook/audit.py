"""
What is kept of each decision on images: who wanted what, what was said, and by which rule.

Pure. One object to a line, of images no more than can be read. Nothing of an object is part of it but
its name and the names of its images.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from wharfinger.policy.imagepolicy.model import Outcome, Question, Verdict

_MOST_IMAGES: Final = 50
_LONGEST: Final = 512

Entry = dict[str, Any]


def entry(
    review: str, question: Question, outcome: Outcome, *, uid: str, user: str, dry_run: bool
) -> Entry:
    told = {
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "review": review,
        "uid": uid,
        "user": user[:_LONGEST],
        "operation": question.operation,
        "group": question.group,
        "resource": question.resource,
        "subresource": question.subresource,
        "namespace": question.namespace,
        "name": question.name[:_LONGEST],
        "dryRun": dry_run,
        "allowed": outcome.allowed,
        "forbidden": outcome.forbidden,
        "images": [_image(verdict) for verdict in outcome.verdicts[:_MOST_IMAGES]],
        "imagesMore": max(len(outcome.verdicts) - _MOST_IMAGES, 0) or "",
    }
    return {name: value for name, value in told.items() if value not in ("", [])}


def _image(verdict: Verdict) -> Entry:
    told = {
        "place": verdict.place,
        "image": verdict.written[:_LONGEST],
        "allowed": verdict.allowed,
        "rule": verdict.rule,
        "resolved": verdict.resolved,
        "rewritten": verdict.rewritten,
        "reason": verdict.reason[:_LONGEST],
    }
    return {name: value for name, value in told.items() if value != ""}
