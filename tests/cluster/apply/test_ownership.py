"""Who owns what of a config map, in the entries that clients see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wharfinger.cluster.apply import managers, ownership
from wharfinger.cluster.apply.last_applied import ANNOTATION
from wharfinger.cluster.apply.ownership import Writer
from wharfinger.cluster.errors import ApplyConflict
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds import CONFIG_MAP, NAMESPACE

NOON, LATER = "2026-05-01T12:00:00Z", "2026-05-01T13:00:00Z"


def config(data: dict[str, str] | None = None, **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "dock", **metadata},
        **({"data": data} if data is not None else {}),
    }


def created(obj: Object, manager: str = "maker") -> Object:
    managed = ownership.created(CONFIG_MAP, obj, Writer(manager, NOON))
    return with_entries(obj, ownership.settled(managed, obj, None))


def updated(old: Object, new: Object, manager: str, said: Any = None, **more: Any) -> Object:
    managed = ownership.updated(CONFIG_MAP, new, old, said, Writer(manager, LATER, **more))
    return with_entries(new, ownership.settled(managed, new, old))


def applied(live: Object | None, obj: Object, manager: str, **more: Any) -> Object:
    made = ownership.applied(CONFIG_MAP, live, obj, Writer(manager, LATER, **more))
    return with_entries(made.object, ownership.settled(made.managed, made.object, live))


def with_entries(obj: Object, entries: list[dict[str, Any]] | None) -> Object:
    metadata = {key: one for key, one in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": metadata | ({"managedFields": entries} if entries else {})}


def owners(obj: Object) -> dict[str, Any]:
    entries = obj["metadata"].get("managedFields", [])
    return {f"{one['manager']} {one['operation']}": one["fieldsV1"] for one in entries}


def test_the_maker_owns_all_but_what_the_server_keeps():
    server = {"uid": "u", "creationTimestamp": NOON, "generation": 1, "selfLink": "/"}

    made = created(config({"k": "v"}, labels={"a": "b"}, generateName="a", **server))

    assert made["metadata"]["managedFields"] == [
        {
            "manager": "maker",
            "operation": "Update",
            "apiVersion": "v1",
            "time": NOON,
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:a": {}}, "f:generateName": {}},
                "f:data": {".": {}, "f:k": {}},
            },
        }
    ]


def test_an_update_takes_what_it_changes():
    made = created(config({"k": "v", "x": "y"}))

    changed = updated(made, config({"k": "w", "x": "y", "z": ""}), "hand")

    assert owners(changed) == {
        "maker Update": {"f:data": {".": {}, "f:x": {}}},
        "hand Update": {"f:data": {"f:k": {}, "f:z": {}}},
    }


def test_who_only_takes_away_gets_no_entry():
    made = created(config({"k": "v", "x": "y"}))

    assert owners(updated(made, config({"k": "v"}), "hand")) == {
        "maker Update": {"f:data": {".": {}, "f:k": {}}}
    }
    assert owners(updated(made, config(), "hand")) == {}


def test_an_update_that_changes_nothing_changes_no_entry():
    made = created(config({"k": "v"}))

    assert updated(made, config({"k": "v"}), "hand") == made


def test_the_parts_that_have_paths_of_their_own_have_entries_of_their_own():
    old = {"metadata": {"name": "a"}, "spec": {"finalizers": ["x"]}, "status": {"phase": "Active"}}
    old = with_entries(old, managers.entries(ownership.created(NAMESPACE, old, Writer("m", NOON))))
    new = {**old, "metadata": {"name": "a", "labels": {"a": "b"}}, "status": {"phase": "Gone"}}

    by_object = ownership.updated(NAMESPACE, new, with_x(old), None, Writer("m", NOON))
    by_status = ownership.updated(NAMESPACE, new, with_x(old), None, Writer("m", NOON, "status"))

    assert "managedFields" not in old["metadata"]
    assert [(one.subresource, owned.fields) for one, owned in by_object.items()] == [
        ("", {"f:x": {}}),
        ("", {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}),
    ]
    assert [(one.subresource, owned.fields) for one, owned in by_status.items()] == [
        ("", {"f:x": {}}),
        ("status", {"f:status": {"f:phase": {}}}),
    ]


def with_x(obj: Object) -> Object:
    entry = {
        "manager": "x",
        "operation": "Update",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:x": {}},
    }
    return with_entries(obj, [entry])


# what clients say of managedFields


def test_a_client_may_hand_fields_over():
    made = created(config({"k": "v"}))
    said = [{**made["metadata"]["managedFields"][0], "manager": "heir", "operation": "Apply"}]

    changed = updated(made, config({"k": "v", "x": "y"}), "hand", said)

    assert owners(changed) == {
        "heir Apply": {"f:data": {".": {}, "f:k": {}}},
        "hand Update": {"f:data": {"f:x": {}}},
    }


@pytest.mark.parametrize("said", [[], [{}]])
def test_a_client_may_end_all_ownership(said: Any):
    made = created(config({"k": "v"}))

    ended = updated(made, config({"k": "w"}), "hand", said)

    assert owners(ended) == {}
    assert owners(updated(ended, config({"k": "x"}), "hand")) == {}  # until somebody applies
    assert owners(applied(ended, config({"k": "w"}), "ada")) == {
        "before-first-apply Update": {"f:data": {".": {}, "f:k": {}}},
        "ada Apply": {"f:data": {"f:k": {}}},
    }


@pytest.mark.parametrize(
    "said", [None, "x", [{"manager": "x"}], [{}, {}], [{"operation": "Apply"}]]
)
def test_what_cannot_be_read_is_as_if_it_was_not_said(said: Any):
    made = created(config({"k": "v"}))

    assert updated(made, config({"k": "v"}), "hand", said) == made


def test_through_a_subresource_a_client_has_no_say():
    made = created(config({"k": "v"}))

    assert updated(made, config({"k": "v"}), "hand", [], subresource="status") == made


def test_entries_in_versions_that_the_kind_does_not_have_go_with_the_next_change():
    made = created(config({"k": "v"}))
    said = [{**made["metadata"]["managedFields"][0], "apiVersion": "v0"}]

    assert owners(updated(made, config({"k": "w"}), "hand", said)) == {
        "hand Update": {"f:data": {"f:k": {}}}
    }


# apply


def test_an_applier_owns_what_it_says():
    made = applied(None, config({"k": "v"}, labels={}), "ada")

    assert owners(made) == {
        "ada Apply": {"f:metadata": {"f:labels": {}}, "f:data": {"f:k": {}}},
    }


def test_who_applies_what_is_there_shares_it():
    made = created(config({"k": "v"}))

    both = applied(made, config({"k": "v"}), "ada")

    assert both["data"] == {"k": "v"}
    assert owners(both) == {
        "maker Update": {"f:data": {".": {}, "f:k": {}}},
        "ada Apply": {"f:data": {"f:k": {}}},
    }


def test_a_conflict_with_an_update_tells_its_version():
    made = created(config({"k": "v", "x": "y"}), "a tool")

    with pytest.raises(ApplyConflict) as one:
        applied(made, config({"k": "w", "x": "y"}), "ada")
    with pytest.raises(ApplyConflict) as two:
        applied(made, config({"k": "w", "x": "z"}), "ada")

    assert one.value.message == (
        'Apply failed with 1 conflict: conflict with "a tool" using v1: .data.k'
    )
    assert two.value.message == (
        'Apply failed with 2 conflicts: conflicts with "a tool" using v1:\n- .data.k\n- .data.x'
    )
    assert [(one.reason, one.field) for one in two.value.causes] == [
        ("FieldManagerConflict", ".data.k"),
        ("FieldManagerConflict", ".data.x"),
    ]


def test_conflicts_are_told_by_manager_and_subresource():
    made = created(config({"k": "v"}), "b")
    made = updated(made, config({"k": "v", "x": "y"}), "a", subresource="scale")

    with pytest.raises(ApplyConflict) as refused:
        applied(made, config({"k": "1", "x": "2"}), "ada")

    assert refused.value.message == (
        'Apply failed with 2 conflicts: conflicts with "a" with subresource "scale" using v1:\n'
        '- .data.x\nconflicts with "b" using v1:\n- .data.k'
    )


def test_force_takes_the_fields_of_others():
    made = created(config({"k": "v", "x": "y"}))

    taken = applied(made, config({"k": "w"}), "ada", force=True)

    assert taken["data"] == {"k": "w", "x": "y"}
    assert owners(taken) == {
        "maker Update": {"f:data": {".": {}, "f:x": {}}},
        "ada Apply": {"f:data": {"f:k": {}}},
    }


def test_metadata_that_an_applier_leaves_out_goes_and_the_rest_stays():
    made = applied(None, config(labels={"mine": "1"}, finalizers=["a/b"]), "ada")
    made["metadata"] |= {"name": "a", "uid": "u", "annotations": {"un": "owned"}}

    left = applied(made, config(finalizers=["a/b"]), "ada")

    assert left["metadata"] == {
        "name": "a",
        "uid": "u",
        "finalizers": ["a/b"],
        "annotations": {"un": "owned"},
        "managedFields": left["metadata"]["managedFields"],
    }


def test_an_applier_that_says_nothing_more_owns_nothing():
    made = applied(None, config({"k": "v"}), "ada")

    left = applied(made, config(), "ada")

    assert "data" not in left
    assert owners(left) == {}


# from client-side to server-side apply


def last_applied(obj: Object) -> Object:
    told = json.dumps({key: one for key, one in obj.items() if key != "status"})
    return {**obj, "metadata": {**obj["metadata"], "annotations": {ANNOTATION: told}}}


def test_kubectl_takes_over_what_it_applied_itself():
    made = created(last_applied(config({"k": "v", "x": "y"})), "kubectl-client-side-apply")

    taken = applied(made, config({"k": "w", "x": "y"}), "kubectl")

    assert taken["data"] == {"k": "w", "x": "y"}
    renewed = json.loads(taken["metadata"]["annotations"][ANNOTATION])
    assert renewed == config({"k": "w", "x": "y"})
    with pytest.raises(ApplyConflict):
        applied(made, config({"k": "w", "x": "y"}), "another")


def test_what_was_changed_since_kubectl_applied_it_is_a_conflict():
    made = created(last_applied(config({"k": "v", "x": "y"})), "kubectl-client-side-apply")
    changed = updated(made, {**made, "data": {"k": "changed", "x": "y"}}, "hand")

    with pytest.raises(ApplyConflict) as refused:
        applied(changed, config({"k": "w", "x": "z"}), "kubectl")

    assert [one.field for one in refused.value.causes] == [".data.k"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"apiVersion": "v2"}',
        '{"apiVersion": "v1", "data": []}',
        '{"apiVersion": "v1", "metadata": {"labels": 1}}',
    ],
)
def test_an_annotation_that_a_person_wrote_says_nothing(text: str):
    made = created(config({"k": "v"}, annotations={ANNOTATION: text}))

    with pytest.raises(ApplyConflict):
        applied(made, config({"k": "w"}), "kubectl")


def test_an_annotation_without_room_is_dropped():
    made = applied(None, config({"k": "v"}, annotations={ANNOTATION: "{}"}), "kubectl")

    full = applied(made, config({"k": "v" * 300_000}), "kubectl", force=True)

    assert json.loads(made["metadata"]["annotations"][ANNOTATION])["data"] == {"k": "v"}
    assert ANNOTATION not in full["metadata"].get("annotations", {})
