import pytest

from wharfinger.oci.digest import Digest
from wharfinger.server import v2
from wharfinger.server.v2_http import MethodNotAllowed, NoSuchRoute


@pytest.mark.parametrize(
    ("method", "path", "handler", "name"),
    [
        ("GET", "/v2/", "ping", None),
        ("HEAD", "/v2", "ping", None),
        ("GET", "/v2/a/b/manifests/x", "get_manifest", "a/b"),
        ("HEAD", "/v2/a/b/c/d/manifests/x", "get_manifest", "a/b/c/d"),
        ("GET", "/v2/a/manifests/manifests/x", "get_manifest", "a/manifests"),
        ("GET", "/v2/a/blobs/uploads/x", "get_upload", "a"),
        ("GET", "/v2/a/blobs/blobs/x", "get_blob", "a/blobs"),
        ("GET", "/v2/a/manifests/tags/list", "list_tags", "a/manifests"),
        ("POST", "/v2/a/b/blobs/uploads/", "post_upload", "a/b"),
        ("POST", "/v2/a/b/blobs/uploads", "post_upload", "a/b"),
        ("GET", "/v2/_catalog", "catalog", None),
    ],
)
def test_a_path_has_one_route(method, path, handler, name):
    route, parameters = v2.find(method, path)

    assert route.handler.__name__ == handler
    assert parameters.get("name") == name


@pytest.mark.parametrize(
    "path", ["/v2/x", "/v2/a/b", "/v2//", "/v2/a/b/manifests/", "/v2/a/b/manifests/x/", "/v1/"]
)
async def test_an_unknown_path_is_not_found(client, path):
    with pytest.raises(NoSuchRoute):
        v2.find("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v2/", "GET"),
        ("POST", "/v2/a/b/manifests/x", "DELETE, GET, PUT"),
        ("PUT", "/v2/a/b/tags/list", "GET"),
        ("PATCH", f"/v2/a/b/blobs/{Digest.of(b'')}", "DELETE, GET"),
    ],
)
async def test_another_method_is_refused_and_told_which_there_are(client, method, path, allowed):
    with pytest.raises(MethodNotAllowed):
        v2.find(method, path)

    answer = await client(method, path)

    assert (answer.status, answer.code) == (405, "UNSUPPORTED")
    assert answer.headers["allow"] == allowed


def test_a_long_hostile_path_is_routed_at_once():
    with pytest.raises(NoSuchRoute):
        v2.find("GET", "/v2/" + "a/blobs/" * 2_000 + "/")
