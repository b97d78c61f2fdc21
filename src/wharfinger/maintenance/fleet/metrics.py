"""How far a run over a fleet is, as metrics in the text format of Prometheus. Pure but for whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wharfinger.maintenance import metric_text
from wharfinger.maintenance.fleet.host_states import HostState, Step
from wharfinger.maintenance.fleet.parts import Watcher
from wharfinger.maintenance.metric_text import Gauge, Labels
from wharfinger.maintenance.node.progress import Progress


class Measuring:
    """A `Watcher` that passes all on, and has a new text written when a host has got on."""

    def __init__(
        self, watcher: Watcher, write: Callable[[str], None], now: Callable[[], float]
    ) -> None:
        self._watcher, self._write, self._now = watcher, write, now
        self._states: dict[str, HostState] = {}
        self._left: dict[str, int] = {}

    def host(self, state: HostState, progress: Progress | None = None) -> None:
        self._watcher.host(state, progress)
        self._states[state.host] = state
        if progress is not None:
            self._left[state.host] = progress.left
        self._write(text(self._states.values(), self._left, now=self._now()))

    def note(self, text: str) -> None:
        self._watcher.note(text)


def text(states: Iterable[HostState], left: dict[str, int], *, now: float) -> str:
    """What the file holds; `left` are the pods that are still to go, by host."""
    found = sorted(states, key=lambda one: one.host)
    return metric_text.text(
        "wharfinger_maintenance",
        (
            Gauge(
                "phase",
                "1 for what the host has reached, 0 for the others.",
                [
                    ((*_host(one), ("phase", str(step))), int(one.step is step))
                    for one in found
                    for step in Step
                ],
            ),
            Gauge(
                "cordoned",
                "Whether the node may have a cordon of this run.",
                [(_host(one), int(one.cordoned)) for one in found],
            ),
            Gauge(
                "pods_left",
                "Pods still to go.",
                [(_host(one), left[one.host]) for one in found if one.host in left],
            ),
            Gauge("written_timestamp_seconds", "When this was written.", [((), round(now))]),
        ),
    )


def _host(state: HostState) -> Labels:
    return (("host", state.host), ("node", state.node))
