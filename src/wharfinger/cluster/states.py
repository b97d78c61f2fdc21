"""
Objects as they are kept in memory: the bytes of the store, decoded when somebody looks.

A decoded pod takes about eight times the memory of its JSON, and thousands of them make each pause of
the garbage collector long. What is looked at again and again (accounts, roles, namespaces) stays
decoded for a while; a list or a watch that shows objects as they are needs no decoding at all, since
the bytes need only their revision put in. docs/decisions/objects-as-bytes.md has what was measured.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Self, overload

import msgspec

from wharfinger.cluster.kind import Object

DECODED_BYTES: Final = 4 << 20
"""How much JSON is kept decoded besides; in memory it is a multiple of that."""

_METADATA: Final = re.compile(rb'\{"apiVersion":"[^"\\]*","kind":"[^"\\]*","metadata":\{(?=")')
"""How `encode` begins an object; its metadata has at least a name."""


def encode(obj: Object) -> bytes:
    """As the store keeps it: without its revision, which the store knows, and metadata first, so
    that the revision can be put in without reading the rest."""
    metadata = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
    first = {name: obj[name] for name in ("apiVersion", "kind") if name in obj}
    return msgspec.json.encode({**first, "metadata": metadata, **_rest(obj)})


class Recent:
    """The states that were decoded last, until their JSON exceeds `limit`; the oldest goes first.

    What is used all the time is decoded anew once in a while: that costs less than to note each use.
    """

    def __init__(self, limit: int = DECODED_BYTES) -> None:
        self._limit = limit
        self._bytes = 0
        self._states: deque[tuple[State, int]] = deque()

    def add(self, state: State, size: int) -> None:
        self._states.append((state, size))
        self._bytes += size
        while self._bytes > self._limit:
            oldest, size = self._states.popleft()
            oldest.forget()
            self._bytes -= size


class State:
    """What an object was from one revision on. All that it hands out is shared: never mutate it."""

    __slots__ = ("_decoded", "_recent", "_value", "revision")

    def __init__(self, revision: int, value: bytes, recent: Recent) -> None:
        """`value` is the JSON as the store has it."""
        self.revision = revision
        self._value = value
        self._recent = recent
        self._decoded: Object | None = None

    @property
    def object(self) -> Object:
        if self._decoded is not None:
            return self._decoded
        obj = self._decode()
        self._decoded = obj
        self._recent.add(self, len(self._value))
        return obj

    @property
    def json(self) -> msgspec.Raw:
        """The same as `object`, encoded.

        Made each time, 2 µs: kept, the longer bytes fit into no gap that the shorter ones leave, and
        a list of 20,000 pods in pages took 110 MiB for good.
        """
        match = _METADATA.match(self._value)
        if match is None:  # from before `encode` had an order
            return msgspec.Raw(msgspec.json.encode(self._decode()))
        start = match.end()
        revision = b'"resourceVersion":"%d",' % self.revision
        return msgspec.Raw(b"".join((self._value[:start], revision, self._value[start:])))

    def at(self, revision: int) -> State:
        """The same object, told of at another revision."""
        return State(revision, self._value, self._recent)

    def forget(self) -> None:
        """Keep the bytes only."""
        self._decoded = None

    def _decode(self) -> Object:
        obj: Object = msgspec.json.decode(self._value)
        obj["metadata"]["resourceVersion"] = str(self.revision)
        return obj


class States(Sequence[Object]):
    """Objects in order, each decoded when it is looked at."""

    def __init__(self, states: Sequence[State] = ()) -> None:
        self.states = states

    def __len__(self) -> int:
        return len(self.states)

    @overload
    def __getitem__(self, index: int) -> Object: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> Object | Self:
        if isinstance(index, slice):
            return type(self)(self.states[index])
        return self.states[index].object

    def __iter__(self) -> Iterator[Object]:
        return (state.object for state in self.states)

    @property
    def json(self) -> list[msgspec.Raw]:
        return [state.json for state in self.states]

    def where(self, wanted: Callable[[Object], bool]) -> Self:
        return type(self)([state for state in self.states if wanted(state.object)])


def _rest(obj: Object) -> Object:
    return {
        name: value for name, value in obj.items() if name not in ("apiVersion", "kind", "metadata")
    }
