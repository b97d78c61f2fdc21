"""How evacuations stand, as metrics in the text format of Prometheus. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from wharfinger.maintenance import metric_text
from wharfinger.maintenance.metric_text import Gauge, Labels
from wharfinger.maintenance.node.progress import Report, State

RUNNING: Final = "running"

_STATES: Final = (RUNNING, *map(str, State))


@dataclass(frozen=True, slots=True)
class Standing:
    """How the evacuation of a node stands."""

    node: str
    state: str = RUNNING
    seconds: float = 0.0
    gone: int = 0
    left: int = 0
    held: Mapping[str, int] = field(default_factory=dict)
    """How many pods cannot go now, by the code of what keeps them."""

    @classmethod
    def at_end(cls, report: Report) -> Standing:
        return cls(
            node=report.node,
            state=str(report.state),
            seconds=report.seconds,
            gone=len(report.gone),
            left=len(report.left),
            held=Counter(str(one.verdict.code) for one in report.left),
        )


def text(standings: Iterable[Standing], *, now: float) -> str:
    """What a file for node_exporter's textfile collector holds."""
    found = sorted(standings, key=lambda one: one.node)
    return metric_text.text(
        "wharfinger_drain",
        (
            Gauge(
                "blocked_pods",
                "Pods that cannot go now, by the reason.",
                [
                    ((("node", one.node), ("reason", reason)), count)
                    for one in found
                    for reason, count in sorted(one.held.items())
                ],
            ),
            Gauge("pods_left", "Pods still to go.", [(_node(one), one.left) for one in found]),
            Gauge("pods_gone", "Pods that went.", [(_node(one), one.gone) for one in found]),
            Gauge(
                "duration_seconds",
                "How long it has taken.",
                [(_node(one), round(one.seconds, 3)) for one in found],
            ),
            Gauge(
                "state",
                "1 for the state that it is in, 0 for the others.",
                [
                    ((*_node(one), ("state", state)), int(one.state == state))
                    for one in found
                    for state in _STATES
                ],
            ),
            Gauge("written_timestamp_seconds", "When this was written.", [((), round(now))]),
        ),
    )


def _node(standing: Standing) -> Labels:
    return (("node", standing.node),)
