from __future__ import annotations

import pytest

from wharfinger.cluster.authorize import Access
from wharfinger.cluster.kinds import NAMESPACE
from wharfinger.cluster.subject import SYSTEM

CONFIGMAPS = "/api/v1/namespaces/dock/configmaps"


def config(name="a", **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def status_of(answer):
    status = answer.json()
    assert status["kind"] == "Status"
    assert status["code"] == answer.status
    return status["reason"], status["message"]


async def test_an_object_lives(client):
    made = await client("POST", CONFIGMAPS, config(data={"k": "v"}))
    got = await client("GET", f"{CONFIGMAPS}/a")
    put = await client("PUT", f"{CONFIGMAPS}/a", {**got.json(), "data": {"k": "w"}})
    deleted = await client("DELETE", f"{CONFIGMAPS}/a")
    gone = await client("GET", f"{CONFIGMAPS}/a")

    assert [answer.status for answer in (made, got, put, deleted, gone)] == [
        201,
        200,
        200,
        200,
        404,
    ]
    assert made.json() == got.json()
    assert put.json()["data"] == {"k": "w"}
    assert deleted.json()["status"] == "Success"
    assert deleted.json()["details"]["uid"] == made.json()["metadata"]["uid"]
    assert status_of(gone) == ("NotFound", 'configmaps "a" not found')
    assert gone.json()["details"] == {"name": "a", "kind": "configmaps"}


async def test_a_list_names_its_kind_and_version(client, objects):
    await client("POST", CONFIGMAPS, config())

    answer = await client("GET", CONFIGMAPS)

    found = answer.json()
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert found["metadata"] == {"resourceVersion": str(objects.cache.revision)}
    assert [item["metadata"]["name"] for item in found["items"]] == ["a"]


async def test_a_list_over_all_namespaces_needs_no_namespace(client, objects):
    await objects.create(NAMESPACE, "", {"metadata": {"name": "quay"}}, SYSTEM)
    for namespace in ("dock", "quay"):
        await client("POST", f"/api/v1/namespaces/{namespace}/configmaps", config())

    answer = await client("GET", "/api/v1/configmaps?limit=1")

    assert len(answer.json()["items"]) == 1
    assert answer.json()["metadata"]["remainingItemCount"] == 1
    token = answer.json()["metadata"]["continue"]
    rest = await client("GET", f"/api/v1/configmaps?continue={token}")
    assert rest.json()["items"][0]["metadata"]["namespace"] == "quay"


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/merge-patch+json", {"data": {"k": "w"}}),
        ("application/strategic-merge-patch+json", {"data": {"k": "w"}}),
        (
            "application/json-patch+json; charset=utf-8",
            [{"op": "replace", "path": "/data/k", "value": "w"}],
        ),
    ],
)
async def test_patches(client, media_type, body):
    await client("POST", CONFIGMAPS, config(data={"k": "v"}))

    answer = await client("PATCH", f"{CONFIGMAPS}/a", body, content_type=media_type)

    assert answer.status == 200
    assert answer.json()["data"] == {"k": "w"}


@pytest.mark.parametrize(
    ("media_type", "words"),
    [
        ("application/apply-patch+cbor", "application/apply-patch+yaml"),
        ("application/json", "accepted media types include: application/json-patch+json"),
    ],
)
async def test_a_patch_of_another_type_is_refused(client, media_type, words):
    await client("POST", CONFIGMAPS, config())

    answer = await client("PATCH", f"{CONFIGMAPS}/a", {}, content_type=media_type)

    assert answer.status == 415
    assert words in status_of(answer)[1]


async def test_a_stale_update_is_a_conflict(client):
    made = (await client("POST", CONFIGMAPS, config())).json()
    await client("PUT", f"{CONFIGMAPS}/a", {**made, "data": {"k": "v"}})

    answer = await client("PUT", f"{CONFIGMAPS}/a", {**made, "data": {"k": "w"}})

    assert status_of(answer) == (
        "Conflict",
        (
            'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
            "please apply your changes to the latest version and try again"
        ),
    )


