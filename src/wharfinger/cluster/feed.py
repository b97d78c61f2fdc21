"""
What one client of a watch is told: typed events, through its selector.

An object that begins to match is ADDED for this client and one that ceases to is DELETED,
whatever happened to the object itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.options import WatchOptions
from wharfinger.cluster.paging import parse_revision, require_reached
from wharfinger.cluster.selector import Selector
from wharfinger.cluster.states import State
from wharfinger.cluster.watch import Event, Watch

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class WatchEvent:
    type: str  # ADDED, MODIFIED, DELETED, BOOKMARK
    content: Object | State

    @property
    def object(self) -> Object:
        return self.content.object if isinstance(self.content, State) else self.content

    @property
    def json(self) -> Object | msgspec.Raw:
        """The object in a form that can be encoded: as it is kept, if it is."""
        return self.content.json if isinstance(self.content, State) else self.content


class Feed(Protocol):
    """What the server streams to one client."""

    @property
    def revision(self) -> int:
        """All up to here has been told; a bookmark says so."""
        ...

    async def batch(self, within: float | None = None) -> Sequence[WatchEvent] | None:
        """The next events; none if `within` seconds pass first; None at the end.

        Raises `Expired` when the client has fallen behind what is kept.
        """
        ...


class SelectedFeed:
    """Begins with `initial`, then follows `watch`."""

    def __init__(self, watch: Watch, selector: Selector, initial: Sequence[WatchEvent]) -> None:
        self._watch = watch
        self._selector = selector
        self._initial = initial

    @property
    def revision(self) -> int:
        return self._watch.revision

    async def batch(self, within: float | None = None) -> Sequence[WatchEvent] | None:
        if self._initial:
            initial, self._initial = self._initial, ()
            return initial
        events = await self._watch.batch(within)
        return events if events is None else list(translate(events, self._selector))


def follow(cache: Cache, kind: Kind, namespace: str | None, options: WatchOptions) -> SelectedFeed:
    """Begin where `options` says; raise `Expired` if that is forgotten."""
    asked = parse_revision(options.resource_version or "0")
    initial = options.initial_events if options.initial_events is not None else asked == 0
    if not initial:
        watch = cache.watch(kind.resource, namespace, since=asked or None)
        return SelectedFeed(watch, options.selector, ())
    require_reached(cache, options.resource_version)
    watch = cache.watch(kind.resource, namespace)
    present = cache.list(kind.resource, namespace)
    if options.selector:
        present = present.where(options.selector.matches)
    events = [WatchEvent("ADDED", state) for state in present.states]
    if options.tells_end:
        events.append(WatchEvent("BOOKMARK", bookmark(kind, watch.revision, ends_initial=True)))
    return SelectedFeed(watch, options.selector, events)


def translate(events: Sequence[Event], selector: Selector) -> Iterator[WatchEvent]:
    for event in events:
        was = event.before is not None and _selects(selector, event.before)
        now = not event.deleted and _selects(selector, event.state)
        if now:
            yield WatchEvent("MODIFIED" if was else "ADDED", event.state)
        elif was:
            yield WatchEvent("DELETED", _last_seen(event))


def bookmark(kind: Kind, revision: int, *, ends_initial: bool = False) -> Object:
    metadata: Object = {"resourceVersion": str(revision)}
    if ends_initial:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    return {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}


def _selects(selector: Selector, state: State) -> bool:
    """Most watches are of everything, and then nothing is decoded."""
    return not selector or selector.matches(state.object)


def _last_seen(event: Event) -> State:
    """The last state that matched, at the revision at which it ceased to."""
    assert event.before is not None
    return event.before.at(event.revision)
