"""How evacuations stand, as metrics in the text format of Prometheus. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from wharfinger.maintenance.node.progress import Report, State

RUNNING: Final = "running"

_STATES: Final = (RUNNING, *map(str, State))
_Labels = tuple[tuple[str, str], ...]


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
    families: tuple[tuple[str, str, list[tuple[_Labels, float]]], ...] = (
        (
            "blocked_pods",
            "Pods that cannot go now, by the reason.",
            [
                ((("node", one.node), ("reason", reason)), count)
                for one in found
                for reason, count in sorted(one.held.items())
            ],
        ),
        ("pods_left", "Pods still to go.", [((("node", one.node),), one.left) for one in found]),
        ("pods_gone", "Pods that went.", [((("node", one.node),), one.gone) for one in found]),
        (
            "duration_seconds",
            "How long it has taken.",
            [((("node", one.node),), round(one.seconds, 3)) for one in found],
        ),
        (
            "state",
            "1 for the state that it is in, 0 for the others.",
            [
                ((("node", one.node), ("state", state)), int(one.state == state))
                for one in found
                for state in _STATES
            ],
        ),
        ("written_timestamp_seconds", "When this was written.", [((), round(now))]),
    )
    return "".join(f"{line}\n" for family in families for line in _family(*family))


def _family(name: str, about: str, values: Iterable[tuple[_Labels, float]]) -> Iterator[str]:
    full = f"wharfinger_drain_{name}"
    yield f"# HELP {full} {about}"
    yield f"# TYPE {full} gauge"
    for labels, value in values:
        shown = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels)
        yield f"{full}{f'{{{shown}}}' if shown else ''} {value}"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
