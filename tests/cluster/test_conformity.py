"""What is in order is told at once, and never otherwise than `schema` tells it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster import conformity, schema
from wharfinger.cluster.kinds import ALL, CONFIG_MAP, POD, SECRET
from wharfinger.cluster.kinds.shapes import anything

META = {"name": "a", "labels": {"x": "y"}, "creationTimestamp": "2026-01-01T00:00:00Z"}
IN_ORDER = (
    (CONFIG_MAP, {"metadata": META, "data": {"k": "v"}, "immutable": True}),
    (SECRET, {"metadata": META, "data": {"k": "dg=="}}),
    (
        POD,
        {
            "metadata": {**META, "managedFields": [{"fieldsV1": {"f:spec": {"a": None}}}]},
            "spec": {
                "containers": [
                    {
                        "name": "a",
                        "ports": [{"containerPort": 80}],
                        "readinessProbe": {"httpGet": {"port": 80}},
                        "livenessProbe": {"httpGet": {"port": "web"}},
                        "resources": {"limits": {"cpu": "500m"}},
                    }
                ]
            },
        },
    ),
)


def described(wanted: schema.Schema, depth: int = 4) -> st.SearchStrategy[Any]:
    """Values that are mostly as a schema has them, and sometimes not."""
    odd = st.sampled_from([None, True, 0, 1 << 40, 1.5, "", "x", "0.5", "1", [], {}, {"x": None}])
    match wanted.get("type"):
        case "object" if depth:
            names = sorted(wanted.get("properties", {}))[:8]
            fields = {one: described(wanted["properties"][one], depth - 1) for one in names}
            known = st.fixed_dictionaries({}, optional=fields)
            rest = described(wanted.get("additionalProperties", {}), depth - 1)
            more = st.dictionaries(st.sampled_from(["x", "y"]), rest, max_size=1)
            return st.one_of(known, st.builds(lambda one, two: {**one, **two}, known, more), odd)
        case "array" if depth:
            return st.lists(described(wanted["items"], depth - 1), max_size=2) | odd
        case "string":
            return st.sampled_from(["a", "500m", "dg==", "2026-01-01T00:00:00Z"]) | odd
        case "integer":
            return st.integers(-3, 3) | odd
        case "boolean":
            return st.booleans() | odd
    return odd


@pytest.mark.parametrize(("kind", "obj"), IN_ORDER, ids=lambda one: getattr(one, "kind", ""))
def test_what_clients_send_is_known_to_be_in_order_at_once(kind: Any, obj: dict[str, Any]):
    assert conformity.conforms(kind.schema, obj)


@pytest.mark.parametrize(
    "obj",
    [
        {"data": {"k": 1}},
        {"data": {"k": None}},
        {"immutable": 1},
        {"spec": {}},
        {"metadata": {"generation": True}},
        {"metadata": {"generation": 1 << 63}},
        {"metadata": {"creationTimestamp": "yesterday"}},
        {"metadata": {"finalizers": [None]}},
        {"metadata": None},
        [],
    ],
)
def test_what_needs_a_look_is_left_to_it(obj: Any):
    assert not conformity.conforms(CONFIG_MAP.schema, obj)


def test_an_amount_that_is_to_be_written_otherwise_is_not_in_order():
    pod = {"spec": {"overhead": {"cpu": "0.5"}}}

    assert not conformity.conforms(POD.schema, pod)
    schema.prune(POD, pod)
    assert conformity.conforms(POD.schema, pod)


def test_of_a_field_for_anything_anything_is_in_order():
    wanted = anything("Whatever it is.")

    assert conformity.conforms(wanted, {"a": [None, {"b": None}]})
    assert not conformity.conforms(wanted, "text")


@given(st.data())
def test_nothing_is_found_and_nothing_changed_where_all_is_in_order(data: st.DataObject):
    kind = data.draw(st.sampled_from(ALL))
    obj = data.draw(described(kind.schema))
    if not isinstance(obj, dict) or not conformity.conforms(kind.schema, obj):
        return

    before = copy.deepcopy(obj)
    assert schema.validate(kind, obj) == ((), ())
    schema.prune(kind, obj)
    assert obj == before
