"""Who may do what, and what one who may not is told."""

import pytest

from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName
from wharfinger.server.v2 import ROUTES

NAME = "team/app"
DIGEST = Digest.of(b"{}")
UPLOAD = "0" * 32

PULL = ("ada", "get", "imagestreams/layers", "team")
PUSH = ("ada", "update", "imagestreams/layers", "team")
CREATE = ("ada", "create", "imagestreams", "team")
DELETE = ("ada", "delete", "imagestreams", "team")
PRUNE = ("ada", "delete", "images", "")

READS = [
    ("GET", "/v2/{name}/manifests/latest"),
    ("HEAD", "/v2/{name}/manifests/latest"),
    ("GET", f"/v2/{{name}}/manifests/{DIGEST}"),
    ("GET", f"/v2/{{name}}/blobs/{DIGEST}"),
    ("HEAD", f"/v2/{{name}}/blobs/{DIGEST}"),
    ("GET", "/v2/{name}/tags/list"),
    ("GET", f"/v2/{{name}}/referrers/{DIGEST}"),
]
PUSHES = [
    ("PUT", "/v2/{name}/manifests/latest"),
    ("POST", "/v2/{name}/blobs/uploads/"),
    ("POST", f"/v2/{{name}}/blobs/uploads/?digest={DIGEST}"),
    ("POST", f"/v2/{{name}}/blobs/uploads/?mount={DIGEST}&from=team/app"),
    ("GET", f"/v2/{{name}}/blobs/uploads/{UPLOAD}"),
    ("PATCH", f"/v2/{{name}}/blobs/uploads/{UPLOAD}"),
    ("PUT", f"/v2/{{name}}/blobs/uploads/{UPLOAD}?digest={DIGEST}"),
    ("DELETE", f"/v2/{{name}}/blobs/uploads/{UPLOAD}"),
]
DELETIONS = [
    ("DELETE", "/v2/{name}/manifests/latest"),
    ("DELETE", f"/v2/{{name}}/manifests/{DIGEST}"),
    ("DELETE", f"/v2/{{name}}/blobs/{DIGEST}"),
]
WRITES = [*PUSHES, *DELETIONS]


def access(*actions, name=NAME, kind="repository"):
    return ({"type": kind, "name": name, "actions": list(actions)},)


def test_every_route_is_in_a_list_of_this_test():
    listed = {(method, path.partition("?")[0].format(name=NAME)) for method, path in READS + WRITES}

    for route in ROUTES[2:]:
        assert any(
            method == route.method and route.path.fullmatch(path) for method, path in listed
        ), route


async def test_a_ping_asks_nobody_to_log_in(client):
    nobody = await client.as_user(None)("GET", "/v2/")
    somebody = await client("GET", "/v2/")

    assert (nobody.status, nobody.code) == (401, "UNAUTHORIZED")
    assert nobody.headers["www-authenticate"] == (
        'Bearer realm="https://registry.test/oauth/token",service="registry"'
    )
    assert nobody.headers["docker-distribution-api-version"] == "registry/2.0"
    assert (somebody.status, somebody.body) == (200, b"{}")
    assert (await client("HEAD", "/v2")).status == 200


async def test_a_ping_takes_an_anonymous_token(client):
    assert (await client.as_user(None)("GET", "/v2/", access=())).status == 200


@pytest.mark.parametrize(("method", "path"), READS + WRITES)
async def test_nobody_is_challenged_whether_or_not_the_repository_exists(
    client, rights, method, path
):
    await client.push_image(NAME)
    rights.only()
    nobody = client.as_user(None)

    present = await nobody(method, path.format(name=NAME))
    absent = await nobody(method, path.format(name="team/abc"))

    assert present.status == absent.status == 401
    assert present.headers["content-length"] == absent.headers["content-length"]
    assert f'scope="repository:{NAME}:' in present.headers["www-authenticate"]


@pytest.mark.parametrize(("method", "path"), READS)
async def test_one_who_may_not_read_is_told_that_there_is_nothing(client, rights, method, path):
    await client.push_image(NAME)
    rights.only(("ada", "get", "imagestreams/layers", "other"))

    refused = await client(method, path.format(name=NAME))
    absent = await client(method, path.format(name="team/abc"))
    rights.only(PULL)
    unknown = await client(method, path.format(name="team/abc"))

    assert refused.status == absent.status == 404
    assert refused.body.replace(b"team/app", b"team/abc") == absent.body
    if "referrers" not in path:
        assert absent == unknown


@pytest.mark.parametrize("held", [(), (PULL,)])
@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_one_who_may_not_write_is_denied_whether_or_not_there_is_something(
    client, rights, method, path, held
):
    await client.push_image(NAME)
    rights.only(*held)

    refused = await client(method, path.format(name=NAME))
    absent = await client(method, path.format(name="team/abc"))

    assert refused.status == absent.status == 403
    assert refused.code == "DENIED"
    assert refused.body.replace(b"team/app", b"team/abc") == absent.body


