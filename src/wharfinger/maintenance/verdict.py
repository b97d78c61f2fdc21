"""What becomes of a pod when its node is evacuated, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    GOES = "goes"
    STAYS = "stays"
    """It is left where it is, and the node counts as evacuated all the same."""
    WAITS = "waits"
    """A budget does not let it go now. The others go; this one is asked for again and again."""
    BLOCKS = "blocks"
    """While it is so, nothing of the node is evicted, as with `kubectl drain`."""


class Code(StrEnum):
    """Why it is so. The same cause may let a pod go, or keep it, as the options say."""

    BUDGET_NEVER = "budget-never"
    BUDGET_SPENT = "budget-spent"
    BUDGET_TURN = "budget-turn"
    BUDGET_UNCOUNTED = "budget-uncounted"
    BUDGETS_OVERLAPPING = "budgets-overlapping"
    DAEMON_SET = "daemon-set"
    DAEMON_SET_GONE = "daemon-set-gone"
    ENDING = "ending"
    ENDING_TOO_LONG = "ending-too-long"
    FINISHED = "finished"
    LOCAL_STORAGE = "local-storage"
    MIRROR = "mirror"
    NOT_READY = "not-ready"
    NOT_SELECTED = "not-selected"
    PENDING = "pending"
    REFUSED = "refused"
    REPLACED = "replaced"
    RETURNS = "returns"
    SILENCE = "silence"
    STATEFUL_SET = "stateful-set"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    code: str
    """A `Code`, as `daemon-set` or `budget-spent`; `docs/reference/evacuation.md` lists all."""
    reason: str
    """A sentence without a full stop, as "it is managed by DaemonSet kube-system/proxy"."""
    remedy: str = ""
    """What a person can do about it; "" where nothing is to be done."""
    hopeless: bool = False
    """Of one that waits: it will wait forever unless a person changes something."""
    warning: str = ""
    """What should be told though it goes or stays, as the data that it loses."""
