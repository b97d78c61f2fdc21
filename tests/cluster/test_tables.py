"""Objects are printed as kubectl expects them from a server."""

from datetime import UTC, datetime

import pytest

from wharfinger.cluster import tables
from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds import (
    CLUSTER_ROLE,
    CONFIG_MAP,
    EVENT,
    NAMESPACE,
    PROJECT,
    ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
META = {"name": "a", "creationTimestamp": "2026-01-01T11:00:00Z"}
SECRET_A = {"metadata": META, "type": "Opaque", "data": {"x": "MQ==", "y": ""}}


@pytest.mark.parametrize(
    ("kind", "narrow", "wide"),
    [
        (NAMESPACE, ["Name", "Status", "Age"], []),
        (SECRET, ["Name", "Type", "Data", "Age"], []),
        (CONFIG_MAP, ["Name", "Data", "Age"], []),
        (SERVICE_ACCOUNT, ["Name", "Secrets", "Age"], []),
        (ROLE_BINDING, ["Name", "Role", "Age"], ["Users", "Groups", "ServiceAccounts"]),
        (CLUSTER_ROLE, ["Name", "Created At"], []),
        (PROJECT, ["Name", "Display Name", "Status"], []),
        (
            EVENT,
            ["Last Seen", "Type", "Reason", "Object", "Message"],
            ["Subobject", "Source", "First Seen", "Count", "Name"],
        ),
    ],
)
def test_each_kind_has_the_columns_that_kubectl_users_know(kind, narrow, wide):
    columns = tables.table(kind, (), NOW)["columnDefinitions"]

    assert [column["name"] for column in columns if column["priority"] == 0] == narrow
    assert [column["name"] for column in columns if column["priority"] == 1] == wide


def test_a_row_has_cells_and_the_metadata_of_its_object():
    table = tables.table(SECRET, [SECRET_A], NOW, metadata={"resourceVersion": "7"})

    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert table["metadata"] == {"resourceVersion": "7"}
    assert table["rows"] == [
        {
            "cells": ["a", "Opaque", "2", "60m"],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": META,
            },
        }
    ]


def test_a_client_chooses_what_stands_beside_the_cells():
    (row,) = tables.table(SECRET, [SECRET_A], NOW, include=tables.Include.OBJECT)["rows"]
    (bare,) = tables.table(SECRET, [SECRET_A], NOW, include=tables.Include.NONE)["rows"]

    assert row["object"] is SECRET_A
    assert "object" not in bare


def test_a_watch_sends_the_columns_once():
    assert tables.table(SECRET, [SECRET_A], NOW, headers=False)["columnDefinitions"] is None


def test_a_kind_that_declares_no_columns_shows_name_and_age():
    plain = Kind(
        group="g.test",
        version="v1",
        kind="Crate",
        plural="crates",
        singular="crate",
        namespaced=True,
        schema={"type": "object"},
    )

    (row,) = tables.table(plain, [{"metadata": META}], NOW)["rows"]

    assert row["cells"] == ["a", "2026-01-01T11:00:00Z"]


def test_empty_objects_are_printed_too():
    for kind in (NAMESPACE, SECRET, SERVICE_ACCOUNT, ROLE_BINDING, CLUSTER_ROLE, PROJECT, EVENT):
        (row,) = tables.table(kind, [{}], NOW)["rows"]
        assert all(isinstance(cell, str | int) for cell in row["cells"])


def test_metadata_alone_can_be_listed():
    listed = tables.partial_list([SECRET_A], {"resourceVersion": "7"})

    assert listed["kind"] == "PartialObjectMetadataList"
    assert listed["items"] == [tables.partial(SECRET_A)]
    assert "data" not in listed["items"][0]
