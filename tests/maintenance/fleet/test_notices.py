"""Of each host it is announced how it begins, that it is held, and how it ends: each once."""

from __future__ import annotations

from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.fleet.host_states import HostState, Step, Work
from wharfinger.maintenance.fleet.notices import Announcing
from wharfinger.maintenance.model import Name
from wharfinger.maintenance.node.notices import Notice
from wharfinger.maintenance.node.progress import Kind, Progress

NOTE = Note("ann@harbour", "wharf maintain, run r1", "r1", "")


class Seen:
    def __init__(self) -> None:
        self.told: list[object] = []

    def host(self, state: HostState, progress: Progress | None = None) -> None:
        self.told.append((state, progress))

    def note(self, text: str) -> None:
        self.told.append(text)


def evacuating(kind: Kind, left: int = 2) -> Progress:
    return Progress("pier-1", kind, Name("shop", "web-1"), "budget shop/web lets none go", left)


def test_a_host_is_announced_from_its_evacuation_to_its_end() -> None:
    seen, announced = Seen(), list[Notice]()
    watcher = Announcing(seen, NOTE, announced.append)
    state = HostState("one", "pier-1", Step.CORDONED, doing=Work.EVACUATE)
    for kind in (Kind.EXPLAINED, Kind.CORDONED, Kind.HELD, Kind.HELD, Kind.GONE):
        watcher.host(state, evacuating(kind))
    watcher.host(HostState("one", "pier-1", Step.APPLIED))
    watcher.host(HostState("one", "pier-1", Step.DONE, message="node pier-1 is Ready"))
    watcher.note("paused")

    assert [(one.reason, one.warning) for one in announced] == [
        ("EvacuationStarted", False),
        ("EvacuationHeld", True),
        ("MaintenanceDone", False),
    ]
    assert announced[0].facts["pods"] == 2
    assert announced[2].facts == {"run": "r1", "host": "one", "state": "done"}
    assert announced[2].message == "maintenance of host one: node pier-1 is Ready"
    assert len(seen.told) == 8


def test_a_host_that_fails_is_a_warning() -> None:
    announced = list[Notice]()
    watcher = Announcing(Seen(), NOTE, announced.append)

    watcher.host(HostState("one", "pier-1", Step.FAILED, message="dockerd does not start"))
    watcher.host(HostState("two", "pier-2", Step.SKIPPED, message="it ends blocked"))

    assert [(one.node, one.reason, one.warning) for one in announced] == [
        ("pier-1", "MaintenanceFailed", True),
        ("pier-2", "MaintenanceSkipped", True),
    ]
