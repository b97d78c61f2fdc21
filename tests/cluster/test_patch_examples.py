"""
The examples that the specifications of the patch types give.

JSON patch: RFC 6902, appendix A. Merge patch: RFC 7386, appendix A. Strategic merge patch: the
directives that Kubernetes documents, on the kinds that it shows them with. Server-side apply: its
reference page, through the objects that are stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from wharfinger.cluster import patch
from wharfinger.cluster.admission import NamespaceLifecycle
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ApplyConflict, PatchFailed
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds import CONFIG_MAP, NAMESPACE
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.workloads.deployment import DEPLOYMENT
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM
from wharfinger.oci import strict_json
from wharfinger.oci.errors import InvalidJson

JSON_PATCHES: Final = {
    "A.1 an object member is added": (
        '{"foo": "bar"}',
        '[{"op": "add", "path": "/baz", "value": "qux"}]',
        '{"baz": "qux", "foo": "bar"}',
    ),
    "A.2 an array element is added": (
        '{"foo": ["bar", "baz"]}',
        '[{"op": "add", "path": "/foo/1", "value": "qux"}]',
        '{"foo": ["bar", "qux", "baz"]}',
    ),
    "A.3 an object member is removed": (
        '{"baz": "qux", "foo": "bar"}',
        '[{"op": "remove", "path": "/baz"}]',
        '{"foo": "bar"}',
    ),
    "A.4 an array element is removed": (
        '{"foo": ["bar", "qux", "baz"]}',
        '[{"op": "remove", "path": "/foo/1"}]',
        '{"foo": ["bar", "baz"]}',
    ),
    "A.5 a value is replaced": (
        '{"baz": "qux", "foo": "bar"}',
        '[{"op": "replace", "path": "/baz", "value": "boo"}]',
        '{"baz": "boo", "foo": "bar"}',
    ),
    "A.6 a value is moved": (
        '{"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}',
        '[{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]',
        '{"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}',
    ),
    "A.7 an array element is moved": (
        '{"foo": ["all", "grass", "cows", "eat"]}',
        '[{"op": "move", "from": "/foo/1", "path": "/foo/3"}]',
        '{"foo": ["all", "cows", "eat", "grass"]}',
    ),
    "A.8 values are tested": (
        '{"baz": "qux", "foo": ["a", 2, "c"]}',
        """[{"op": "test", "path": "/baz", "value": "qux"},
            {"op": "test", "path": "/foo/1", "value": 2}]""",
        '{"baz": "qux", "foo": ["a", 2, "c"]}',
    ),
    "A.10 a nested object member is added": (
        '{"foo": "bar"}',
        '[{"op": "add", "path": "/child", "value": {"grandchild": {}}}]',
        '{"foo": "bar", "child": {"grandchild": {}}}',
    ),
    "A.11 unknown elements are ignored": (
        '{"foo": "bar"}',
        '[{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]',
        '{"foo": "bar", "baz": "qux"}',
    ),
    "A.14 a tilde is escaped before a slash": (
        '{"/": 9, "~1": 10}',
        '[{"op": "test", "path": "/~01", "value": 10}]',
        '{"/": 9, "~1": 10}',
    ),
    "A.16 an array is added as one value": (
        '{"foo": ["bar"]}',
        '[{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]',
        '{"foo": ["bar", ["abc", "def"]]}',
    ),
}
FAILING: Final = {
    "A.9 a test that fails": (
        '{"baz": "qux"}',
        '[{"op": "test", "path": "/baz", "value": "bar"}]',
    ),
    "A.12 a member of what is not there": (
        '{"foo": "bar"}',
        '[{"op": "add", "path": "/baz/bat", "value": "qux"}]',
    ),
    "A.15 a text that looks like a number": (
        '{"/": 9, "~1": 10}',
        '[{"op": "test", "path": "/~01", "value": "10"}]',
    ),
}
OP_TWICE: Final = b'[{"op": "add", "path": "/baz", "value": "qux", "op": "remove"}]'  # A.13

MERGE_PATCHES: Final = (
    ('{"a": "b"}', '{"a": "c"}', '{"a": "c"}'),
    ('{"a": "b"}', '{"b": "c"}', '{"a": "b", "b": "c"}'),
    ('{"a": "b"}', '{"a": null}', "{}"),
    ('{"a": "b", "b": "c"}', '{"a": null}', '{"b": "c"}'),
    ('{"a": ["b"]}', '{"a": "c"}', '{"a": "c"}'),
    ('{"a": "c"}', '{"a": ["b"]}', '{"a": ["b"]}'),
    ('{"a": {"b": "c"}}', '{"a": {"b": "d", "c": null}}', '{"a": {"b": "d"}}'),
    ('{"a": [{"b": "c"}]}', '{"a": [1]}', '{"a": [1]}'),
    ('["a", "b"]', '["c", "d"]', '["c", "d"]'),
    ('{"a": "b"}', '["c"]', '["c"]'),
    ('{"a": "foo"}', "null", "null"),
    ('{"a": "foo"}', '"bar"', '"bar"'),
    ('{"e": null}', '{"a": 1}', '{"e": null, "a": 1}'),
    ("[1, 2]", '{"a": "b", "c": null}', '{"a": "b"}'),
    ("{}", '{"a": {"bb": {"ccc": null}}}', '{"a": {"bb": {}}}'),
)


def value(text: str) -> Any:
    return strict_json.decode(text.encode())


@pytest.mark.parametrize(("document", "change", "result"), JSON_PATCHES.values(), ids=JSON_PATCHES)
def test_json_patches(document: str, change: str, result: str):
    made = patch.apply(PatchType.JSON, value(document), value(change), {})

    assert made == value(result)


@pytest.mark.parametrize(("document", "change"), FAILING.values(), ids=FAILING)
def test_json_patches_that_fail(document: str, change: str):
    with pytest.raises(PatchFailed):
        patch.apply(PatchType.JSON, value(document), value(change), {})


def test_an_operation_with_two_names_is_not_read():
    with pytest.raises(InvalidJson):
        strict_json.decode(OP_TWICE)


@pytest.mark.parametrize(("document", "change", "result"), MERGE_PATCHES)
def test_merge_patches(document: str, change: str, result: str):
    assert patch.merge(value(document), value(change)) == value(result)


# strategic merge patch

NGINX: Final = {"name": "nginx", "image": "nginx-1.0"}
TAILER: Final = {"name": "log-tailer", "image": "log-tailer-1.0"}


def containers(*found: Object) -> Object:
    return {"spec": {"containers": list(found)}}


def metadata(**fields: Any) -> Object:
    return {"metadata": fields}


def strategy(**fields: Any) -> Object:
    return {"spec": {"strategy": fields}}


@pytest.mark.parametrize(
    ("pod", "change", "result"),
    [
        (containers(NGINX), containers(TAILER), containers(NGINX, TAILER)),
        (
            containers(NGINX, TAILER),
            containers({**NGINX, "image": "nginx-1.1"}, {"$patch": "delete", "name": "log-tailer"}),
            containers({**NGINX, "image": "nginx-1.1"}),
        ),
        (containers(TAILER), containers(NGINX, {"$patch": "replace"}), containers(NGINX)),
        (
            containers(TAILER),
            {"spec": {"$patch": "replace", "containers": [NGINX]}},
            containers(NGINX),
        ),
        (
            metadata(finalizers=["a", "b", "c"]),
            metadata(**{"$deleteFromPrimitiveList/finalizers": ["b", "c"]}),
            metadata(finalizers=["a"]),
        ),
        (
            metadata(finalizers=["a", "b", "c", "b"]),
            metadata(**{"$deleteFromPrimitiveList/finalizers": ["b"]}),
            metadata(finalizers=["a", "c"]),
        ),
        (
            metadata(finalizers=["a", "b", "c"]),
            metadata(**{"$setElementOrder/finalizers": ["b", "c", "a"]}),
            metadata(finalizers=["b", "c", "a"]),
        ),
        (
            containers({"name": "a"}, {"name": "b"}, {"name": "c"}),
            {"spec": {"$setElementOrder/containers": [{"name": n} for n in "bca"]}},
            containers({"name": "b"}, {"name": "c"}, {"name": "a"}),
        ),
        (  # a list without a merge key is replaced
            containers({**NGINX, "args": ["-g", "x"]}),
            containers({"name": "nginx", "args": ["-v"]}),
            containers({**NGINX, "args": ["-v"]}),
        ),
    ],
)
def test_strategic_patches_of_a_pod(pod: Object, change: Object, result: Object):
    assert patch.apply(PatchType.STRATEGIC, pod, change, POD.schema) == result


@pytest.mark.parametrize(
    ("change", "result"),
    [
        (
            strategy(**{"$retainKeys": ["type"], "type": "Recreate"}),
            strategy(type="Recreate"),
        ),
        (
            strategy(rollingUpdate=None),
            strategy(type="RollingUpdate"),
        ),
        (
            strategy(rollingUpdate={"$patch": "delete"}),
            strategy(type="RollingUpdate", rollingUpdate={}),
        ),
        (
            strategy(rollingUpdate={"$patch": "replace", "maxUnavailable": 1}),
            strategy(type="RollingUpdate", rollingUpdate={"maxUnavailable": 1}),
        ),
    ],
)
def test_strategic_patches_of_a_deployment(change: Object, result: Object):
    deployment = strategy(type="RollingUpdate", rollingUpdate={"maxSurge": "30%"})

    assert patch.apply(PatchType.STRATEGIC, deployment, change, DEPLOYMENT.schema) == result


# server-side apply


@pytest.fixture
async def objects() -> AsyncIterator[Objects]:
    cache = await Cache.open(MemoryStore())
    objects = Objects(cache, (NamespaceLifecycle(cache),))
    await objects.create(NAMESPACE, "", {"metadata": {"name": "dock"}}, SYSTEM)
    yield objects
    await cache.close()


async def apply(
    objects: Objects, manager: str, data: dict[str, str], *, force: bool = False
) -> Object:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}
    options = Options(field_manager=manager, force=force)
    return await objects.patch(CONFIG_MAP, "dock", "a", PatchType.APPLY, config, SYSTEM, options)


def owned(obj: Object) -> dict[str, list[str]]:
    """The keys of `data` that each manager has."""
    return {
        one["manager"]: sorted(one["fieldsV1"].get("f:data", {}))
        for one in obj["metadata"]["managedFields"]
    }


async def test_what_another_applies_otherwise_is_a_conflict_that_changes_nothing(objects: Objects):
    before = await apply(objects, "one", {"key": "some value"})

    with pytest.raises(ApplyConflict) as conflict:
        await apply(objects, "two", {"key": "a different value", "more": "x"})

    assert [cause.field for cause in conflict.value.causes] == [".data.key"]
    assert objects.get(CONFIG_MAP, "dock", "a") == before


async def test_force_takes_the_value_and_the_field(objects: Objects):
    await apply(objects, "one", {"key": "some value", "own": "x"})

    forced = await apply(objects, "two", {"key": "a different value"}, force=True)

    assert forced["data"] == {"key": "a different value", "own": "x"}
    assert owned(forced) == {"one": ["f:own"], "two": ["f:key"]}


async def test_who_gives_up_a_field_that_another_shares_leaves_its_value(objects: Objects):
    await apply(objects, "one", {"key": "v", "own": "x"})
    await apply(objects, "two", {"key": "v"})

    given_up = await apply(objects, "one", {"own": "x"})
    gone = await apply(objects, "two", {})

    assert (given_up["data"], owned(given_up)) == (
        {"key": "v", "own": "x"},
        {"one": ["f:own"], "two": ["f:key"]},
    )
    assert (gone["data"], owned(gone)) == ({"own": "x"}, {"one": ["f:own"], "two": []})


async def test_what_is_patched_by_hand_is_the_hands(objects: Objects):
    await apply(objects, "one", {"key": "v"})
    change = {"data": {"key": "w"}}
    by_hand = Options(field_manager="hand")
    await objects.patch(CONFIG_MAP, "dock", "a", PatchType.MERGE, change, SYSTEM, by_hand)

    with pytest.raises(ApplyConflict):
        await apply(objects, "one", {"key": "v"})

    forced = await apply(objects, "one", {"key": "v"}, force=True)
    assert (forced["data"], owned(forced)) == ({"key": "v"}, {"one": ["f:key"]})
