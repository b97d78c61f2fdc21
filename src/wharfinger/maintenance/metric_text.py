"""The text format of Prometheus, for files that node_exporter's textfile collector reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

Labels = tuple[tuple[str, str], ...]


class Gauge(NamedTuple):
    name: str
    about: str
    values: Iterable[tuple[Labels, float]]


def text(prefix: str, gauges: Iterable[Gauge]) -> str:
    """The whole of a file; the names of its gauges begin with `prefix`."""
    return "".join(f"{line}\n" for gauge in gauges for line in _lines(prefix, gauge))


def _lines(prefix: str, gauge: Gauge) -> Iterator[str]:
    full = f"{prefix}_{gauge.name}"
    yield f"# HELP {full} {gauge.about}"
    yield f"# TYPE {full} gauge"
    for labels, value in gauge.values:
        shown = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels)
        yield f"{full}{f'{{{shown}}}' if shown else ''} {value}"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
