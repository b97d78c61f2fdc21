"""Whatever is written, and wherever the log is cut: all views of the cache tell one history."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.watch import Event

CONFIGMAPS = GroupResource("", "configmaps")
State = dict[str, int]

writes = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=40)


def shown(objects: list[Object]) -> State:
    return {obj["metadata"]["name"]: obj["value"] for obj in objects}


def replay(state: State, events: list[Event]) -> State:
    state = dict(state)
    for event in events:
        name = event.key.name
        before = event.previous["value"] if event.previous is not None else None
        assert state.get(name) == before
        if event.deleted:
            del state[name]
        else:
            state[name] = event.object["value"]
    return state


async def write_all(cache: Cache, steps: list[tuple[str, bool]]) -> list[State]:
    """Put or delete each name in turn; return the states that there were, by revision."""
    states: list[State] = [{}]
    for number, (name, puts) in enumerate(steps):
        found = cache.get(CONFIGMAPS, "dock", name)
        if found is None and not puts:
            continue
        expected = int(found["metadata"]["resourceVersion"]) if found is not None else 0
        value = json.dumps({"metadata": {"name": name}, "value": number}).encode()
        await cache.commit(Write(Key(CONFIGMAPS, "dock", name), value if puts else None, expected))
        states.append(dict(states[-1]))
        if puts:
            states[-1][name] = number
        else:
            del states[-1][name]
    return states


async def check(steps: list[tuple[str, bool]], cut: int) -> None:
    store = MemoryStore()
    first = await Cache.open(store)
    states = await write_all(first, steps)
    await store.compact(min(cut, first.revision))
    again = await Cache.open(store)
    kept = (await store.load()).compacted
    for cache, since in ((first, 0), (again, kept)):
        for revision in range(since, cache.revision + 1):
            assert shown(list(cache.list_at(CONFIGMAPS, revision))) == states[revision]
            watch = cache.watch(since=revision)
            events = list(await watch.batch(within=0) or ())
            assert replay(states[revision], events) == states[-1]
        assert shown(list(cache.list(CONFIGMAPS))) == states[-1]


@settings(max_examples=50)
@given(steps=writes, cut=st.integers(0, 40))
def test_lists_and_watches_agree_with_what_was_written(
    steps: list[tuple[str, bool]], cut: int
) -> None:
    asyncio.run(check(steps, cut))
