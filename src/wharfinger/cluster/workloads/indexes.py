"""
The numbers of the pods of a Job that numbers them, and their text: `0,2-4`.

Pure. A pod knows its number by an annotation, a label and an environment variable.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.meta import annotations_of

INDEX: Final = "batch.kubernetes.io/job-completion-index"
_VARIABLE: Final = "JOB_COMPLETION_INDEX"
_RANGE: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)
_MOST: Final = 100_000


def parse(text: str) -> set[int]:
    """Read numbers and ranges; what is neither, or too large, is left out."""
    found: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            low, high = int(match[1]), int(match[2] or match[1])
            found.update(range(low, min(high, low + _MOST) + 1))
    return found


def text(numbers: Collection[int]) -> str:
    """Write them in order, with ranges where three or more follow each other, or two."""
    parts: list[str] = []
    ordered = sorted(numbers)
    at = 0
    while at < len(ordered):
        end = at
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        if end > at + 1:
            parts.append(f"{ordered[at]}-{ordered[end]}")
        else:
            parts += [str(number) for number in ordered[at : end + 1]]
        at = end + 1
    return ",".join(parts)


def of_pod(pod: Object) -> int | None:
    said = annotations_of(pod).get(INDEX, "")
    return int(said) if re.fullmatch("[0-9]{1,9}", said, re.ASCII) else None


def free(
    total: int, done: Collection[int], busy: Collection[int | None], most: int
) -> Iterator[int]:
    """The first numbers that nobody has done or does."""
    return islice((one for one in range(total) if one not in done and one not in busy), most)


def numbered(job: Object, pod: Object, number: int) -> Object:
    """`pod` with its number, in the places where it looks for it."""
    metadata, spec = pod["metadata"], pod["spec"]
    metadata["annotations"][INDEX] = metadata["labels"][INDEX] = str(number)
    metadata["generateName"] = f"{job['metadata']['name']}-{number}-"
    spec["hostname"] = f"{job['metadata']['name']}-{number}"
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        known: list[dict[str, Any]] = container.setdefault("env", [])
        if all(one.get("name") != _VARIABLE for one in known):
            known.append({"name": _VARIABLE, "valueFrom": source})
    return pod
