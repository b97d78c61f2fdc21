"""What holds of every object and every configuration, with each way of owning fields."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wharfinger.cluster.apply import comparison, fieldset, managers, merging, ownership
from wharfinger.cluster.apply.managers import Managed
from wharfinger.cluster.apply.ownership import Applied, Writer
from wharfinger.cluster.errors import ApplyConflict
from wharfinger.cluster.kind import Kind, Object

TEXT: Final = {"type": "string"}
PORT: Final = {
    "type": "object",
    "properties": {
        "port": {"type": "integer"},
        "protocol": {"type": "string", "default": "TCP"},
        "name": TEXT,
        "tags": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
    },
}
SPEC: Final = {
    "type": "object",
    "properties": {
        "replicas": {"type": "integer"},
        "free": {"type": "object", "additionalProperties": TEXT},
        "inner": {"type": "object", "properties": {"x": TEXT, "y": TEXT}},
        "selector": {
            "type": "object",
            "additionalProperties": TEXT,
            "x-kubernetes-map-type": "atomic",
        },
        "args": {"type": "array", "items": TEXT},
        "owners": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
        "ports": {
            "type": "array",
            "items": PORT,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port", "protocol"],
        },
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
KIND: Final = Kind(
    group="test.wharfinger.dev",
    version="v1",
    kind="Thing",
    plural="things",
    singular="thing",
    namespaced=True,
    schema={
        "type": "object",
        "properties": {
            "metadata": {"type": "object", "properties": {"name": TEXT}},
            "spec": SPEC,
        },
    },
)

_WORDS = st.sampled_from(["a", "b", "c"])
_PORTS = st.fixed_dictionaries(
    {"port": st.integers(80, 82)},
    optional={
        "protocol": st.sampled_from(["TCP", "UDP"]),
        "name": _WORDS,
        "tags": st.lists(_WORDS, unique=True, min_size=1),
    },
)
_FIELDS: Final = {
    "replicas": st.integers(0, 2),
    "free": st.dictionaries(_WORDS, _WORDS, min_size=1),
    "inner": st.fixed_dictionaries({"x": _WORDS}, optional={"y": _WORDS}),
    "selector": st.dictionaries(_WORDS, _WORDS),
    "args": st.lists(_WORDS, max_size=2),
    "owners": st.lists(_WORDS, unique=True, min_size=1),
    "ports": st.lists(
        _PORTS, unique_by=lambda one: (one["port"], one.get("protocol")), min_size=1, max_size=3
    ).filter(lambda ports: len({known_as(one) for one in ports}) == len(ports)),
    "any": st.dictionaries(
        _WORDS, st.one_of(_WORDS, st.dictionaries(_WORDS, _WORDS, min_size=1)), min_size=1
    ),
}
SPECS: Final = st.fixed_dictionaries({}, optional=_FIELDS)


def known_as(port: dict[str, Any]) -> tuple[int, str]:
    return port["port"], port.get("protocol", "TCP")


def thing(spec: dict[str, Any], managed: Managed | None = None) -> Object:
    metadata: dict[str, Any] = {"name": "a"}
    if managed:
        metadata["managedFields"] = managers.entries(managed)
    return {"apiVersion": KIND.api_version, "kind": "Thing", "metadata": metadata, "spec": spec}


def apply(
    live: Object | None, spec: dict[str, Any], manager: str = "one", *, force: bool = False
) -> Object:
    """The object as it is stored after an apply."""
    writer = Writer(manager, "2026-05-01T12:00:00Z", force=force)
    made: Applied = ownership.applied(KIND, live, thing(spec), writer)
    return thing(made.object.get("spec", {}), made.managed)


def update(live: Object, spec: dict[str, Any], manager: str = "hand") -> Object:
    new = thing(spec)
    managed = ownership.updated(KIND, new, live, None, Writer(manager, "2026-05-02T12:00:00Z"))
    return thing(spec, managed)


def plain(spec: Any) -> Any:
    """A value without the order of lists whose items have names."""
    result = dict(spec)
    if "owners" in result:
        result["owners"] = sorted(result["owners"])
    if "ports" in result:
        ports = [
            {**one, **({"tags": sorted(one["tags"])} if "tags" in one else {})}
            for one in result["ports"]
        ]
        result["ports"] = sorted(ports, key=known_as)
    return result


def same_defaults(spec: dict[str, Any]) -> dict[str, Any]:
    """With the protocol written out: an item that leaves it out is the same item."""
    if "ports" not in spec:
        return spec
    return {**spec, "ports": [{"protocol": "TCP", **one} for one in spec["ports"]]}


@given(SPECS, SPECS)
def test_a_comparison_the_other_way_round_is_the_other_way_round(one: Any, other: Any):
    there = comparison.compare(SPEC, one, other)
    back = comparison.compare(SPEC, other, one)

    assert (there.added, there.modified, there.removed) == (back.removed, back.modified, back.added)
    assert there.same == (plain(one) == plain(other))


@given(SPECS, SPECS)
def test_no_field_is_changed_in_two_ways(one: Any, other: Any):
    found = comparison.compare(SPEC, one, other)

    ways = [frozenset(fieldset.paths(s)) for s in (found.added, found.modified, found.removed)]
    assert len(frozenset().union(*ways)) == sum(map(len, ways))


@given(SPECS, SPECS)
def test_a_merge_has_all_that_the_configuration_says_and_nothing_new(live: Any, config: Any):
    live, config = same_defaults(live), same_defaults(config)

    merged = merging.merge(SPEC, live, config)

    from_config = comparison.compare(SPEC, config, merged)
    from_live = comparison.compare(SPEC, live, merged)
    assert not from_config.modified
    assert not from_config.removed
    assert not from_live.removed or "f:any" in from_live.removed  # a map became a text there
    assert merging.merge(SPEC, merged, config) == merged


@given(SPECS)
def test_to_apply_again_changes_nothing(spec: Any):
    once = apply(None, spec)

    assert apply(once, spec) == once


@given(SPECS, SPECS)
def test_what_an_applier_leaves_out_goes(before: Any, after: Any):
    before, after = same_defaults(before), same_defaults(after)

    result = apply(apply(None, before), after)

    assert plain(result["spec"]) == plain(after)


@given(SPECS)
def test_what_two_apply_stays_until_both_leave_it_out(spec: Any):
    both = apply(apply(None, spec), spec, "two")

    one_left = apply(both, {}, "one")
    none_left = apply(one_left, {}, "two")

    assert one_left["spec"] == both["spec"] == spec
    assert none_left["spec"] == {}


@given(SPECS, SPECS)
def test_who_has_no_field_in_common_never_conflicts(one: Any, other: Any):
    one, other = same_defaults(one), same_defaults(other)
    assume(not fieldset.intersection(merging.applied(SPEC, one), merging.applied(SPEC, other)))

    both = apply(apply(None, one, "one"), other, "two")

    assert plain(apply(both, {}, "one")["spec"]) == plain(other)
    assert plain(apply(both, {}, "two")["spec"]) == plain(one)


@given(SPECS, SPECS)
def test_an_apply_changes_nothing_of_others_unless_forced(one: Any, other: Any):
    live = apply(None, one, "one")
    try:
        both = apply(live, other, "two")
    except ApplyConflict:
        assert apply(live, other, "two", force=True)["spec"] != live["spec"]
    else:
        again = apply(both, one, "one")  # nor does the first conflict with the second
        assert again["metadata"] == both["metadata"]
        assert plain(again["spec"]) == plain(both["spec"])


@given(SPECS, SPECS)
def test_who_updates_a_field_has_it_alone(spec: Any, wanted: Any):
    live = apply(None, spec)

    changed = update(live, wanted)

    found = comparison.compare(SPEC, spec, wanted)
    owned = {
        manager.name: fields.fields.get("f:spec", {})
        for manager, fields in managers.stored(changed["metadata"].get("managedFields", ())).items()
    }
    assert owned.get("hand", {}) == found.written
    assert not fieldset.intersection(owned.get("one", {}), found.written)
    assert not fieldset.intersection(owned.get("one", {}), found.removed)


_STEPS = st.lists(st.tuples(st.sampled_from(["one", "two", "hand"]), SPECS), min_size=1, max_size=5)


@given(_STEPS)
def test_nobody_owns_what_is_not_there(steps: list[tuple[str, Any]]):
    live = apply(None, {})
    for manager, spec in steps:
        spec = same_defaults(spec)
        by_hand = manager == "hand"
        live = update(live, spec) if by_hand else apply(live, spec, manager, force=True)
        there = comparison.full(KIND.schema, {"spec": live["spec"]})
        for owned in managers.stored(live["metadata"].get("managedFields", ())).values():
            absent = fieldset.difference(owned.fields, there)
            assert not list(fieldset.paths(absent)), absent


@pytest.mark.parametrize("force", [True, False])
def test_what_was_made_by_hand_is_owned_at_the_first_apply(force: bool):
    live = thing({"replicas": 1, "args": ["a"]})

    result = apply(live, {"replicas": 1}, force=force)

    owners = {one["manager"]: one["fieldsV1"] for one in result["metadata"]["managedFields"]}
    assert owners == {
        "one": {"f:spec": {"f:replicas": {}}},
        "before-first-apply": {"f:spec": {"f:args": {}, "f:replicas": {}}},
    }
