"""
Statements that are well-formed each and cannot hold together, as faults at the key that says one.

Only what was read is judged: where a statement is a fault already, or stands there and could not be
read, nothing is said of what it would mean for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from wharfinger.hosts.site.document import Node, below
from wharfinger.hosts.site.faults import Faults
from wharfinger.hosts.site.shapes import Schema, Shape

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clash:
    """`key` says what cannot be meant; `lacks` is the key that would have to stand beside it."""

    key: str
    message: str
    remedy: str | None = None
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Coherent(Generic[T]):
    """A mapping whose keys have to fit together; `clashes` tells those that do not."""

    shape: Shape[T]
    clashes: Callable[[T], Iterable[Clash]]

    def read(self, node: Node, place: str, faults: Faults) -> T | None:
        value = self.shape.read(node, place, faults)
        if value is None or not isinstance(node.value, dict):
            return value
        for one in self.clashes(value):
            if one.lacks not in node.value:
                inner = node.value.get(one.key)
                line = node.line if inner is None else inner.line
                faults.add(line, below(place, one.key), one.message, one.remedy)
        return value

    def schema(self) -> Schema:
        return self.shape.schema()
