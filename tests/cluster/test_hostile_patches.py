"""
Whatever a patch leaves of an object, of whatever kind, is taken or refused in words.

One field of an object of each kind, or of a part that has its own path, is put to a value that
nobody would write there. There are too many pairs for each run, so each draws its own; a failure
names the seed of the draw.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import runs
from cluster.conftest import World
from e2e import manifests
from wharfinger.cluster.endpoint import Endpoint, Stored
from wharfinger.cluster.kind import Object
from wharfinger.cluster.options import ListOptions, Options
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM
from wharfinger.errors import WharfingerError

SEED: Final = runs.seed()
TRIES: Final = 2000
HOSTILE: Final = (
    *(None, True, 0, -1, 2**64 - 1, 1.5),
    *("", "x", "/", "*", "\0", "9" * 20, "x" * 300),
    *([], [None], ["x", "x"], [[]], [{}, {}]),
    *({}, {"": None}, {"x": None}, {"x": "y"}, {"x": {}}),
)


class Place(NamedTuple):
    """Where an object can be patched."""

    endpoint: Endpoint
    namespace: str
    name: str
    object: Object


async def places(world: World) -> list[Place]:
    await world.project("quay")
    found = []
    for manifest in manifests.of("quay"):
        kind, namespace = manifest.kind, "quay" if manifest.kind.namespaced else ""
        await world.objects.create(kind, namespace, manifest.body, SYSTEM)
        parts = [below for below in kind.subresources if "patch" in below.verbs]
        endpoints = [Stored(world.objects, kind)] + [
            world.endpoints[f"{kind.plural}/{below.name}"]
            if below.kind is not None
            else Stored(world.objects, kind, below.name)
            for below in parts
        ]
        for endpoint in endpoints:
            there = await endpoint.get(SYSTEM, namespace, manifest.name)
            found.append(Place(endpoint, namespace, manifest.name, there))
    for endpoint in world.endpoints.values():
        if "patch" in endpoint.kind.verbs and not endpoint.subresource:
            page = await endpoint.list(SYSTEM, None, ListOptions())
            found += [
                Place(endpoint, one["metadata"].get("namespace", ""), one["metadata"]["name"], one)
                for one in page.items[:1]
            ]
    return found


Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    below = value.items() if isinstance(value, dict) else ()
    for name, one in enumerate(value) if isinstance(value, list) else below:
        yield (*path, name)
        yield from paths(one, (*path, name))


def patches(found: Object, path: Path, value: Any) -> Iterator[tuple[PatchType, Any]]:
    """The ways to put a value there."""
    pointer = "".join(f"/{str(name).replace('~', '~0').replace('/', '~1')}" for name in path)
    yield PatchType.JSON, [{"op": "replace", "path": pointer, "value": value}]
    yield PatchType.JSON, [{"op": "remove", "path": pointer}]
    whole = copy.deepcopy(found)
    at: Any = whole
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    yield PatchType.MERGE, whole
    yield PatchType.STRATEGIC, whole
    if isinstance(whole["metadata"], dict):
        own = {name: one for name, one in whole["metadata"].items() if name != "managedFields"}
        yield PatchType.APPLY, {**whole, "metadata": own}


async def test_every_patch_is_taken_or_refused_in_words(world: World):
    draw = random.Random(SEED)
    everywhere = await places(world)
    before = world.cache.revision
    taken = 0
    for _ in range(TRIES):
        place = draw.choice(everywhere)
        path, value = draw.choice(list(paths(place.object))), draw.choice(HOSTILE)
        way, document = draw.choice(list(patches(place.object, path, value)))
        options = Options(dry_run=True, field_manager="fuzz")
        told = f"WHARF_SEED={SEED}: {way} of {place.name}: {json.dumps(document)}"
        try:
            await place.endpoint.patch(SYSTEM, place.namespace, place.name, way, document, options)
            taken += 1
        except WharfingerError:
            continue
        except Exception as error:
            raise AssertionError(told) from error
    assert 0 < taken < TRIES, f"WHARF_SEED={SEED}"
    assert world.cache.revision == before
