from __future__ import annotations

import pytest

from wharfinger.server import kube_paths
from wharfinger.server.kube_paths import MethodUnsupported, NoSuchResource, Target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/configmaps", Target("", "v1", "configmaps")),
        ("/api/v1/configmaps/", Target("", "v1", "configmaps")),
        ("/api/v1/namespaces", Target("", "v1", "namespaces")),
        ("/api/v1/namespaces/dock", Target("", "v1", "namespaces", "", "dock")),
        ("/api/v1/namespaces/dock/status", Target("", "v1", "namespaces", "", "dock", "status")),
        ("/api/v1/namespaces/dock/secrets", Target("", "v1", "secrets", "dock")),
        ("/api/v1/namespaces/dock/secrets/s", Target("", "v1", "secrets", "dock", "s")),
        ("/api/v1/namespaces/dock/status/s", Target("", "v1", "status", "dock", "s")),
        (
            "/api/v1/namespaces/dock/serviceaccounts/bot/token",
            Target("", "v1", "serviceaccounts", "dock", "bot", "token"),
        ),
        ("/apis/g.test/v2/things/t/scale", Target("g.test", "v2", "things", "", "t", "scale")),
        ("/apis/g.test/v2/namespaces/dock/things", Target("g.test", "v2", "things", "dock")),
        ("/apis/g.test/v2/namespaces/dock/status", Target("g.test", "v2", "status", "dock")),
    ],
)
def test_what_a_path_names(path: str, target: Target):
    assert kube_paths.parse(path) == target


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/apis/g.test",
        "/apis/g.test/v1",
        "/other/v1/configmaps",
        "/api/v1//configmaps",
        "/api/v1/namespaces/dock/secrets/s/a/b",
        "/api/v1/configmaps/a/b/c",
    ],
)
def test_other_paths_name_nothing(path: str):
    with pytest.raises(NoSuchResource):
        kube_paths.parse(path)


def test_a_method_is_a_verb():
    one = Target("", "v1", "configmaps", "dock", "a")
    many = Target("", "v1", "configmaps", "dock")

    assert kube_paths.verb("GET", one, watch=True) == "get"
    assert kube_paths.verb("GET", many, watch=False) == "list"
    assert kube_paths.verb("GET", many, watch=True) == "watch"
    assert kube_paths.verb("DELETE", many, watch=False) == "deletecollection"
    for method in ("HEAD", "TRACE", "get"):
        with pytest.raises(MethodUnsupported):
            kube_paths.verb(method, one, watch=False)
