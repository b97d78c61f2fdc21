from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster.apply import fieldset
from wharfinger.cluster.apply.fieldset import InvalidSet

Paths = frozenset[tuple[str, ...]]

ELEMENTS = ("f:a", "f:b", 'k:{"name":"x"}', 'v:"x"', "i:0")
PATHS = st.frozensets(
    st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=4).map(tuple), max_size=8
)


def made(paths: Paths) -> Any:
    """A set of these paths, in the one form that it has."""
    result: dict[str, Any] = {}
    for path in paths:
        below = result
        for element in path:
            below = below.setdefault(element, {})
        below["."] = {}
    return fieldset.parse(result)


def read(fields: Any) -> Paths:
    return frozenset(fieldset.paths(fields))


@given(PATHS)
def test_a_set_has_the_paths_it_was_made_of(paths: Paths):
    assert read(made(paths)) == paths


@given(PATHS, PATHS)
def test_operations_are_those_of_sets_of_paths(one: Paths, other: Paths):
    assert fieldset.union(made(one), made(other)) == made(one | other)
    assert fieldset.difference(made(one), made(other)) == made(one - other)
    assert fieldset.intersection(made(one), made(other)) == made(one & other)


@given(PATHS, PATHS)
def test_operations_leave_their_operands_alone(one: Paths, other: Paths):
    left, right = made(one), made(other)

    fieldset.union(left, right)
    fieldset.difference(left, right)
    fieldset.intersection(left, right)

    assert (left, right) == (made(one), made(other))


@given(PATHS)
def test_what_is_written_can_be_read(paths: Paths):
    assert fieldset.parse(made(paths)) == made(paths)


def test_paths_of_one_level_come_before_those_below():
    fields = {"f:b": {".": {}, "f:c": {}}, "f:a": {"f:z": {}}, "i:1": {}, 'k:{"n":1}': {}}

    assert list(fieldset.paths(fields)) == [
        ("f:b",),
        ('k:{"n":1}',),
        ("i:1",),
        ("f:a", "f:z"),
        ("f:b", "f:c"),
    ]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("f:spec", "f:replicas"), ".spec.replicas"),
        (("f:c", 'k:{"name":"app"}', "f:image"), '.c[name="app"].image'),
        (("f:p", 'k:{"containerPort":80,"protocol":"TCP"}'), '.p[containerPort=80,protocol="TCP"]'),
        (("f:finalizers", 'v:"a/b"'), '.finalizers[="a/b"]'),
        (("f:l", "i:3"), ".l[3]"),
    ],
)
def test_paths_are_told_as_kubectl_shows_them(path: tuple[str, ...], told: str):
    assert fieldset.told(path) == told


def test_one_spelling_is_kept_of_what_clients_write():
    written = {
        'k:{"protocol": "TCP", "containerPort": 80}': {".": {}},
        "f:a": {".": {}, "f:b": {".": {}}},
        "f:gone": {"f:empty": {"f:": {}}},
        ".": {},
    }

    assert fieldset.parse(written) == {
        'k:{"containerPort":80,"protocol":"TCP"}': {},
        "f:a": {".": {}, "f:b": {}},
        "f:gone": {"f:empty": {"f:": {}}},
    }


@pytest.mark.parametrize(
    "value",
    [
        [],
        "f:a",
        None,
        {"a": {}},
        {"": {}},
        {"f": {}},
        {"x:a": {}},
        {"f:a": []},
        {"f:a": {"b": {}}},
        {"k:": {}},
        {"k:[]": {}},
        {"k:{": {}},
        {"v:": {}},
        {"v:" + "[" * 100_000: {}},
        {"i:x": {}},
        {"i:true": {}},
    ],
)
def test_what_is_no_set_is_refused(value: Any):
    with pytest.raises(InvalidSet):
        fieldset.parse(value)
