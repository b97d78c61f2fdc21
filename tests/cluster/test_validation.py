"""What every object has follows the rules of Kubernetes, in its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster import validation
from wharfinger.cluster.kinds import CONFIG_MAP, NAMESPACE, ROLE


def errors(kind, **meta):
    return [
        f"{error.field}: {error.message}" for error in validation.metadata(kind, {"metadata": meta})
    ]


@pytest.mark.parametrize("name", ["a", "a.b", "a-b.c-d", "1", "a" * 63 + "." + "b" * 63])
def test_subdomains_are_taken(name):
    assert validation.subdomain(name) == []


@pytest.mark.parametrize(
    "name", ["", "A", "-a", "a-", "a..b", ".a", "a_b", "a/b", "é", "a\n", "a" * 254]
)
def test_what_is_no_subdomain_is_refused(name):
    assert validation.subdomain(name)


def test_the_message_is_that_of_kubernetes():
    assert validation.subdomain("A") == [
        (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "
            "or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
            "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        )
    ]
    assert validation.label("a.b") == [
        (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
            "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
            "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        )
    ]
    assert validation.label_value("-")[0].startswith(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    )


@pytest.mark.parametrize("name", ["a", "system:admin", "a b", "A", "..."])
def test_a_path_segment_may_be_nearly_anything(name):
    assert validation.path_segment(name) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".", "may not be '.'"),
        ("..", "may not be '..'"),
        ("a/b", "may not contain '/'"),
        ("a%2f", "may not contain '%'"),
    ],
)
def test_a_path_segment_may_not_lead_elsewhere(name, message):
    assert validation.path_segment(name) == [message]


@pytest.mark.parametrize("name", ["a", "A_b.c", "example.com/Name", "a" * 63])
def test_qualified_names_are_taken(name):
    assert validation.qualified_name(name) == []


@pytest.mark.parametrize("name", ["", "/a", "a/", "a/b/c", "Ex.com/a", "-a", "a" * 64, "a b"])
def test_what_is_no_qualified_name_is_refused(name):
    assert validation.qualified_name(name)


@pytest.mark.parametrize("key", ["a", ".dockercfg", "A_b-c.d", "...a"[3:]])
def test_config_keys_are_taken(key):
    assert validation.config_key(key) == []


@pytest.mark.parametrize("key", ["", ".", "..", "..a", "a/b", "a b", "a" * 254])
def test_what_is_no_config_key_is_refused(key):
    assert validation.config_key(key)


def test_a_name_or_a_prefix_is_required():
    assert errors(CONFIG_MAP, namespace="a") == [
        "metadata.name: Required value: name or generateName is required"
    ]
    assert errors(CONFIG_MAP, namespace="a", generateName="x-") == []


def test_a_prefix_is_judged_as_the_name_it_will_begin():
    (error,) = errors(CONFIG_MAP, namespace="a", generateName="X-")

    assert error.startswith('metadata.generateName: Invalid value: "X-": a lowercase RFC 1123')


def test_each_kind_says_what_its_names_are():
    assert errors(ROLE, namespace="a", name="system:x") == []
    assert errors(CONFIG_MAP, namespace="a", name="system:x")
    assert errors(NAMESPACE, name="a.b")


def test_the_namespace_follows_from_the_scope():
    assert errors(CONFIG_MAP, name="a") == ["metadata.namespace: Required value"]
    assert errors(NAMESPACE, name="a", namespace="b") == [
        "metadata.namespace: Forbidden: not allowed on this type"
    ]


def test_labels_are_judged_by_key_and_value():
    assert errors(NAMESPACE, name="a", labels={"example.com/x": "y", "z": ""}) == []
    assert len(errors(NAMESPACE, name="a", labels={"x y": "é"})) == 2


def test_annotations_may_have_capitals_in_the_prefix_and_256_kib_together():
    assert errors(NAMESPACE, name="a", annotations={"Example.COM/X": "any text\n"}) == []
    assert errors(NAMESPACE, name="a", annotations={"x": "y" * (256 * 1024 - 1)}) == []
    assert errors(NAMESPACE, name="a", annotations={"x": "y" * 256 * 1024}) == [
        "metadata.annotations: Too long: may not be more than 262144 bytes"
    ]


def test_owners_are_named_in_full_and_one_of_them_controls():
    owner = {"apiVersion": "v1", "kind": "Secret", "name": "a", "uid": "u", "controller": True}

    assert errors(NAMESPACE, name="a", ownerReferences=[owner]) == []
    assert errors(NAMESPACE, name="a", ownerReferences=[owner | {"uid": ""}]) == [
        'metadata.ownerReferences[0].uid: Invalid value: "": uid must not be empty'
    ]
    assert len(errors(NAMESPACE, name="a", ownerReferences=[owner, owner])) == 1


def test_finalizers_are_qualified():
    assert errors(NAMESPACE, name="a", finalizers=["example.com/x", "orphan"]) == []
    assert errors(NAMESPACE, name="a", finalizers=["x"]) == [
        (
            'metadata.finalizers: Invalid value: "x": name is neither a standard finalizer name nor '
            "is it fully qualified"
        )
    ]


@pytest.mark.parametrize("field", ["name", "namespace", "uid", "creationTimestamp"])
def test_an_update_may_not_change_identity(field):
    old = {"metadata": {"name": "a", "namespace": "b", "uid": "u", "creationTimestamp": "t"}}
    new = {"metadata": old["metadata"] | {field: "other"}}

    assert validation.metadata_update(old, old) == []
    (error,) = validation.metadata_update(new, old)
    assert (error.field, error.message) == (
        f"metadata.{field}",
        'Invalid value: "other": field is immutable',
    )


def test_an_object_on_its_way_out_gets_no_new_finalizers():
    old = {"metadata": {"deletionTimestamp": "t", "finalizers": ["a.b/c"]}}
    fewer = {"metadata": {"deletionTimestamp": "t"}}
    more = {"metadata": {"deletionTimestamp": "t", "finalizers": ["a.b/c", "a.b/d"]}}

    assert validation.metadata_update(fewer, old) == []
    (error,) = validation.metadata_update(more, old)
    assert error.reason == "FieldValueForbidden"


@given(st.text())
def test_no_text_is_a_name_that_leaves_its_place_in_a_path(text):
    if not validation.subdomain(text):
        assert "/" not in text
        assert text not in ("", ".", "..")
        assert text.isascii()