async def test_an_invalid_object_names_every_cause(client):
    answer = await client("POST", CONFIGMAPS, config("A"))

    assert answer.status == 422
    assert answer.json()["reason"] == "Invalid"
    (cause,) = answer.json()["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("FieldValueInvalid", "metadata.name")
    assert answer.json()["details"]["kind"] == "ConfigMap"


async def test_a_taken_name_already_exists(client):
    await client("POST", CONFIGMAPS, config())

    answer = await client("POST", CONFIGMAPS, config())

    assert answer.status == 409
    assert status_of(answer) == ("AlreadyExists", 'configmaps "a" already exists')


async def test_unknown_fields_warn_unless_asked_otherwise(client):
    odd = config(bogus=1)

    warned = await client("POST", CONFIGMAPS, odd)
    strict = await client("POST", f"{CONFIGMAPS}?fieldValidation=Strict", odd)
    ignored = await client("PUT", f"{CONFIGMAPS}/a?fieldValidation=Ignore", odd)

    assert warned.header("warning") == '299 - "unknown field \\"bogus\\""'
    assert strict.status == 400
    assert 'strict decoding error: unknown field "bogus"' in status_of(strict)[1]
    assert ignored.header("warning") is None


async def test_a_warning_cannot_break_out_of_its_header(client):
    answer = await client("POST", CONFIGMAPS, config(**{"a\r\nset-cookie: b\u20ac": 1}))

    warning = answer.header("warning")
    assert warning is not None
    assert "\r" not in warning
    assert warning.isascii()


async def test_a_dry_run_stores_nothing(client):
    answer = await client("POST", f"{CONFIGMAPS}?dryRun=All", config())

    assert answer.status == 201
    assert (await client("GET", f"{CONFIGMAPS}/a")).status == 404
    assert (await client("POST", f"{CONFIGMAPS}?dryRun=Some", config())).status == 400


async def test_a_deletion_takes_options_in_its_body(client):
    made = (await client("POST", CONFIGMAPS, config())).json()
    other = {"kind": "DeleteOptions", "preconditions": {"uid": "another"}}
    own = {"preconditions": {"uid": made["metadata"]["uid"]}, "propagationPolicy": "Foreground"}

    refused = await client("DELETE", f"{CONFIGMAPS}/a", other)
    marked = await client("DELETE", f"{CONFIGMAPS}/a", own)

    assert refused.status == 409
    assert marked.json()["metadata"]["finalizers"] == ["foregroundDeletion"]


async def test_a_collection_is_deleted_by_selector(client):
    for name, app in (("a", "x"), ("b", "y")):
        labels = {"name": name, "labels": {"app": app}}
        await client("POST", CONFIGMAPS, config() | {"metadata": labels})

    answer = await client("DELETE", f"{CONFIGMAPS}?labelSelector=app%3Dx")

    assert [item["metadata"]["name"] for item in answer.json()["items"]] == ["a"]
    left = (await client("GET", CONFIGMAPS)).json()["items"]
    assert [item["metadata"]["name"] for item in left] == ["b"]


async def test_a_namespace_ends_through_its_finalizer(client):
    namespace = "/api/v1/namespaces/dock"

    marked = await client("DELETE", namespace)
    finalized = await client(
        "PUT", f"{namespace}/finalize", {**marked.json(), "spec": {"finalizers": []}}
    )

    assert marked.json()["status"]["phase"] == "Terminating"
    assert finalized.status == 200
    assert (await client("GET", namespace)).status == 404


# who may


@pytest.mark.parametrize(
    ("method", "target", "access"),
    [
        ("GET", f"{CONFIGMAPS}/a", Access("get", "", "configmaps", "", "dock", "a")),
        ("GET", CONFIGMAPS, Access("list", "", "configmaps", "", "dock")),
        ("GET", "/api/v1/configmaps", Access("list", "", "configmaps")),
        ("GET", f"{CONFIGMAPS}?watch=true", Access("watch", "", "configmaps", "", "dock")),
        ("POST", CONFIGMAPS, Access("create", "", "configmaps", "", "dock")),
        ("PUT", f"{CONFIGMAPS}/a", Access("update", "", "configmaps", "", "dock", "a")),
        ("PATCH", f"{CONFIGMAPS}/a", Access("patch", "", "configmaps", "", "dock", "a")),
        ("DELETE", f"{CONFIGMAPS}/a", Access("delete", "", "configmaps", "", "dock", "a")),
        ("DELETE", CONFIGMAPS, Access("deletecollection", "", "configmaps", "", "dock")),
        ("GET", "/api/v1/namespaces/dock", Access("get", "", "namespaces", "", "dock", "dock")),
        ("GET", "/api/v1/namespaces", Access("list", "", "namespaces")),
        (
            "PUT",
            "/api/v1/namespaces/dock/finalize",
            Access("update", "", "namespaces", "finalize", "dock", "dock"),
        ),
        (
            "POST",
            "/api/v1/namespaces/dock/serviceaccounts/bot/token",
            Access("create", "", "serviceaccounts", "token", "dock", "bot"),
        ),
        (
            "GET",
            "/apis/rbac.authorization.k8s.io/v1/namespaces/dock/roles/r",
            Access("get", "rbac.authorization.k8s.io", "roles", "", "dock", "r"),
        ),
        (
            "GET",
            "/apis/project.openshift.io/v1/projects/dock",
            Access("get", "project.openshift.io", "projects", "", "dock", "dock"),
        ),
        ("GET", "/version", Access("get", path="/version")),
        ("GET", "/apis/rbac.authorization.k8s.io", Access("get", path="/apis/rbac.authorization.k8s.io")),
    ],
)  # fmt: skip
async def test_each_request_asks_for_one_access(client, rights, method, target, access):
    rights.only()

    answer = await client(method, target, {})

    assert answer.status == 403
    assert rights.asked == [access]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "/api/v1/namespaces/dock",
            (
                'namespaces "dock" is forbidden: User "alice" cannot get resource "namespaces" '
                'in API group "" in the namespace "dock"'
            ),
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            (
                'clusterroles.rbac.authorization.k8s.io is forbidden: User "alice" cannot list resource '
                '"clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope'
            ),
        ),
        ("/version", 'forbidden: User "alice" cannot get path "/version"'),
    ],
)
async def test_a_refusal_is_worded_as_clients_know_it(client, rights, target, message):
    rights.only()

    assert status_of(await client("GET", target)) == ("Forbidden", message)


