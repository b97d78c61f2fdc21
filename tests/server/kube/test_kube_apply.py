"""Server-side apply and managers of fields, in the words of HTTP."""

from __future__ import annotations

import json

import pytest

from wharfinger.cluster.authorize import Access

CONFIGMAPS = "/api/v1/namespaces/dock/configmaps"
APPLY = "application/apply-patch+yaml"


def config(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


async def apply(client, body, query="fieldManager=ada", **headers):
    return await client("PATCH", f"{CONFIGMAPS}/a?{query}", body, content_type=APPLY, **headers)


def managers(answer):
    entries = answer.json()["metadata"]["managedFields"]
    return [(one["manager"], one["operation"], one["fieldsV1"]) for one in entries]


def status_of(answer):
    status = answer.json()
    assert status["kind"] == "Status"
    return answer.status, status["reason"], status["message"]


async def test_an_apply_makes_what_is_absent_and_then_changes_it(client):
    made = await apply(client, config(k="v"))
    again = await apply(client, config(k="v"))
    changed = await apply(client, config(x="y"))

    assert (made.status, again.status, changed.status) == (201, 200, 200)
    assert managers(made) == [("ada", "Apply", {"f:data": {"f:k": {}}})]
    assert again.json() == made.json()
    assert changed.json()["data"] == {"x": "y"}


async def test_a_conflict_names_managers_and_fields(client):
    await apply(client, config(k="v", x="y"))

    refused = await apply(client, config(k="w", x="z"), "fieldManager=bob")
    one = await apply(client, config(k="w"), "fieldManager=bob")
    forced = await apply(client, config(k="w"), "fieldManager=bob&force=true")

    assert status_of(refused) == (
        409,
        "Conflict",
        'Apply failed with 2 conflicts: conflicts with "ada":\n- .data.k\n- .data.x',
    )
    assert refused.json()["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "ada"', "field": ".data.k"},
        {"reason": "FieldManagerConflict", "message": 'conflict with "ada"', "field": ".data.x"},
    ]
    assert one.json()["message"] == ('Apply failed with 1 conflict: conflict with "ada": .data.k')
    assert managers(forced) == [
        ("ada", "Apply", {"f:data": {"f:x": {}}}),
        ("bob", "Apply", {"f:data": {"f:k": {}}}),
    ]


async def test_an_apply_must_say_who_applies(client):
    refused = await apply(client, config(), "")

    words = "fieldManager: Required value: is required for apply patch"
    assert status_of(refused) == (
        422,
        "Invalid",
        f'PatchOptions.meta.k8s.io "" is invalid: {words}',
    )
    assert refused.json()["details"]["kind"] == "PatchOptions"


async def test_only_an_apply_can_be_forced(client):
    refused = await client(
        "PATCH", f"{CONFIGMAPS}/a?force=true", {}, content_type="application/merge-patch+json"
    )

    words = "force: Forbidden: may not be specified for non-apply patch"
    assert status_of(refused) == (
        422,
        "Invalid",
        f'PatchOptions.meta.k8s.io "" is invalid: {words}',
    )


@pytest.mark.parametrize(
    ("manager", "words"), [("a" * 129, "Too long"), ("a%0Ab", "invalid character U+000A")]
)
async def test_a_manager_has_a_short_name_that_can_be_shown(client, manager, words):
    refused = await client("POST", f"{CONFIGMAPS}?fieldManager={manager}", config())

    status, reason, message = status_of(refused)
    assert (status, reason) == (422, "Invalid")
    assert message.startswith('CreateOptions.meta.k8s.io "" is invalid: fieldManager: ')
    assert words in message


@pytest.mark.parametrize(
    ("agent", "manager"),
    [
        ("kubectl/v1.35.0 (linux/amd64) kubernetes/abc", "kubectl"),
        ("Python-urllib", "Python-urllib"),
        ("a\x7fb/1", "ab"),
        ("x" * 300, "x" * 128),
        ("", "unknown"),
        ("/1", "unknown"),
    ],
)
async def test_who_does_not_say_is_what_it_calls_itself(client, agent, manager):
    made = await client("POST", CONFIGMAPS, config(k="v"), user_agent=agent)

    assert managers(made) == [(manager, "Update", {"f:data": {".": {}, "f:k": {}}})]


async def test_to_make_by_an_apply_takes_the_right_to_create(client, rights):
    allowed = Access("patch", "", "configmaps", namespace="dock", name="a")
    rights.only(allowed)

    refused = await apply(client, config())
    rights.only(allowed, Access("create", "", "configmaps", namespace="dock", name="a"))
    made = await apply(client, config())

    assert refused.status == 403
    assert made.status == 201


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(config(k="v")).encode(),
        b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n",
        b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: v}}",
        b'{"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}}',
    ],
)
async def test_what_is_applied_is_yaml_or_json(client, body):
    made = await apply(client, body)

    assert made.json()["data"] == {"k": "v"}


async def test_json_may_be_as_long_as_any_body_and_yaml_not(client):
    long = await apply(client, config(k="v" * 100_000))
    yaml = await apply(client, b"# " + b"x" * 40_000)
    broken = await apply(client, b'{"a": ' + b" " * 40_000)

    assert long.status == 201
    assert status_of(yaml)[:2] == (413, "RequestEntityTooLarge")
    assert broken.status == 400


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"- a", "must be an object"),
        ({"metadata": {"name": "a"}}, "invalid object type: /, Kind="),
        ({**config(), "kind": "Secret"}, "cannot be handled as a ConfigMap"),
        ({**config(), "metadata": {"name": "b"}}, "does not match the name on the URL"),
        ({**config(), "metadata": {"namespace": "quay"}}, "does not match the namespace"),
        ({**config(), "metadata": {"managedFields": []}}, "metadata.managedFields must be nil"),
        ({**config(), "metadata": {"resourceVersion": "1"}}, "resourceVersion should not be set"),
        ({**config(), "dada": {}}, 'unknown field "dada"'),
    ],
)
async def test_what_cannot_be_applied_is_refused(client, body, words):
    refused = await apply(client, body, "fieldManager=ada&fieldValidation=Strict")

    assert status_of(refused)[:2] == (400, "BadRequest")
    assert words in refused.json()["message"]


async def test_a_stated_version_must_be_the_present_one(client):
    made = (await apply(client, config(k="v"))).json()
    stale = {**config(k="w"), "metadata": {"name": "a", "resourceVersion": "1"}}
    fresh = {
        **stale,
        "metadata": {
            **stale["metadata"],
            "resourceVersion": made["metadata"]["resourceVersion"],
        },
    }

    assert (await apply(client, stale)).status == 409
    assert (await apply(client, fresh)).json()["data"] == {"k": "w"}


async def test_a_dry_apply_shows_and_keeps_nothing(client):
    shown = await apply(client, config(k="v"), "fieldManager=ada&dryRun=All")

    assert shown.status == 201
    assert shown.json()["data"] == {"k": "v"}
    assert (await client("GET", f"{CONFIGMAPS}/a")).status == 404


async def test_an_apply_in_a_form_we_do_not_read_is_refused(client):
    refused = await client(
        "PATCH", f"{CONFIGMAPS}/a?fieldManager=a", b"", content_type="application/apply-patch+cbor"
    )

    assert refused.status == 415
    assert "application/apply-patch+yaml" in refused.json()["message"]
