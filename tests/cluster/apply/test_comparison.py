from __future__ import annotations

from typing import Any

import pytest

from wharfinger.cluster.apply import comparison

SCHEMA: dict[str, Any] = {
    "properties": {
        "labels": {"additionalProperties": {"type": "string"}},
        "command": {"type": "array"},
        "names": {"type": "array", "x-kubernetes-list-type": "set"},
        "ports": {
            "type": "array",
            "items": {"type": "object"},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["p"],
        },
        "selector": {"x-kubernetes-map-type": "atomic"},
        "free": {"x-kubernetes-preserve-unknown-fields": True},
    }
}


@pytest.mark.parametrize(
    ("old", "new", "added", "modified", "removed"),
    [
        ({}, {}, {}, {}, {}),
        ({"labels": {"a": "b"}}, {"labels": {"a": "b"}}, {}, {}, {}),
        ({}, {"labels": {"a": "b"}}, {"f:labels": {".": {}, "f:a": {}}}, {}, {}),
        ({}, {"labels": {}}, {"f:labels": {}}, {}, {}),
        ({"labels": {"a": "b"}}, {}, {}, {}, {"f:labels": {".": {}, "f:a": {}}}),
        (
            {"labels": {"a": "b", "c": "d"}},
            {"labels": {"a": "x", "e": "f"}},
            {"f:labels": {"f:e": {}}},
            {"f:labels": {"f:a": {}}},
            {"f:labels": {"f:c": {}}},
        ),
        ({"command": ["a"]}, {"command": ["a", "b"]}, {}, {"f:command": {}}, {}),
        (
            {"selector": {"a": "b"}},
            {"selector": {"a": "b", "c": "d"}},
            {},
            {"f:selector": {}},
            {},
        ),
        (
            {"names": ["a", "b"]},
            {"names": ["c", "b"]},
            {"f:names": {'v:"c"': {}}},
            {},
            {"f:names": {'v:"a"': {}}},
        ),
        ({"names": ["a", "b"]}, {"names": ["b", "a"]}, {}, {}, {}),
        (
            {"ports": [{"p": 1, "n": "x"}, {"p": 2}]},
            {"ports": [{"p": 3}, {"p": 1, "n": "y"}]},
            {"f:ports": {'k:{"p":3}': {".": {}, "f:p": {}}}},
            {"f:ports": {'k:{"p":1}': {"f:n": {}}}},
            {"f:ports": {'k:{"p":2}': {".": {}, "f:p": {}}}},
        ),
        # Two items of one name count as one value.
        (
            {"ports": [{"p": 1, "n": "x"}, {"p": 1}]},
            {"ports": [{"p": 1}, {"p": 1}]},
            {},
            {"f:ports": {'k:{"p":1}': {}}},
            {},
        ),
        ({}, {"ports": [{"p": 1}, {"p": 1}]}, {"f:ports": {".": {}, 'k:{"p":1}': {}}}, {}, {}),
        # Items that cannot be named make the list one value.
        (
            {"ports": [{"p": 1}]},
            {"ports": [{"n": "x"}]},
            {},
            {"f:ports": {}},
            {"f:ports": {'k:{"p":1}': {".": {}, "f:p": {}}}},
        ),
        ({}, {"ports": [{"n": "x"}]}, {"f:ports": {}}, {}, {}),
        # What is below goes when something of another sort takes the place.
        (
            {"free": {"a": {"b": 1}}},
            {"free": {"a": "x"}},
            {},
            {"f:free": {"f:a": {}}},
            {"f:free": {"f:a": {"f:b": {}}}},
        ),
        (
            {"free": {"a": "x"}},
            {"free": {"a": {"b": 1}}},
            {"f:free": {"f:a": {"f:b": {}}}},
            {"f:free": {"f:a": {}}},
            {},
        ),
    ],
)
def test_what_a_write_changes(old: Any, new: Any, added: Any, modified: Any, removed: Any):
    found = comparison.compare(SCHEMA, old, new)

    assert (found.added, found.modified, found.removed) == (added, modified, removed)
    assert found.same == (not (added or modified or removed))
