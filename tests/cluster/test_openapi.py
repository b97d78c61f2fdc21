"""The published documents are whole: every reference leads to a model, every path is served."""

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from wharfinger.cluster import openapi
from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds import ALL, SERVED, shapes
from wharfinger.cluster.kinds.project import PROJECT_REQUEST


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
    names = {(kind.group, kind.version, kind.kind) for kind in SERVED}
    lists = {(*name[:2], f"{name[2]}List") for name in names}
    own = {name for name in named if name[2] not in ("Status", "APIResourceList", "DeleteOptions")}
    assert len(named) == len(set(named))
    assert names <= own <= names | lists


def test_clients_learn_that_writes_can_be_checked_and_tried():
    paths = openapi.v3(SERVED, "api/v1")["paths"]
    patch = paths["/api/v1/namespaces/{namespace}/secrets/{name}"]["patch"]

    assert patch["x-kubernetes-group-version-kind"] == {
        "group": "",
        "version": "v1",
        "kind": "Secret",
    }
    assert {"dryRun", "fieldValidation"} <= {one["name"] for one in patch["parameters"]}


def test_clients_learn_it_of_kinds_that_are_never_patched_too():
    for path in openapi.v3_index(SERVED)["paths"]:
        paths = openapi.v3(SERVED, path)["paths"]
        patched = {
            one["patch"]["x-kubernetes-group-version-kind"]["kind"]
            for one in paths.values()
            if "patch" in one
        }
        served = {
            kind.kind
            for kind in SERVED
            if kind.verbs and path in (f"api/{kind.api_version}", f"apis/{kind.api_version}")
        }
        assert served <= patched


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("apis/project.openshift.io/v1", "/projectrequests"),
        ("apis/oauth.openshift.io/v1", "/oauthaccesstokens/{name}"),
        ("api/v1", "/namespaces/{namespace}/services/{name}"),
        ("apis/apiextensions.k8s.io/v1", "/customresourcedefinitions/{name}"),
    ],
)
def test_a_patch_that_is_only_there_to_be_read_about_is_said_to_be_refused(base, path):
    patch = openapi.v3(SERVED, base)["paths"][f"/{base}{path}"]["patch"]

    assert list(patch["responses"]) == ["405", "default"]
    assert {"dryRun", "fieldValidation"} <= {one["name"] for one in patch["parameters"]}


def test_what_is_never_there_may_be_written_freely():
    definitions = openapi.v2(SERVED)["definitions"]

    spec = definitions["io.k8s.api.core.v1.Service"]["properties"]["spec"]
    assert (spec["type"], spec["x-kubernetes-preserve-unknown-fields"]) == ("object", True)
    assert "properties" not in spec


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


@functools.cache
def version_2() -> dict[str, Any]:
    return openapi.v2(SERVED)


@functools.cache
def version_3(path: str) -> dict[str, Any] | None:
    return openapi.v3(SERVED, path)


def document_of(kind: Kind) -> dict[str, Any]:
    document = version_3(base_of(kind).strip("/"))
    assert document is not None
    return document


def base_of(kind: Kind) -> str:
    return f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"


SHOWN = [kind for kind in SERVED if kind.verbs]
METHODS = {
    "get": "get",
    "list": "get",
    "create": "post",
    "update": "put",
    "patch": "patch",
    "delete": "delete",
    "deletecollection": "delete",
}


def paths_of(kind: Kind) -> Iterator[tuple[str, str]]:
    """Each path and method that the server answers for a kind."""
    scope = "namespaces/{namespace}/" if kind.namespaced else ""
    collection = f"{base_of(kind)}/{scope}{kind.plural}"
    for verb in set(kind.verbs) - {"watch"}:
        many = verb in ("list", "create", "deletecollection")
        yield (collection if many else f"{collection}/{{name}}"), METHODS[verb]
    if "list" in kind.verbs:
        yield f"{base_of(kind)}/{kind.plural}", "get"
    for below in kind.subresources:
        for verb in below.verbs:
            yield f"{collection}/{{name}}/{below.name}", METHODS[verb]


@pytest.mark.parametrize("kind", SHOWN, ids=lambda kind: f"{kind.plural}.{kind.group}")
def test_every_operation_that_is_served_is_described(kind):
    third, second = document_of(kind), version_2()

    for path, method in paths_of(kind):
        for document in (third, second):
            operation = document["paths"][path][method]
            places = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert places == {part for part in ("namespace", "name") if f"{{{part}}}" in path}
            assert "default" in operation["responses"]


