"""The protobuf form of the description says the same as the JSON form."""

import json

import pytest

from wharfinger.cluster import openapi, openapi_protobuf
from wharfinger.cluster.kinds import SERVED


def read(data: bytes) -> dict[int, list[bytes | int]]:
    """Read one message without knowing its type: its fields by number."""
    fields: dict[int, list[bytes | int]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        size = varint()
        if key & 7 == 2:
            fields.setdefault(key >> 3, []).append(data[at : at + size])
            at += size
        else:
            fields.setdefault(key >> 3, []).append(size)
    return fields


@pytest.fixture(scope="module")
def document():
    return openapi.v2(SERVED)


@pytest.fixture(scope="module")
def encoded(document):
    return read(openapi_protobuf.encode(document))


def named(messages):
    return {read(one)[1][0].decode(): read(one)[2][0] for one in messages}


def test_every_model_is_there_with_its_fields(document, encoded):
    models = named(read(encoded[9][0])[1])

    assert list(models) == list(document["definitions"])
    for name, model in document["definitions"].items():
        fields = named(read(read(models[name]).get(25, [b""])[0]).get(1, []))
        assert list(fields) == list(model.get("properties", ()))


def test_every_path_is_there_with_its_operations(document, encoded):
    numbers = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}
    paths = named(read(encoded[8][0])[2])

    assert list(paths) == list(document["paths"])
    for path, operations in document["paths"].items():
        assert set(read(paths[path])) == {numbers[method] for method in operations}


def test_types_references_and_extensions_are_written(encoded):
    account = read(named(read(encoded[9][0])[1])["io.k8s.api.core.v1.ServiceAccount"])
    fields = named(read(account[25][0])[1])
    secrets = read(fields["secrets"])

    assert read(account[22][0])[1] == [b"object"]
    assert read(fields["metadata"])[1][0].startswith(b"#/definitions/io.k8s.")
    assert read(secrets[22][0])[1] == [b"array"]
    extensions = {key: json.loads(read(value)[2][0]) for key, value in named(secrets[31]).items()}
    assert extensions["x-kubernetes-patch-merge-key"] == "name"


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", True),
        ("application/com.github.proto-openapi.spec.v2.v1.0+protobuf;q=0.9,application/json", True),
        ("application/json", False),
        ("*/*", False),
    ],
)
def test_only_who_asks_for_it_gets_it(accept, asked):
    assert openapi_protobuf.accepted(accept) is asked


def test_the_answer_has_a_content_type_that_can_be_parsed():
    assert "@" not in openapi_protobuf.CONTENT_TYPE
