"""
What came of an order, and what the journal of a host remembers of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Holds(str, Enum):
    """UNKNOWN: nobody answered (no network, a tree and no host), so neither yes nor no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Proven:
    """`what` names the claim for a person, `why` says what was seen."""

    what: str
    holds: Holds
    why: str = ""


class Ending(str, Enum):
    """How an apply ended. `UNFINISHED` is one that was killed; the next one undoes it."""

    NOTHING_TO_DO = "nothing to do"
    APPLIED = "applied"
    ROLLED_BACK = "rolled back"
    UNDONE = "undone"
    UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Outcome:
    """`id` names the journal entry, empty where nothing was done; `trouble` is why it was rolled
    back, and what could not be done in going back. `time` is seconds since the epoch; `paths` are
    the files concerned.
    """

    id: str
    ending: Ending
    time: float = 0.0
    paths: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    proofs: tuple[Proven, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Drift:
    """A file that is not as we left it. `what` is "changed", "missing", "mode" or "owner"; `why` is
    the likely cause, where there is a sign of one; `id` is the entry of the journal that set it.
    """

    path: str
    what: str
    id: str
    why: str = ""


def to_json(outcome: Outcome) -> dict[str, Any]:
    document = asdict(outcome)
    document["ending"] = outcome.ending.value
    for proof, proven in zip(document["proofs"], outcome.proofs):
        proof["holds"] = proven.holds.value
    return document


def from_json(document: Mapping[str, Any]) -> Outcome:
    """Read what `to_json` gave."""
    proofs = tuple(Proven(**{**one, "holds": Holds(one["holds"])}) for one in document["proofs"])
    return Outcome(
        **{
            **document,
            "ending": Ending(document["ending"]),
            "paths": tuple(document["paths"]),
            "actions": tuple(document["actions"]),
            "proofs": proofs,
        }
    )
