"""The published documents are whole: every reference leads to a model, every path is served."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from wharfinger.cluster import openapi
from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds import ALL, SERVED


def references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


def test_version_2_has_every_model_it_refers_to():
    document = openapi.v2(SERVED)

    assert {one.removeprefix("#/definitions/") for one in references(document)} <= set(
        document["definitions"]
    )


@pytest.mark.parametrize("path", list(openapi.v3_index(SERVED)["paths"]))
def test_version_3_has_every_model_it_refers_to(path):
    document = openapi.v3(SERVED, path)

    known = set(document["components"]["schemas"])
    assert {one.removeprefix("#/components/schemas/") for one in references(document)} <= known


def test_version_3_is_there_for_each_group_and_for_nothing_else():
    groups = {f"apis/{kind.api_version}" for kind in SERVED if kind.group and kind.verbs}

    assert set(openapi.v3_index(SERVED)["paths"]) == {"api/v1", *groups}
    assert openapi.v3(SERVED, "apis/nowhere/v1") is None


def test_the_address_of_a_document_changes_with_it():
    before, after = (openapi.v3_index(kinds)["paths"]["api/v1"] for kinds in (SERVED, ALL[:1]))

    assert before["serverRelativeURL"].startswith("/openapi/v3/api/v1?hash=")
    assert before != after


def test_each_kind_is_named_by_its_model():
    definitions = openapi.v2(SERVED)["definitions"]

    named = [
        tuple(one.values())
        for model in definitions.values()
        for one in model.get("x-kubernetes-group-version-kind", ())
    ]
    assert sorted(named) == sorted((kind.group, kind.version, kind.kind) for kind in SERVED)


def test_clients_learn_that_writes_can_be_checked_and_tried():
    paths = openapi.v3(SERVED, "api/v1")["paths"]
    patch = paths["/api/v1/namespaces/{namespace}/secrets/{name}"]["patch"]

    assert patch["x-kubernetes-group-version-kind"] == {
        "group": "",
        "version": "v1",
        "kind": "Secret",
    }
    assert {"dryRun", "fieldValidation"} <= {one["name"] for one in patch["parameters"]}


def test_clients_learn_it_of_kinds_that_are_only_created_too():
    for path in openapi.v3_index(SERVED)["paths"]:
        paths = openapi.v3(SERVED, path)["paths"]
        patched = {
            one["patch"]["x-kubernetes-group-version-kind"]["kind"]
            for one in paths.values()
            if "patch" in one
        }
        made = {kind.kind for kind in SERVED if "create" in kind.verbs}
        served = {
            kind.kind
            for kind in SERVED
            if path in (f"api/{kind.api_version}", f"apis/{kind.api_version}")
        }
        assert made & served <= patched

    paths = openapi.v3(SERVED, "apis/project.openshift.io/v1")["paths"]
    patch = paths["/apis/project.openshift.io/v1/projectrequests"]["patch"]
    assert list(patch["responses"]) == ["405"]


def test_a_subresource_takes_the_kind_it_declares():
    paths = openapi.v3(SERVED, "api/v1")["paths"]
    post = paths["/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"]["post"]

    assert post["x-kubernetes-group-version-kind"]["kind"] == "TokenRequest"


def test_operations_have_names_of_their_own():
    for document in (openapi.v2(SERVED), openapi.v3(SERVED, "api/v1")):
        names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
        assert len(names) == len(set(names))


def test_fields_keep_how_patches_merge_them():
    account = openapi.v2(SERVED)["definitions"]["io.k8s.api.core.v1.ServiceAccount"]

    assert account["properties"]["secrets"]["x-kubernetes-patch-merge-key"] == "name"
    assert account["properties"]["metadata"]["$ref"].endswith("meta.v1.ObjectMeta")


def test_every_field_is_explained():
    def unexplained(schema: dict[str, Any], path: str) -> Iterator[str]:
        for name, field in schema.get("properties", {}).items():
            if not field.get("description"):
                yield f"{path}.{name}"
            yield from unexplained(field, f"{path}.{name}")
            yield from unexplained(field.get("items", {}), f"{path}.{name}[]")

    assert [field for kind in SERVED for field in unexplained(kind.schema, kind.kind)] == []


def test_a_kind_with_a_plain_schema_is_published_too():
    crate = Kind(
        group="g.test",
        version="v1",
        kind="Crate",
        plural="crates",
        singular="crate",
        namespaced=False,
        schema={"type": "object", "properties": {"size": {"type": "integer"}}},
    )

    document = openapi.v3([crate], "apis/g.test/v1")

    assert "size" in document["components"]["schemas"]["g.test.v1.Crate"]["properties"]


def test_documents_are_json():
    json.dumps(openapi.v2(SERVED))
    json.dumps(openapi.v3_index(SERVED))