@pytest.mark.parametrize("kind", SHOWN, ids=lambda kind: f"{kind.plural}.{kind.group}")
def test_a_list_is_of_the_objects_of_its_kind(kind):
    if "list" not in kind.verbs:
        return
    operation = document_of(kind)["paths"][f"{base_of(kind)}/{kind.plural}"]["get"]
    if kind is PROJECT_REQUEST:  # tells only whether one may be made
        ok = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert ok["$ref"].endswith("meta.v1.Status")
        return

    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    model = document_of(kind)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    assert model["x-kubernetes-group-version-kind"][0]["kind"] == f"{kind.kind}List"
    assert model["properties"]["items"]["type"] == "array"
    names = {one["name"] for one in operation["parameters"]}
    assert {"limit", "continue", "labelSelector", "resourceVersionMatch"} <= names
    assert ("watch" in kind.verbs) == ({"watch", "sendInitialEvents", "timeoutSeconds"} <= names)


def test_a_patch_may_be_an_apply():
    paths = openapi.v3(SERVED, "api/v1")["paths"]
    patch = paths["/api/v1/namespaces/{namespace}/configmaps/{name}"]["patch"]

    assert set(patch["requestBody"]["content"]) == {
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    }
    assert {"force", "fieldManager"} <= {one["name"] for one in patch["parameters"]}


def test_a_deletion_may_have_a_body_and_answers_what_is_left():
    path = "/api/v1/namespaces/{namespace}/configmaps/{name}"
    third = openapi.v3(SERVED, "api/v1")["paths"][path]["delete"]
    second = openapi.v2(SERVED)["paths"][path]["delete"]

    assert "required" not in third["requestBody"]
    assert "gracePeriodSeconds" in {one["name"] for one in third["parameters"]}
    answers = third["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    assert [one["$ref"].rpartition(".")[2] for one in answers] == ["Status", "ConfigMap"]
    assert second["parameters"][0]["schema"]["$ref"].endswith("v1.DeleteOptions")


def test_parameters_have_types():
    paths = openapi.v3(SERVED, "api/v1")["paths"]
    types = {
        one["name"]: one["schema"]
        for one in paths["/api/v1/namespaces/{namespace}/configmaps"]["get"]["parameters"]
    }

    assert types["limit"] == {"type": "integer", "minimum": 0}
    assert types["watch"] == {"type": "boolean"}
    assert types["resourceVersionMatch"] == {"type": "string", "enum": ["Exact", "NotOlderThan"]}


CRATE = Kind(
    group="g.test",
    version="v1",
    kind="Crate",
    plural="crates",
    singular="crate",
    namespaced=True,
    schema=shapes.Record(
        "g.test.v1.Crate",
        "A crate.",
        {
            "port": shapes.int_or_string("Which port."),
            "weight": shapes.quantity("How heavy."),
            "lid": shapes.Record("g.test.v1.Lid", "A lid.", {}, ("size",)).of(
                "What is on top.", **{"x-kubernetes-patch-strategy": "retainKeys"}
            ),
        },
    ),
)


def test_numbers_or_texts_and_amounts_have_models_that_clients_know():
    second = openapi.v2([CRATE])["definitions"]
    third = openapi.v3([CRATE], "apis/g.test/v1")["components"]["schemas"]
    port = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
    weight = "io.k8s.apimachinery.pkg.api.resource.Quantity"

    assert second["g.test.v1.Crate"]["properties"]["port"] == {
        "description": "Which port.",
        "$ref": f"#/definitions/{port}",
    }
    assert (second[port]["type"], second[port]["format"]) == ("string", "int-or-string")
    assert second[weight]["type"] == "string"
    assert third["g.test.v1.Crate"]["properties"]["weight"] == {
        "description": "How heavy.",
        "allOf": [{"$ref": f"#/components/schemas/{weight}"}],
    }
    assert [one["type"] for one in third[port]["oneOf"]] == ["integer", "string"]
    assert [one["type"] for one in third[weight]["oneOf"]] == ["number", "string"]


def test_what_patches_do_with_a_field_stands_beside_it_and_not_in_its_model():
    for document, models in (
        (openapi.v2([CRATE]), lambda found: found["definitions"]),
        (openapi.v3([CRATE], "apis/g.test/v1"), lambda found: found["components"]["schemas"]),
    ):
        crate, lid = (models(document)[f"g.test.v1.{name}"] for name in ("Crate", "Lid"))
        assert crate["properties"]["lid"]["x-kubernetes-patch-strategy"] == "retainKeys"
        assert "x-kubernetes-patch-strategy" not in lid
        assert lid["required"] == ["size"]
