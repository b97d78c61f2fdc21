"""
The fill of a host as metrics, in the text form that node_exporter's textfile collector reads.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.storage import fill as filling
from wharfinger.hosts.on_host.storage.facts import StorageFacts
from wharfinger.hosts.on_host.storage.fill import Fill
from wharfinger.hosts.on_host.storage.forecast import Forecast
from wharfinger.hosts.on_host.storage.troubles import Trouble
from wharfinger.hosts.on_host.tree import Tree

_PREFIX: Final = "wharfinger_storage"
_TAG: Final = "metrics"


@dataclass(frozen=True)
class _Value:
    amount: float
    labels: tuple[tuple[str, str], ...] = ()


def text(
    facts: StorageFacts,
    fills: Sequence[Fill],
    forecasts: Iterable[Forecast],
    troubles: Iterable[Trouble],
    now: float,
) -> str:
    sized = [one for one in fills if one.kind != filling.INODES]
    groups = facts.groups
    warnings = [one for one in troubles if not one.note]
    families = [
        _family("size_bytes", "What fits in.", (_Value(one.size, _of(one)) for one in sized)),
        _family("used_bytes", "What is used of it.", (_Value(one.used, _of(one)) for one in sized)),
        _family(
            "used_ratio", "From 0 to 1.", (_Value(round(one.ratio, 6), _of(one)) for one in fills)
        ),
        _family(
            "full_seconds",
            "How long until it is full at the rate seen; missing where it does not grow.",
            (_Value(one.seconds, _of(one)) for one in forecasts),
        ),
        _family(
            "group_size_bytes",
            "Size of a volume group.",
            (_Value(one.size, (("group", one.name),)) for one in groups),
        ),
        _family(
            "group_free_bytes",
            "What no volume of the group has.",
            (_Value(one.free, (("group", one.name),)) for one in groups),
        ),
        _family(
            "warning",
            "1 for each thing that somebody should look at.",
            (_Value(1, (("code", one.code), ("subject", one.subject))) for one in warnings),
        ),
        _family("looked_timestamp_seconds", "When this was written.", [_Value(now)]),
    ]
    return "".join(line + "\n" for family in families for line in family)


def write(tree: Tree, path: str, content: str) -> None:
    """Put it in the place of the one before, readable by all. Raise `DiskFull` or `NotPrepared`, with
    the one before still there."""
    states.put(tree, [states.file(path, content.encode(), mode=0o644, uid=0, gid=0)], _TAG)


def _of(one: Fill | Forecast) -> tuple[tuple[str, str], ...]:
    return (("kind", one.kind), ("name", one.name))


def _family(name: str, help_text: str, values: Iterable[_Value]) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {help_text}"
    yield f"# TYPE {_PREFIX}_{name} gauge"
    for value in values:
        labels = ",".join(f'{key}="{_escaped(text)}"' for key, text in value.labels)
        yield f"{_PREFIX}_{name}{f'{{{labels}}}' if labels else ''} {value.amount}"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
