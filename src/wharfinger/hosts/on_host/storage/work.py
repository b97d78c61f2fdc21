"""
What the engine of orders (`run`) asks of whoever does a kind of step.

A worker is a value with four functions, one for each kind of step, and `workers.WORKERS` has them all.
They may be killed at any moment: `do` begins or goes on, `undo` takes back what is there of it, and both
end at the same state however often they are called. Before a worker does what it could not find again,
it notes it (`Setting.remember`), synced, and reads it again from `Setting.notes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from wharfinger.errors import Conflict, Unavailable
from wharfinger.hosts.on_host.machine import Machine, Ran

S = TypeVar("S")

Notes = Mapping[str, Any]
"""What is to be known again after a kill, as JSON. `proven`, if it is there, is a list of claims for a
person that hold now; the order's outcome tells them."""


class Refused(Conflict):
    """A step that is not begun, since what it would change is not what it should be."""

    code = "storage-refused"


class StepFailed(Unavailable):
    """A tool or the engine did not do what it was told; `words` is what it said."""

    code = "storage-step-failed"

    def __init__(self, what: str, words: str, *, remedy: str | None = None) -> None:
        said = words.strip()[-2000:] or "it gave no reason"
        super().__init__(f"cannot {what}: {said}", remedy=remedy)


@dataclass(frozen=True)
class Setting:
    """The host, and what is known of this step. `folder` is the order's own, private directory, as the
    host sees it; the order's workers share it. `say` takes how far a long step is: what is being done,
    and done and whole amounts (bytes or things), whole 0 where it is not known.
    """

    machine: Machine
    order_id: str
    folder: str
    notes: Notes = field(default_factory=dict)
    remember: Callable[[Notes], None] = lambda _: None
    """Replaces the notes, and returns once they are on the disk."""
    say: Callable[[str, int, int], None] = lambda _what, _done, _whole: None

    def command(self, *words: str, seconds: float = 600, doing: str = "") -> Ran:
        """Run one command to its good end; raise `StepFailed` with what it said."""
        (ran,) = self.machine.run(words, seconds=seconds)
        if not ran.ok:
            raise StepFailed(doing or f"run {' '.join(words)}", ran.output)
        return ran


@dataclass(frozen=True)
class Worker(Generic[S]):
    """How one kind of step is done.

    `check` runs before anything of the whole order is begun and raises `Refused` (or another error of
    ours) where this step may not be done; it must not count on what earlier steps make. `do` brings it
    about and returns the notes that `undo` needs. `undo` is `None` for what `STAYS` or is `FINAL`.
    Both raise `StepFailed`, `Refused` or `OSError`.

    `check_undo` runs before anything of an applied order is taken back, and raises where that would lose
    what has come since.
    """

    do: Callable[[S, Setting], Notes]
    undo: Callable[[S, Setting], None] | None = None
    check: Callable[[S, Setting], None] = lambda _step, _setting: None
    check_undo: Callable[[S, Setting], None] = lambda _step, _setting: None
