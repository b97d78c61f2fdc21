"""Objects are held against the schema of their kind."""

import pytest

from wharfinger.cluster import schema
from wharfinger.cluster.kinds import CONFIG_MAP, EVENT, NODE, POD, ROLE, SECRET, SERVICE_ACCOUNT


def found(kind, obj):
    unknown, errors = schema.validate(kind, obj)
    return list(unknown), [(error.field, error.message) for error in errors]


def test_an_object_of_known_fields_and_right_types_has_no_findings():
    obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {"x": "y"}, "generation": 1},
        "data": {"any.key": "value"},
        "immutable": True,
    }
    assert found(CONFIG_MAP, obj) == ([], [])


def test_unknown_fields_are_named_by_their_paths():
    obj = {
        "metadata": {"name": "a", "lables": {}},
        "rules": [{"verbs": ["get"]}, {"verb": ["get"]}],
        "spec": {},
    }
    assert found(ROLE, obj) == (["metadata.lables", "rules[1].verb", "spec"], [])


@pytest.mark.parametrize(
    ("obj", "field", "message"),
    [
        ({"data": "x"}, "data", 'Invalid value: "string": must be of type object: "string"'),
        (
            {"data": {"a": 1}},
            "data[a]",
            'Invalid value: "integer": must be of type string: "integer"',
        ),
        ({"metadata": []}, "metadata", 'Invalid value: "array": must be of type object: "array"'),
        (
            {"immutable": "true"},
            "immutable",
            'Invalid value: "string": must be of type boolean: "string"',
        ),
        (
            {"metadata": {"generation": True}},
            "metadata.generation",
            'Invalid value: "boolean": must be of type integer: "boolean"',
        ),
        (
            {"metadata": {"generation": 1 << 63}},
            "metadata.generation",
            'Invalid value: "integer": must fit into int64',
        ),
    ],
)
def test_a_wrong_type_is_an_error_with_its_path(obj, field, message):
    assert found(CONFIG_MAP, obj) == ([], [(field, message)])


@pytest.mark.parametrize("value", ["YQ==", "", "YWJj\nZGVm\n"])
def test_base64_is_taken_with_line_breaks(value):
    assert found(SECRET, {"data": {"a": value}}) == ([], [])


@pytest.mark.parametrize("value", ["YQ", "!", "YQ==YQ==", "Y Q==", "é"])
def test_what_is_not_base64_is_refused(value):
    (error,) = schema.validate(SECRET, {"data": {"a": value}}).errors

    assert (error.field, error.reason) == ("data[a]", "FieldValueTypeInvalid")


def test_an_error_never_repeats_a_value_that_may_be_a_secret():
    for obj in ({"data": {"a": "hunter2!"}}, {"data": "hunter2!"}, {"stringData": {"a": 123456}}):
        (error,) = schema.validate(SECRET, obj).errors
        assert "hunter2" not in error.message
        assert "123456" not in error.message


@pytest.mark.parametrize(
    "value", ["2026-02-03T04:05:06Z", "2026-02-03T04:05:06.123456Z", "2026-02-03T04:05:06+01:00"]
)
def test_times_are_taken_in_rfc_3339(value):
    assert found(EVENT, {"eventTime": value}) == ([], [])


@pytest.mark.parametrize(
    "value", ["", "now", "2026-02-30T04:05:06Z", "2026-02-03", "20260203T040506Z"]
)
def test_what_is_not_a_time_is_refused(value):
    (error,) = schema.validate(EVENT, {"eventTime": value}).errors

    assert error.field == "eventTime"


def test_null_stands_for_absent():
    obj = {"metadata": None, "data": {"a": None}, "immutable": None}

    assert found(CONFIG_MAP, obj) == ([], [])


def test_null_is_no_item_of_an_array():
    assert found(ROLE, {"rules": [None, {"verbs": [None]}]}) == (
        [],
        [
            ("rules[0]", 'Invalid value: "null": must be of type object: "null"'),
            ("rules[1].verbs[0]", 'Invalid value: "null": must be of type string: "null"'),
        ],
    )


def test_prune_drops_what_is_unknown_or_null_and_keeps_the_rest():
    obj = {
        "metadata": {"name": "a", "labels": None, "foo": 1, "annotations": {"x": None}},
        "secrets": [{"name": "s", "bar": 1}],
        "imagePullSecrets": None,
        "baz": {},
    }

    schema.prune(SERVICE_ACCOUNT, obj)

    assert obj == {"metadata": {"name": "a", "annotations": {"x": ""}}, "secrets": [{"name": "s"}]}


def test_free_form_fields_keep_all_they_hold():
    obj = {"metadata": {"managedFields": [{"fieldsV1": {"f:metadata": {"f:labels": {}}}}]}}

    schema.prune(CONFIG_MAP, obj)

    assert found(CONFIG_MAP, obj) == ([], [])
    assert obj["metadata"]["managedFields"][0]["fieldsV1"] == {"f:metadata": {"f:labels": {}}}


def probed(port):
    probe = {"httpGet": {"port": port}}
    return {"spec": {"containers": [{"name": "a", "livenessProbe": probe}]}}


def test_a_port_is_a_number_or_a_name():
    path = "spec.containers[0].livenessProbe.httpGet.port"
    assert found(POD, probed(80)) == found(POD, probed("web")) == ([], [])
    for value, kind in ((True, "boolean"), (1.5, "number"), ([], "array"), ({}, "object")):
        ((field, message),) = found(POD, probed(value))[1]
        assert field == path
        assert f'"{kind}"' in message
    assert found(POD, probed(1 << 31))[1] == [
        (path, 'Invalid value: "integer": must fit into int32')
    ]


def with_capacity(value):
    return {"status": {"capacity": {"cpu": value}}}


@pytest.mark.parametrize(("value", "written"), [(1, "1"), (0.5, "500m"), ("1024Mi", "1Gi")])
def test_an_amount_is_a_number_or_a_text_and_gets_one_form(value, written):
    node = with_capacity(value)

    assert found(NODE, node) == ([], [])
    schema.prune(NODE, node)
    assert node == with_capacity(written)


@pytest.mark.parametrize("value", ["", "a lot", True, [], {}])
def test_what_is_no_amount_is_refused(value):
    ((field, message),) = found(NODE, with_capacity(value))[1]

    assert field == "status.capacity[cpu]"
    assert "quantities must match the regular expression" in message


def test_an_amount_that_is_null_is_none_of_it():
    node = with_capacity(None)
    schema.prune(NODE, node)

    assert node == with_capacity("0")
