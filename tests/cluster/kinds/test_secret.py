"""Each type of secret must hold what its users read."""

import base64

import pytest

from wharfinger.cluster.kinds import SECRET


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def told(errors):
    return [f"{error.field}: {error.message}" for error in errors]


def test_a_secret_without_type_is_opaque():
    obj = {"metadata": {"name": "a"}}

    SECRET.default(obj)

    assert obj["type"] == "Opaque"


def test_plain_text_is_merged_into_the_data_and_not_kept():
    obj = {"data": {"a": encoded("1"), "b": encoded("2")}, "stringData": {"b": "3", "c": "é"}}

    SECRET.default(obj)

    assert obj["data"] == {"a": encoded("1"), "b": encoded("3"), "c": encoded("é")}
    assert "stringData" not in obj


@pytest.mark.parametrize(
    ("type_", "data", "missing"),
    [
        ("kubernetes.io/dockercfg", {}, ["data[.dockercfg]"]),
        ("kubernetes.io/dockerconfigjson", {}, ["data[.dockerconfigjson]"]),
        ("kubernetes.io/basic-auth", {}, ["data[username]", "data[password]"]),
        ("kubernetes.io/ssh-auth", {"ssh-privatekey": ""}, ["data[ssh-privatekey]"]),
        ("kubernetes.io/tls", {"tls.crt": ""}, ["data[tls.key]"]),
        (
            "kubernetes.io/service-account-token",
            {},
            ["metadata.annotations[kubernetes.io/service-account.name]"],
        ),
    ],
)
def test_a_known_type_requires_its_keys(type_, data, missing):
    errors = told(SECRET.validate({"type": type_, "data": data}))

    assert errors == [f"{field}: Required value" for field in missing]


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("Opaque", {}),
        ("example.com/own", {"x": ""}),
        ("kubernetes.io/dockercfg", {".dockercfg": encoded('{"a.test": {"auth": ""}}')}),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": encoded('{"auths": {}}')}),
        ("kubernetes.io/basic-auth", {"password": encoded("x")}),
        ("kubernetes.io/ssh-auth", {"ssh-privatekey": encoded("key")}),
        ("kubernetes.io/tls", {"tls.crt": "", "tls.key": ""}),
    ],
)
def test_a_secret_that_holds_them_is_taken(type_, data):
    assert told(SECRET.validate({"type": type_, "data": data})) == []


@pytest.mark.parametrize("text", ["", "x", "[]", "[" * 100_000, '"a"', "\udcff"])
def test_a_docker_secret_must_hold_a_json_object_and_the_error_does_not_repeat_it(text):
    data = {".dockerconfigjson": base64.b64encode(text.encode(errors="surrogateescape")).decode()}

    assert told(SECRET.validate({"type": "kubernetes.io/dockerconfigjson", "data": data})) == [
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be a JSON object'
    ]


def test_a_secret_has_up_to_a_mebibyte():
    limit = 1024 * 1024
    exact, more = (base64.b64encode(bytes(size)).decode() for size in (limit, limit + 1))

    assert told(SECRET.validate({"data": {"a": exact}})) == []
    assert told(SECRET.validate({"data": {"a": more}})) == [
        "data: Too long: may not be more than 1048576 bytes"
    ]


def test_the_type_cannot_be_changed():
    assert told(SECRET.validate_update({"type": "b"}, {"type": "a"})) == [
        'type: Invalid value: "b": field is immutable'
    ]


def test_an_immutable_secret_stays_as_it_is():
    old = {"type": "a", "data": {"x": "MQ=="}, "immutable": True}

    assert told(SECRET.validate_update(old, old)) == []
    assert told(SECRET.validate_update({"type": "a", "immutable": True}, old)) == [
        "data: Forbidden: field is immutable when `immutable` is set"
    ]


def test_secrets_are_selected_by_type():
    assert SECRET.selectable["type"]({"type": "a"}) == "a"
