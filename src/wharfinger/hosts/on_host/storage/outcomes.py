"""
What came of a storage order, and how far it is while it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Ending(str, Enum):
    """How an order ended.

    `STOPPED`: a step failed, all after the last step that stays was taken back, and the next command
    goes on. `GIVEN_UP`: such an order was taken back as far as it can be and is not gone on with.
    `UNFINISHED`: it was killed. `RELEASED`: what it had kept for the way back was removed since.
    """

    NOTHING_TO_DO = "nothing to do"
    APPLIED = "applied"
    ROLLED_BACK = "rolled back"
    STOPPED = "stopped"
    UNDONE = "undone"
    GIVEN_UP = "given up"
    UNFINISHED = "unfinished"
    RELEASED = "released"


@dataclass(frozen=True)
class StorageOutcome:
    """`id` names the order in the journal, empty where nothing was done. `steps` are all of it, in
    words, and `done` says how many of them are done now. `proven` are the claims that were proven,
    `trouble` is what went wrong, `keeps` what is kept for the way back. `time` is when it was begun.
    `reversible` says that it is applied, and that each of its steps has a way back.
    """

    id: str
    ending: Ending
    time: float = 0.0
    summary: str = ""
    steps: tuple[str, ...] = ()
    done: int = 0
    proven: tuple[str, ...] = ()
    trouble: str = ""
    keeps: tuple[str, ...] = ()
    reversible: bool = False


@dataclass(frozen=True)
class Progress:
    """A step that begins or goes on. `step` counts from one; `back` says that it is taken back. `what`
    is what a long step is at, with done and whole amounts, whole 0 where it is not known."""

    id: str
    step: int
    steps: int
    name: str
    back: bool = False
    what: str = ""
    done: int = 0
    whole: int = 0


def to_json(outcome: StorageOutcome) -> dict[str, Any]:
    return {**asdict(outcome), "ending": outcome.ending.value}


def from_json(document: Mapping[str, Any]) -> StorageOutcome:
    """Read what `to_json` gave; raise `KeyError`, `TypeError` or `ValueError` for what it did not."""
    return StorageOutcome(
        **{
            **document,
            "ending": Ending(document["ending"]),
            "steps": tuple(document["steps"]),
            "proven": tuple(document["proven"]),
            "keeps": tuple(document["keeps"]),
        }
    )
