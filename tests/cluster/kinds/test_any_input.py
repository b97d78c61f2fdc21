"""Whatever passes the schema of a kind, its functions take without a crash."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wharfinger.cluster import schema, tables, validation
from wharfinger.cluster.kinds import SERVED

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCALARS = {
    "string": st.sampled_from(["", "a", "A/b", "é", "x" * 300, "a.b/c", ".."]),
    "integer": st.sampled_from([0, 1, -1, 700, 1 << 30]),
    "boolean": st.booleans(),
}
FORMATS = {
    "byte": st.sampled_from(["", "YQ==", "e30=", "W10="]),
    "int-or-string": SCALARS["integer"] | st.sampled_from(["", "25%", "101%", "-1%", "http", "1"]),
    "quantity": st.sampled_from(["0", "1", "500m", "2Gi", "-1", "1e3", "0.1"]) | st.integers(-9, 9),
    "date-time": st.sampled_from(["2026-01-02T03:04:05Z", "0001-01-01T00:00:00Z"]),
}


def values(declared: Any) -> st.SearchStrategy[Any]:
    """Values of a schema, in which any field may be absent or null."""
    kind = declared["type"]
    if kind == "array":
        return st.lists(values(declared["items"]), max_size=2)
    if kind != "object":
        return FORMATS.get(declared.get("format", ""), SCALARS[kind])
    if "additionalProperties" in declared:
        one = st.none() | values(declared["additionalProperties"])
        return st.dictionaries(SCALARS["string"], one, max_size=2)
    fields = declared.get("properties", {})
    return st.fixed_dictionaries(
        {}, optional={name: st.none() | values(field) for name, field in fields.items()}
    )


@pytest.mark.parametrize("kind", SERVED, ids=lambda kind: kind.kind)
@given(data=st.data())
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
def test_no_valid_types_crash_a_kind(kind, data):
    obj = data.draw(values(kind.schema))
    findings = schema.validate(kind, obj)
    assert findings == ((), ())

    schema.prune(kind, obj)
    obj.setdefault("metadata", {})
    kind.default(obj)
    once = copy.deepcopy(obj)
    list(validation.metadata(kind, obj))
    list(kind.validate(obj))
    assert list(kind.validate_update(obj, once)) == []
    assert list(validation.metadata_update(obj, once)) == []
    tables.table(kind, [obj], NOW)
    for select in kind.selectable.values():
        assert isinstance(select(obj), str)

    kind.default(obj)
    assert obj == once
    assert schema.validate(kind, obj) == ((), ())
