"""Namespaces, service accounts and config maps."""

import copy

from wharfinger.cluster.kinds import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT


def told(errors):
    return [f"{error.field}: {error.message}" for error in errors]


def test_a_namespace_is_labelled_with_its_name_and_kept_until_emptied():
    obj = {"metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "b", "x": "y"}}}

    NAMESPACE.default(obj)

    assert obj == {
        "metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "a", "x": "y"}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def test_defaults_change_nothing_the_second_time():
    obj = {"metadata": {"name": "a"}}
    NAMESPACE.default(obj)
    once = copy.deepcopy(obj)

    NAMESPACE.default(obj)

    assert obj == once


def test_a_namespace_that_was_emptied_on_its_way_out_stays_free_to_go():
    obj = {
        "metadata": {"name": "a", "deletionTimestamp": "2026-01-02T03:04:05Z"},
        "spec": {"finalizers": []},
        "status": {"phase": "Terminating"},
    }

    NAMESPACE.default(obj)

    assert obj["spec"] == {"finalizers": []}
    assert obj["status"] == {"phase": "Terminating"}


def test_finalizers_of_a_namespace_are_qualified():
    assert told(NAMESPACE.validate({"spec": {"finalizers": ["kubernetes", "a.b/c"]}})) == []
    assert told(NAMESPACE.validate({"spec": {"finalizers": ["x"]}})) == [
        (
            'spec.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor '
            "is it fully qualified"
        )
    ]


def test_a_config_map_holds_a_key_once():
    obj = {"data": {"a": "1"}, "binaryData": {"a": "MQ=="}}

    assert told(CONFIG_MAP.validate(obj)) == [
        'data[a]: Invalid value: "a": duplicate of key present in binaryData'
    ]


def test_a_config_map_refuses_keys_that_are_no_file_names():
    (error,) = told(CONFIG_MAP.validate({"data": {"../x": "1"}}))[:1]

    assert error.startswith('data[../x]: Invalid value: "../x": a valid config key must consist of')


def test_a_config_map_has_up_to_a_mebibyte():
    limit = 1024 * 1024

    assert told(CONFIG_MAP.validate({"data": {"a": "x" * limit}})) == []
    assert told(CONFIG_MAP.validate({"data": {"a": "x" * limit, "b": "é"}})) == [
        "data: Too long: may not be more than 1048576 bytes"
    ]


def test_an_immutable_config_map_stays_as_it_is():
    old = {"data": {"a": "1"}, "immutable": True}
    words = "Forbidden: field is immutable when `immutable` is set"

    assert told(CONFIG_MAP.validate_update(old | {"metadata": {"labels": {}}}, old)) == []
    assert told(CONFIG_MAP.validate_update({"data": {"a": "2"}}, old)) == [
        f"immutable: {words}",
        f"data: {words}",
    ]


def test_credentials_of_an_account_are_merged_by_name():
    fields = SERVICE_ACCOUNT.schema["properties"]

    for name in ("secrets", "imagePullSecrets"):
        assert fields[name]["x-kubernetes-patch-merge-key"] == "name"
        assert fields[name]["x-kubernetes-patch-strategy"] == "merge"
    owners = fields["metadata"]["properties"]["ownerReferences"]
    assert owners["x-kubernetes-patch-merge-key"] == "uid"
