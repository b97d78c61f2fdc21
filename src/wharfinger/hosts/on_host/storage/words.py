"""
What the host program does for storage, by its word; see `on_host.command`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

from wharfinger.errors import BadInput
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import facts, outcomes, reading, run, steps
from wharfinger.hosts.on_host.storage.outcomes import Progress


class NoOrder(BadInput):
    """What was given is no storage order."""

    code = "invalid-order"


@dataclass(frozen=True)
class Asked:
    """`order` is the document of an order, `number` names one."""

    order: Any = None
    number: str | None = None
    force: bool = False


def answer(word: str, machine: Machine, asked: Asked) -> Any:
    """What the word asks for, as JSON."""
    return _ANSWERS[word](machine, asked)


def _facts(machine: Machine, _: Asked) -> Any:
    return facts.to_json(reading.read_storage(machine))


def _apply(machine: Machine, asked: Asked) -> Any:
    try:
        wanted = steps.from_json(asked.order)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoOrder("cannot read the storage order") from None
    return outcomes.to_json(run.apply(wanted, machine, say=_say))


def _resume(machine: Machine, _: Asked) -> Any:
    outcome = run.resume(machine, say=_say)
    return None if outcome is None else outcomes.to_json(outcome)


def _undo(machine: Machine, asked: Asked) -> Any:
    return outcomes.to_json(run.undo(machine, asked.number, force=asked.force, say=_say))


def _history(machine: Machine, _: Asked) -> Any:
    return [outcomes.to_json(one) for one in run.history(machine)]


def _release(machine: Machine, asked: Asked) -> Any:
    return outcomes.to_json(run.release(machine, asked.number or "", say=_say))


_ANSWERS: Final[Mapping[str, Callable[[Machine, Asked], Any]]] = {
    "storage-facts": _facts,
    "storage-apply": _apply,
    "storage-resume": _resume,
    "storage-undo": _undo,
    "storage-history": _history,
    "storage-release": _release,
}


def _say(progress: Progress) -> None:
    """Nobody has to listen."""
    with suppress(OSError):
        print(json.dumps(asdict(progress)), file=sys.stderr, flush=True)
