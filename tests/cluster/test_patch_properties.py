"""What holds of every document and every patch, whatever they say."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import reduce
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster import patch
from wharfinger.cluster.errors import BadRequest, PatchFailed
from wharfinger.cluster.json_patch import json_patch
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.strategic import strategic
from wharfinger.oci import strict_json

_NAMES = st.sampled_from(["a", "b", "c", "a/b", "~1", "", "0", "-"])
_LEAVES = st.one_of(st.booleans(), st.integers(-2, 2), st.sampled_from(["", "x", "1"]))


def values(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda below: st.one_of(
            st.lists(below, max_size=3), st.dictionaries(_NAMES, below, max_size=3)
        ),
        max_leaves=8,
    )


VALUES: Final = values(_LEAVES)
DOCUMENTS: Final = st.dictionaries(_NAMES, VALUES, max_size=4)
CHANGES: Final = st.dictionaries(_NAMES, values(st.one_of(st.none(), _LEAVES)), max_size=4)


def paths(document: Any, path: str = "") -> list[str]:
    """The pointers to all values in a document."""
    if isinstance(document, dict):
        below = [(name.replace("~", "~0").replace("/", "~1"), document[name]) for name in document]
    elif isinstance(document, list):
        below = [(str(index), value) for index, value in enumerate(document)]
    else:
        below = []
    return [path, *(one for name, value in below for one in paths(value, f"{path}/{name}"))]


def at(document: Any, path: str) -> Any:
    for part in path.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        document = document[int(name) if isinstance(document, list) else name]
    return document


@st.composite
def operations(draw: st.DrawFn) -> tuple[Object, list[Object]]:
    """A document and operations on it, of which many fit and some do not."""
    document = draw(DOCUMENTS)
    pointers = st.one_of(
        st.sampled_from(paths(document)),
        st.builds(lambda path, name: f"{path}/{name}", st.sampled_from(paths(document)), _NAMES),
    )
    operation = st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
            "path": pointers,
            "from": pointers,
            "value": VALUES,
        }
    )
    return document, draw(st.lists(operation, min_size=1, max_size=4))


def difference(old: Any, new: Any) -> Any:
    """The merge patch that makes `new` of `old`."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    gone = dict.fromkeys(old.keys() - new.keys())
    changed = {
        name: difference(old.get(name), value)
        for name, value in new.items()
        if name not in old or old[name] != value or type(old[name]) is not type(value)
    }
    return gone | changed


# JSON patch


def outcome(patched: Callable[[], Any]) -> Any:
    """What is made, or as what kind of error it ends."""
    try:
        return patched()
    except (BadRequest, PatchFailed) as error:
        return type(error)


@given(operations())
def test_a_json_patch_is_applied_as_a_whole_or_not_at_all(drawn: tuple[Object, list[Object]]):
    document, wanted = drawn
    before = copy.deepcopy((document, wanted))

    at_once = outcome(lambda: json_patch(document, wanted))

    def one_by_one() -> Any:
        return reduce(lambda made, operation: json_patch(made, [operation]), wanted, document)

    assert at_once == outcome(one_by_one)
    assert (document, wanted) == before


@given(DOCUMENTS, st.data())
def test_a_test_changes_nothing(document: Object, data: st.DataObject):
    path = data.draw(st.sampled_from(paths(document)))
    operation = {"op": "test", "path": path, "value": at(document, path)}

    assert json_patch(document, [operation]) == document


@given(DOCUMENTS, st.data())
def test_what_is_removed_can_be_added_again(document: Object, data: st.DataObject):
    path = data.draw(st.sampled_from(paths(document)))
    there = {"op": "add", "path": path, "value": at(document, path)}

    assert json_patch(document, [{"op": "remove", "path": path}, there]) == document


@given(DOCUMENTS, VALUES, st.data())
def test_a_replacement_is_found_where_it_was_put(document: Object, value: Any, data: st.DataObject):
    path = data.draw(st.sampled_from(paths(document)))
    replaced = json_patch(document, [{"op": "replace", "path": path, "value": value}])

    assert json_patch(replaced, [{"op": "test", "path": path, "value": value}]) == replaced


