"""Objects in protobuf are read as the JSON that the same client would have sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster import protobuf
from wharfinger.cluster.kinds import (
    CONFIG_MAP,
    EVENT,
    NAMESPACE,
    POD,
    PROJECT,
    ROLE_BINDING,
    SECRET,
    SELF_SUBJECT_ACCESS_REVIEW,
    SERVED,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REQUEST,
)
from wharfinger.cluster.kinds.shapes import Record
from wharfinger.cluster.kinds.wire import FIELDS
from wharfinger.errors import BadInput, Unsupported

# What kubectl 1.35 sent for `create namespace`, `create token`, `create secret generic`,
# `create rolebinding` and `auth can-i`.
META = b'\x12\x00\x1a\x00"\x00*\x002\x008\x00B\x00'
RECORDED = [
    (
        NAMESPACE,
        b"k8s\x00\n\x0f\n\x02v1\x12\tNamespace\x12\x1b\n\x13\n\x03foo"
        + META
        + b'\x12\x00\x1a\x02\n\x00\x1a\x00"\x00',
        {"metadata": {"name": "foo"}, "spec": {}, "status": {}},
    ),
    (
        TOKEN_REQUEST,
        b"k8s\x00\n(\n\x18authentication.k8s.io/v1\x12\x0cTokenRequest\x12\x1a\n\x10\n\x00"
        + META
        + b'\x12\x00\x1a\x04\n\x00\x12\x00\x1a\x00"\x00',
        {"metadata": {}, "spec": {}, "status": {}},
    ),
    (
        SECRET,
        b"k8s\x00\n\x0c\n\x02v1\x12\x06Secret\x12\x1d\n\x11\n\x01x"
        + META
        + b'\x12\x06\n\x01a\x12\x01b\x1a\x00\x1a\x00"\x00',
        {"metadata": {"name": "x"}, "data": {"a": "Yg=="}},
    ),
    (
        ROLE_BINDING,
        b"k8s\x00\n+\n\x1crbac.authorization.k8s.io/v1\x12\x0bRoleBinding\x12a\n\x11\n\x01x"
        + META
        + b'\x12&\n\x04User\x12\x19rbac.authorization.k8s.io\x1a\x01b"\x00'
        + b'\x1a$\n\x19rbac.authorization.k8s.io\x12\x04Role\x1a\x01a\x1a\x00"\x00',
        {
            "metadata": {"name": "x"},
            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "b"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"},
        },
    ),
    (
        SELF_SUBJECT_ACCESS_REVIEW,
        b"k8s\x00\n2\n\x17authorization.k8s.io/v1\x12\x17SelfSubjectAccessReview\x12<\n\x10\n\x00"
        + META
        + b'\x12\x1e\n\x1c\n\x07default\x12\x03get\x1a\x00"\x00*\x04pods2\x00:\x00'
        + b'\x1a\x08\x08\x00\x12\x00\x1a\x00 \x00\x1a\x00"\x00',
        {
            "metadata": {},
            "spec": {
                "resourceAttributes": {"namespace": "default", "verb": "get", "resource": "pods"}
            },
            "status": {"allowed": False},
        },
    ),
]


def varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def sub(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def num(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def envelope(content: bytes, *more: bytes) -> bytes:
    return b"k8s\x00" + sub(1, sub(1, b"v1")) + sub(2, content) + b"".join(more)


@pytest.mark.parametrize(
    ("kind", "body", "obj"), RECORDED, ids=lambda one: getattr(one, "kind", "")
)
def test_what_kubectl_sent_is_read(kind, body, obj):
    assert protobuf.decode(body, kind.schema) == {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        **obj,
    }


def test_numbers_flags_times_and_bytes_are_read():
    config = protobuf.decode(
        envelope(sub(3, sub(1, b"k") + sub(2, b"\x00")) + num(4, 0)), CONFIG_MAP.schema
    )
    moment = num(1, 1_700_000_000)
    event = protobuf.decode(
        envelope(num(8, 3) + sub(6, moment) + sub(10, moment + num(2, 5_000))), EVENT.schema
    )

    assert config == {
        "apiVersion": "v1",
        "kind": "",
        "binaryData": {"k": "AA=="},
        "immutable": False,
    }
    assert event == {
        "apiVersion": "v1",
        "kind": "",
        "count": 3,
        "firstTimestamp": "2023-11-14T22:13:20Z",
        "eventTime": "2023-11-14T22:13:20.000005Z",
    }


def test_negative_numbers_are_read():
    body = envelope(sub(1, num(7, (1 << 64) - 1)))

    assert protobuf.decode(body, CONFIG_MAP.schema)["metadata"] == {"generation": -1}


def test_maps_of_lists_are_read():
    extra = sub(5, sub(1, b"scopes") + sub(2, sub(1, b"a") + sub(1, b"")))

    spec = protobuf.decode(envelope(sub(2, extra)), SUBJECT_ACCESS_REVIEW.schema)["spec"]

    assert spec == {"extra": {"scopes": ["a", ""]}}


def test_unknown_fields_are_passed_over():
    body = envelope(
        sub(99, b"x")
        + num(98, 1)
        + varint(97 << 3 | 5)
        + b"1234"
        + varint(96 << 3 | 1)
        + b"12345678"
    )

    assert protobuf.decode(body, CONFIG_MAP.schema) == {"apiVersion": "v1", "kind": ""}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"k8s\x00\x0a\x7f",
        b"k8s\x00\xff",
        b"k8s\x00" + b"\xff" * 20,
        b"k8s\x00\x0b",
        envelope(sub(1, sub(1, b"\xff"))),
        envelope(num(1, 1)),
        envelope(sub(4, b"x")),
        envelope(b"", sub(3, b"gzip")),
        envelope(b"", sub(4, b"application/json")),
    ],
)
def test_what_is_no_such_message_is_refused(body):
    with pytest.raises(BadInput):
        protobuf.decode(body, CONFIG_MAP.schema)


def test_a_time_beyond_the_calendar_is_refused():
    with pytest.raises(BadInput):
        protobuf.decode(envelope(sub(6, num(1, 1 << 62))), EVENT.schema)


def test_kinds_that_kubernetes_does_not_know_have_no_such_form():
    with pytest.raises(Unsupported):
        protobuf.decode(envelope(b""), PROJECT.schema)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data):
    for schema in (NAMESPACE.schema, EVENT.schema, SUBJECT_ACCESS_REVIEW.schema):
        try:
            protobuf.decode(envelope(data), schema)
        except BadInput:
            continue


def test_every_field_of_the_schemas_has_a_number_and_every_number_a_field():
    # Free-form fields are not read from protobuf.
    left_out = {
        "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry": {"fieldsV1"},
        "io.k8s.api.authorization.v1.ResourceAttributes": {"fieldSelector", "labelSelector"},
    }
    for record in records(kind.schema for kind in SERVED):
        if record.model.startswith("io.k8s."):
            names = set(record["properties"]) - left_out.get(record.model, set())
            numbered = set(numbered_in(record.model))
            assert names - numbered <= {"apiVersion", "kind"}, record.model
            assert numbered <= names, record.model


def numbered_in(model):
    for field in FIELDS[model].values():
        if field.embedded:
            yield from numbered_in(field.embedded)
        else:
            yield field.name


def records(schemas):
    for schema in schemas:
        if isinstance(schema, Record):
            yield schema
        below = [schema[word] for word in ("items", "additionalProperties") if word in schema]
        yield from records([*schema.get("properties", {}).values(), *below])


# The template of what kubectl 1.35 sent for `create deployment x --image=a`: of a container it
# writes each field that is no pointer, said or not.
TEMPLATE = (
    b'\n\x1a\n\x00\x12\x00\x1a\x00"\x00*\x002\x008\x00B\x00Z\x08\n\x03app\x12\x01x'
    b"\x128\x12\x1a\n\x01a\x12\x01a*\x00B\x00j\x00r\x00\x80\x01\x00\x88\x01\x00\x90\x01\x00"
    b"\xa2\x01\x00\x1a\x002\x00B\x00J\x00R\x00X\x00`\x00h\x00\x82\x01\x00\x8a\x01\x00\x9a\x01\x00"
    b"\xc2\x01\x00"
)


def spec_of(content):
    """Read a pod whose spec is this message."""
    return protobuf.decode(envelope(sub(2, content)), POD.schema)["spec"]


def test_a_template_that_kubectl_sent_says_only_what_was_meant():
    pod = protobuf.decode(envelope(TEMPLATE), POD.schema)

    assert pod["metadata"] == {"labels": {"app": "x"}}
    assert pod["spec"] == {"containers": [{"name": "a", "image": "a", "resources": {}}]}


def test_a_zero_that_says_something_is_kept():
    spec = spec_of(num(4, 0) + num(11, 0) + num(21, 0) + sub(14, num(2, 0)))

    assert spec == {
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsUser": 0},
    }


def test_a_message_that_is_there_is_an_object_even_an_empty_one():
    volume = sub(1, b"v") + sub(2, sub(2, b""))

    assert spec_of(sub(1, volume)) == {"volumes": [{"name": "v", "emptyDir": {}}]}


def test_ports_are_numbers_or_names():
    def probe(port):
        handler = sub(1, sub(2, sub(2, port)))
        return spec_of(sub(2, sub(10, handler + num(3, 5))))["containers"][0]["livenessProbe"]

    by_number, by_name = probe(num(1, 0) + num(2, 80)), probe(num(1, 1) + sub(3, b"web"))

    assert by_number == {"httpGet": {"port": 80}, "timeoutSeconds": 5}
    assert by_name == {"httpGet": {"port": "web"}, "timeoutSeconds": 5}
    assert probe(b"")["httpGet"] == {"port": 0}


def test_amounts_are_read_by_their_names():
    limits = sub(1, sub(1, b"cpu") + sub(2, sub(1, b"500m")))
    limits += sub(1, sub(1, b"memory") + sub(2, b""))

    spec = spec_of(sub(2, sub(8, limits)))

    assert spec["containers"][0]["resources"] == {"limits": {"cpu": "500m", "memory": "0"}}


def test_fields_of_an_embedded_message_are_those_of_the_record():
    reference = sub(1, sub(1, b"s")) + sub(2, b"k") + num(3, 0)
    variable = sub(1, b"A") + sub(3, sub(4, reference))

    spec = spec_of(sub(2, sub(7, variable)))

    source = spec["containers"][0]["env"][0]["valueFrom"]
    assert source == {"secretKeyRef": {"name": "s", "key": "k", "optional": False}}


@pytest.mark.parametrize("field", [sub(10, sub(1, sub(2, sub(2, b"\xff")))), sub(8, num(1, 1))])
def test_what_is_no_port_and_no_amount_is_refused(field):
    with pytest.raises(BadInput):
        spec_of(sub(2, field))
