"""What of a run over a fleet is worth an Event on the node, or a word to a webhook. Pure but for whom it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.fleet.host_states import HostState, Step
from wharfinger.maintenance.fleet.parts import Watcher
from wharfinger.maintenance.node import notices
from wharfinger.maintenance.node.notices import Notice, Stage
from wharfinger.maintenance.node.progress import Kind, Progress

_REASONS: Final = {
    Step.DONE: "MaintenanceDone",
    Step.FAILED: "MaintenanceFailed",
    Step.SKIPPED: "MaintenanceSkipped",
}


class Announcing:
    """A `Watcher` that passes all on, and announces of each host how it begins, waits and ends."""

    def __init__(self, watcher: Watcher, note: Note, announce: Callable[[Notice], None]) -> None:
        self._watcher, self._note, self._announce = watcher, note, announce
        self._pods: dict[str, int] = {}
        self._held: set[str] = set()

    def host(self, state: HostState, progress: Progress | None = None) -> None:
        self._watcher.host(state, progress)
        notice = self._ended(state) if progress is None else self._evacuating(progress)
        if notice is not None:
            self._announce(notice)

    def note(self, text: str) -> None:
        self._watcher.note(text)

    def _evacuating(self, progress: Progress) -> Notice | None:
        node = progress.node
        match progress.kind:
            case Kind.EXPLAINED:
                self._pods[node] = progress.left
            case Kind.CORDONED | Kind.ALREADY_CORDONED:
                return notices.started(node, self._pods.get(node, 0), self._note)
            case Kind.HELD if node not in self._held:
                self._held.add(node)
                return notices.held(progress)
            case _:
                pass
        return None

    def _ended(self, state: HostState) -> Notice | None:
        reason = _REASONS.get(state.step)
        if reason is None:
            return None
        facts = {"run": self._note.run, "host": state.host, "state": str(state.step)}
        message = f"maintenance of host {state.host}: {state.message or state.step}"
        warning = state.step is not Step.DONE
        return Notice(Stage.ENDED, state.node, reason, message, warning, facts)