# merge patch


@given(DOCUMENTS, DOCUMENTS)
def test_a_difference_makes_one_document_of_the_other(old: Object, new: Object):
    assert patch.merge(old, difference(old, new)) == new


@given(DOCUMENTS, CHANGES)
def test_to_merge_twice_is_to_merge_once(document: Object, change: Object):
    once = patch.merge(document, change)

    assert patch.merge(once, change) == once


# strategic merge patch


@given(DOCUMENTS, CHANGES)
def test_what_has_no_schema_is_merged_in_the_plain_way(document: Object, change: Object):
    assert strategic(document, change, {}) == patch.merge(document, change)


_ENV = st.fixed_dictionaries({"name": st.sampled_from("ab")}, optional={"value": _LEAVES})
_PORT = st.fixed_dictionaries(
    {"containerPort": st.sampled_from([53, 80])},
    optional={"protocol": st.sampled_from(["TCP", "UDP"])},
)
_CONTAINER = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")},
    optional={
        "image": st.sampled_from("xy"),
        "args": st.lists(st.sampled_from("xy"), max_size=2),
        "env": st.lists(_ENV, max_size=3),
        "ports": st.lists(_PORT, max_size=3),
    },
)
PODS: Final = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "finalizers": st.lists(st.sampled_from("xyz"), max_size=3, unique=True),
                "labels": st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")),
            },
        ),
        "spec": st.fixed_dictionaries({"containers": st.lists(_CONTAINER, max_size=3)}),
    },
)


@given(PODS)
def test_an_empty_strategic_patch_changes_nothing(pod: Object):
    assert strategic(pod, {}, POD.schema) == pod


@given(PODS, PODS)
def test_to_merge_strategically_twice_is_to_do_it_once(pod: Object, change: Object):
    once = strategic(pod, change, POD.schema)

    assert strategic(once, change, POD.schema) == once


@given(PODS, PODS)
def test_a_strategic_patch_of_one_container_leaves_the_others(pod: Object, change: Object):
    found = pod.get("spec", {}).get("containers", [])
    named = {one["name"] for one in change.get("spec", {}).get("containers", [])}

    made = strategic(pod, change, POD.schema).get("spec", {}).get("containers", [])

    assert [one for one in found if one["name"] not in named] == [
        one for one in made if one["name"] not in named
    ]
    assert named <= {one["name"] for one in made}


# all of them


@given(PODS, PODS, st.sampled_from([PatchType.MERGE, PatchType.STRATEGIC]))
def test_neither_document_nor_patch_is_touched(pod: Object, change: Object, way: PatchType):
    before = copy.deepcopy((pod, change))

    patch.apply(way, pod, change, POD.schema)

    assert (pod, change) == before


def test_nothing_gets_deeper_than_its_deepest_part():
    deep: Any = "x"
    for _ in range(strict_json.MAX_DEPTH - 1):
        deep = {"a": deep}

    for way in (PatchType.MERGE, PatchType.STRATEGIC):
        made = patch.apply(way, {"spec": deep}, {"spec": deep}, {})
        assert not strict_json.nests_deeper(made, strict_json.MAX_DEPTH)


@pytest.mark.parametrize("way", [PatchType.MERGE, PatchType.STRATEGIC])
def test_long_lists_are_merged_by_their_keys(way: PatchType):
    many = [{"name": f"c{number}", "image": "x"} for number in range(5000)]
    change = [{"name": one["name"], "image": "y"} for one in reversed(many)]

    made = patch.apply(
        way, {"spec": {"containers": many}}, {"spec": {"containers": change}}, POD.schema
    )

    order = [one["name"] for one in made["spec"]["containers"]]
    assert order == [one["name"] for one in (many if way is PatchType.STRATEGIC else change)]
    assert {one["image"] for one in made["spec"]["containers"]} == {"y"}