async def test_who_may_not_cannot_tell_what_there_is(client, rights):
    rights.only()
    await client("POST", CONFIGMAPS, config())

    present = await client("GET", "/api/v1/namespaces/dock/configmaps/a")
    absent = await client("GET", "/api/v1/namespaces/quay/frobs/a")

    assert present.status == absent.status == 403


# what there is not


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/frobs",
        "/api/v2/configmaps",
        "/api/v1/namespaces/dock/clusterroles",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/dock/clusterroles",
        "/api/v1/configmaps/a",
        f"{CONFIGMAPS}/a/status",
        f"{CONFIGMAPS}/a/b/c",
        "/api/v1/namespaces//configmaps",
        "/apis/absent.test",
        "/apis/absent.test/v1",
        "/openapi/v4",
        "/openapi/v3/apis/absent.test/v1",
    ],
)
async def test_other_paths_are_not_found(client, target):
    answer = await client("GET", target)

    assert answer.status == 404
    assert status_of(answer) == ("NotFound", "the server could not find the requested resource")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("DELETE", "/api/v1/namespaces"),
        ("DELETE", "/api/v1/configmaps"),
        ("POST", "/api/v1/configmaps"),
        ("GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews"),
        ("GET", "/api/v1/namespaces/dock/finalize"),
        ("OPTIONS", CONFIGMAPS),
        ("HEAD", CONFIGMAPS),
        ("POST", "/version"),
    ],
)
async def test_other_methods_are_not_allowed(client, method, target):
    answer = await client(method, target)

    assert answer.status == 405
    assert status_of(answer)[0] == "MethodNotAllowed"


async def test_a_computed_kind_answers_at_the_same_routes(client):
    answer = await client("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})

    assert answer.status == 201
    assert answer.json()["status"]["userInfo"]["username"] == "alice"


@pytest.mark.parametrize(
    "query",
    [
        "limit=many", "limit=-1", "watch=perhaps", "continue=!", "labelSelector=%3D",
        "fieldSelector=data%3Dx", "resourceVersion=x", "includeObject=Some",
    ],
)  # fmt: skip
async def test_a_query_that_cannot_be_read_is_refused(client, query):
    answer = await client("GET", f"{CONFIGMAPS}?{query}")

    assert answer.status == 400
    assert status_of(answer)[0] == "BadRequest"
