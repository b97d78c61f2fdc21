from __future__ import annotations

from typing import Any

import pytest

from wharfinger.cluster.apply import managers
from wharfinger.cluster.apply.managers import APPLY, UPDATE, InvalidEntries, Manager, Owned


def entry(**more: Any) -> dict[str, Any]:
    return {
        "manager": "ada",
        "operation": "Update",
        "apiVersion": "v1",
        "time": "2026-05-01T12:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:k": {}}},
        **more,
    }


def owned(minute: int, field: str = "f:a") -> Owned:
    return Owned({field: {}}, "v1", f"2026-05-01T12:{minute:02}:00Z")


def test_what_is_written_can_be_read():
    written = [entry(), entry(subresource="status"), entry(operation="Apply", manager="b")]

    assert managers.entries(managers.parse(written)) == [written[2], written[0], written[1]]
    assert managers.entries(managers.stored(written)) == [written[2], written[0], written[1]]


def test_an_applier_is_one_in_all_versions_and_an_updater_is_not():
    read = managers.parse([
        entry(operation="Apply", apiVersion="v1"),
        entry(operation="Apply", apiVersion="v2"),
        entry(apiVersion="v1"),
        entry(apiVersion="v2"),
    ])  # fmt: skip

    assert list(read) == [
        Manager("ada", APPLY),
        Manager("ada", UPDATE, "v1"),
        Manager("ada", UPDATE, "v2"),
    ]
    assert read[Manager("ada", APPLY)].api_version == "v2"


@pytest.mark.parametrize(
    "more",
    [
        {"operation": "Delete"},
        {"operation": None},
        {"apiVersion": ""},
        {"fieldsType": "FieldsV2"},
        {"fieldsType": None},
        {"fieldsV1": {"x": {}}},
        {"fieldsV1": {"f:a": []}},
        {"manager": "a" * 129},
        {"manager": "a\nb"},
        {"subresource": "a" * 257},
    ],
)
def test_what_is_no_entry_is_refused(more: dict[str, Any]):
    with pytest.raises(InvalidEntries):
        managers.parse([entry(), entry(**more)])


def test_the_oldest_updaters_become_one():
    many = {Manager(f"m{n:02}", UPDATE, "v1"): owned(n, f"f:{n}") for n in range(12)}
    many[Manager("x", APPLY)] = owned(0)

    capped = managers.capped(many)

    ancient = Manager("ancient-changes", UPDATE, "v1")
    assert len(capped) == 11
    assert capped[ancient].fields == {"f:0": {}, "f:1": {}, "f:2": {}}
    assert capped[ancient].time == "2026-05-01T12:02:00Z"
    more = managers.capped({**capped, Manager("new", UPDATE, "v1"): owned(30)})
    assert more[ancient].fields == {"f:0": {}, "f:1": {}, "f:2": {}, "f:3": {}}
    assert len(more) == 11


def test_ten_updaters_are_not_too_many():
    many = {Manager(f"m{n}", UPDATE, "v1"): owned(n) for n in range(10)}

    assert managers.capped(many) == many


def test_the_same_ownership_at_another_time_is_the_same():
    one, later = {Manager("a", APPLY): owned(1)}, {Manager("a", APPLY): owned(2)}

    assert managers.same(one, later)
    assert not managers.same(one, {Manager("a", APPLY): owned(1, "f:b")})
    assert not managers.same(one, {Manager("b", APPLY): owned(1)})
    assert not managers.same(one, {})


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("kubectl/v1.35.0 (linux/amd64)", "kubectl"),
        ("my tool/1", "my tool"),
        ("tëst/1", "tëst"),
        ("é" * 100, "é" * 64),
        ("a\tb\x00c", "abc"),
        ("", "unknown"),
    ],
)
def test_a_client_is_named_by_what_it_calls_itself(agent: str, name: str):
    assert managers.named_by_agent(agent) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kubectl-client-side-apply", ""),
        ("é" * 64, ""),
        ("é" * 65, "Too long: may not be more than 128 bytes"),
        ("a\tb", "invalid character U+0009 (at position 1)"),
        ("a\u00a0b", "invalid character U+00A0 (at position 1)"),
    ],
)
def test_what_keeps_a_text_from_naming_a_manager(name: str, words: str):
    assert managers.name_error(name) == words