@pytest.mark.parametrize(("method", "path"), PUSHES)
async def test_pushing_into_an_absent_project_looks_like_any_refusal(
    client, rights, absent_projects, method, path
):
    absent_projects.add("gone")
    rights.only()

    absent = await client(method, path.format(name="gone/app"))
    refused = await client(method, path.format(name=NAME))

    assert absent.status == refused.status == 403
    assert absent.body.replace(b"gone/app", b"team/app") == refused.body


@pytest.mark.parametrize(("method", "path"), PUSHES)
async def test_an_administrator_is_told_that_the_project_is_absent(
    client, absent_projects, method, path
):
    absent_projects.add("team")

    answer = await client(method, path.format(name=NAME))

    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")
    assert not await client.registry.exists(RepositoryName.parse(NAME))


async def test_a_pusher_without_create_pushes_only_to_what_exists(client, rights):
    await client.push_image(NAME)
    rights.only(PUSH)

    assert (await client("POST", f"/v2/{NAME}/blobs/uploads/")).status == 202
    refused = await client("POST", "/v2/team/new/blobs/uploads/")
    rights.only(PUSH, CREATE)
    allowed = await client("POST", "/v2/team/new/blobs/uploads/")

    assert (refused.status, refused.code) == (403, "DENIED")
    assert allowed.status == 202


async def test_the_right_is_asked_for_the_name_within_the_project(client, rights):
    await client("GET", "/v2/team/app/more/manifests/latest")

    asked = rights.asked[0]
    assert (asked.group, asked.namespace, asked.name) == (
        "image.openshift.io",
        "team",
        "app/more",
    )


@pytest.mark.parametrize(("method", "path"), DELETIONS)
async def test_ghsa_qg67_one_who_may_push_may_not_delete(client, rights, method, path):
    await client.push_image(NAME)
    rights.only(PULL, PUSH, CREATE)

    assert (await client(method, path.format(name=NAME))).status == 403

    rights.allowed = None
    bounded = access("pull", "push")
    assert (await client(method, path.format(name=NAME), access=bounded)).status == 401


@pytest.mark.parametrize("right", [DELETE, PRUNE])
async def test_deletion_needs_delete_on_the_stream_or_prune_everywhere(client, rights, right):
    await client.push_image(NAME)
    rights.only(right)

    assert (await client("DELETE", f"/v2/{NAME}/manifests/latest")).status == 202


async def test_an_upload_is_given_up_by_whoever_may_push(client, rights):
    rights.only(PUSH, CREATE)
    location = await client.begin(NAME)
    rights.only(PUSH)

    assert (await client("DELETE", location)).status == 204


@pytest.mark.parametrize(
    "bound",
    [
        (),
        access("push"),
        access("pull", name="team/app2"),
        access("pull", name="team"),
        access("pull", kind="registry"),
        access("pull", name="team/*"),
        access(),
    ],
)
async def test_a_token_is_good_only_for_what_it_names(client, bound):
    await client.push_image(NAME)

    refused = await client("GET", f"/v2/{NAME}/manifests/latest", access=bound)

    assert refused.status == 401
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="repository:{NAME}:pull"' in challenge


@pytest.mark.parametrize("actions", [("pull",), ("push", "pull"), ("*",)])
async def test_a_token_that_names_it_is_good(client, actions):
    await client.push_image(NAME)

    answer = await client("GET", f"/v2/{NAME}/manifests/latest", access=access(*actions))

    assert answer.status == 200


async def test_a_token_adds_no_right(client, rights):
    await client.push_image(NAME)
    rights.only()

    answer = await client("GET", f"/v2/{NAME}/manifests/latest", access=access("*"))

    assert answer.status == 404


async def test_a_push_token_mounts_only_from_what_it_may_pull(client):
    digest = await client.push_blob("team/base", b"data")
    target = f"/v2/{NAME}/blobs/uploads/?mount={digest}&from=team/base"
    bound = access("pull", "push")

    bounded = await client("POST", target, access=bound)
    both = await client("POST", target, access=bound + access("pull", name="team/base"))

    assert (bounded.status, both.status) == (202, 201)


async def test_nobody_pulls_after_the_grant(client, rights):
    await client.push_image(NAME)
    rights.only(("system:anonymous", "get", "imagestreams/layers", "team"))
    nobody = client.as_user(None)

    assert (await nobody("GET", f"/v2/{NAME}/manifests/latest")).status == 200
    assert (await nobody("GET", f"/v2/{NAME}/manifests/latest", access=())).status == 401
    assert (await nobody("POST", f"/v2/{NAME}/blobs/uploads/")).status == 401


async def test_the_catalog_needs_a_login_and_a_token_for_it(client):
    nobody = await client.as_user(None)("GET", "/v2/_catalog")
    other = await client("GET", "/v2/_catalog", access=access("pull"))
    good = await client("GET", "/v2/_catalog", access=access("*", name="catalog", kind="registry"))

    assert (nobody.status, other.status, good.status) == (401, 401, 200)
    assert 'scope="registry:catalog:*"' in nobody.headers["www-authenticate"]
