"""
What the host program does for storage, by its word; see `on_host.command`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from wharfinger.errors import BadInput
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import facts, outcomes, reading, run, steps
from wharfinger.hosts.on_host.storage.outcomes import Progress


class NoOrder(BadInput):
    """What was given is no storage order."""

    code = "invalid-order"


def answer(word: str, machine: Machine, *, order: Any, number: str | None) -> Any:
    """What the word asks for, as JSON. `order` is the document of an order, `number` names one."""
    return _ANSWERS[word](machine, order, number)


def _facts(machine: Machine, _: Any, __: str | None) -> Any:
    return facts.to_json(reading.read_storage(machine))


def _apply(machine: Machine, order: Any, _: str | None) -> Any:
    try:
        wanted = steps.from_json(order)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoOrder("cannot read the storage order") from None
    return outcomes.to_json(run.apply(wanted, machine, say=_say))


def _resume(machine: Machine, _: Any, __: str | None) -> Any:
    outcome = run.resume(machine, say=_say)
    return None if outcome is None else outcomes.to_json(outcome)


def _undo(machine: Machine, _: Any, number: str | None) -> Any:
    return outcomes.to_json(run.undo(machine, number, say=_say))


def _history(machine: Machine, _: Any, __: str | None) -> Any:
    return [outcomes.to_json(one) for one in run.history(machine)]


def _release(machine: Machine, _: Any, number: str | None) -> Any:
    return outcomes.to_json(run.release(machine, number or "", say=_say))


_ANSWERS: Final[Mapping[str, Callable[[Machine, Any, str | None], Any]]] = {
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
