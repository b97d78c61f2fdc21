"""Each endpoint that brings, sends or names an image says which; what is unknown is refused."""

from __future__ import annotations

import json

import pytest

from wharfinger.hosts.on_host.docker_authz import asks
from wharfinger.hosts.on_host.docker_authz.asks import Built, Imported, Loaded, Named, Reached
from wharfinger.hosts.on_host.docker_authz.call import Call
from wharfinger.hosts.on_host.docker_authz.target import UnclearRequest

DIGEST = "sha256:" + "ab" * 32


def shown(call):
    return [
        f"{ask.what} {ask.image.full()}"
        if isinstance(ask, Named)
        else f"{ask.what} {ask.registry}"
        if isinstance(ask, Reached)
        else type(ask).__name__
        for ask in asks.of(call)
    ]


@pytest.mark.parametrize(
    ("method", "uri", "expected"),
    [
        ("POST", "/images/create?fromImage=busybox&tag=1", ["pull of docker.io/library/busybox:1"]),
        ("POST", "/images/create?fromImage=quay.io", ["pull of docker.io/library/quay.io:latest"]),
        ("POST", "/images/create?fromImage=q.test/a:", ["pull of q.test/a:latest"]),
        ("POST", f"/images/create?fromImage=q.test/a&tag={DIGEST}", [f"pull of q.test/a@{DIGEST}"]),
        ("POST", f"/images/create?fromImage=q.test/a@{DIGEST}", [f"pull of q.test/a@{DIGEST}"]),
        ("POST", "/images/create?fromImage=a&repo=b.test/c", ["pull of docker.io/library/a:latest"]),
        ("POST", "/images/create?fromSrc=-&repo=q.test/a", ["import as q.test/a:latest", "Imported"]),
        ("POST", "/images/create?fromSrc=-", ["Imported"]),
        ("POST", "/images/create?fromSrc=q.test/x.tar", ["import from q.test"]),
        ("POST", "/images/create?fromSrc=HTTP://q.test:1/x", ["import from q.test:1"]),
        ("POST", "/v1.41/images/q.test/a/push?tag=2", ["push of q.test/a:2"]),
        ("POST", "/images/a/tag?repo=q.test/a&tag=2", ["tag of docker.io/library/a:latest", "tag as q.test/a:2"]),
        ("POST", f"/images/{DIGEST}/tag?repo=q.test/a", ["tag as q.test/a:latest"]),
        ("POST", "/images/load", ["Loaded"]),
        ("POST", "/build?t=q.test/a&t=b", ["build of q.test/a:latest", "build of docker.io/library/b:latest", "Built"]),
        ("POST", "/session", ["Built"]),
        ("POST", "/grpc", ["Built"]),
        ("POST", "/swarm/join", ["Built"]),
        ("POST", "/commit?container=x&repo=q.test/a", ["commit as q.test/a:latest"]),
        ("POST", "/commit?container=x", []),
        ("GET", "/distribution/q.test/a/json", ["look at q.test/a:latest"]),
        ("GET", "/images/search?term=q.test/a", ["search in q.test"]),
        ("GET", "/images/search?term=team/a", ["search in docker.io"]),
        ("GET", "/plugins/privileges?remote=q.test/a", ["pull of plugin q.test/a:latest"]),
        ("POST", "/plugins/pull?remote=q.test/a&name=b", ["pull of plugin q.test/a:latest"]),
        ("POST", "/plugins/x/upgrade?remote=q.test/a", ["pull of plugin q.test/a:latest"]),
        ("POST", "/plugins/create?name=q.test/a", ["plugin named q.test/a:latest"]),
        ("POST", "/plugins/q.test/a/push", ["push of plugin q.test/a:latest"]),
        ("GET", "/images/json", []),
        ("GET", "/images/create?fromImage=a", []),
        ("HEAD", "/_ping", []),
        ("DELETE", "/images/a", []),
        ("POST", "/containers/x/start", []),
        ("POST", "/exec/x/start", []),
        ("POST", "/auth", []),
        ("POST", "/swarm/init", []),
        ("PUT", "/containers/x/archive?path=/", []),
    ],
)  # fmt: skip
def test_a_call_asks_for_what_it_brings(method, uri, expected):
    assert shown(Call(method, uri)) == expected


def container(document):
    headers = {"content-type": "application/json"}
    return Call("POST", "/containers/create", headers, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("busybox", ["run of docker.io/library/busybox:latest"]),
        ("q.test/a:1", ["run of q.test/a:1"]),
        ("abcdef", ["run of docker.io/library/abcdef:latest"]),
        ("abcdef012345", []),
        (DIGEST, []),
        ("ab" * 32, []),
        ("", []),
    ],
)
def test_a_container_asks_for_its_image_unless_it_is_an_id(image, expected):
    assert shown(container({"Image": image})) == expected


def test_an_image_that_is_mounted_is_asked_for_too():
    mounts = [
        {"Type": "image", "Source": "q.test/b"},
        {"Type": "image", "Source": DIGEST},
        {"Type": "bind", "Source": "/srv"},
    ]

    assert shown(container({"Image": "a.test/c", "hostconfig": {"Mounts": mounts}})) == [
        "run of a.test/c:latest",
        "mount of q.test/b:latest",
    ]
    with pytest.raises(UnclearRequest):
        asks.of(container({"Image": "a.test/c", "HostConfig": {"Mounts": {"Type": "image"}}}))


def test_a_service_asks_for_its_image_and_its_plugin():
    task = {"ContainerSpec": {"Image": "q.test/a"}, "PluginSpec": {"Remote": "r.test/b"}}
    body = json.dumps({"TaskTemplate": task}).encode()
    expected = ["service with q.test/a:latest", "service with plugin r.test/b:latest"]

    for path in ("/services/create", "/v1.41/services/x/update?version=3"):
        assert shown(Call("POST", path, {}, body)) == expected


@pytest.mark.parametrize(
    ("method", "uri"),
    [
        ("POST", "/images/create"),
        ("POST", "/images/create?fromImage=a&fromImage=b"),
        ("POST", "/images/create?fromImage=Blocked/a"),
        ("POST", "/images/create?fromImage=a//b"),
        ("POST", "/images/create?fromImage=a%00"),
        ("POST", "/images/create?fromImage=a&tag=b/c"),
        ("POST", "/images/create?fromSrc=http://good.test%40bad.test/x"),
        ("POST", "/images/create?fromSrc=ftp://q.test/x"),
        ("POST", "/images/create?fromSrc=q.test/x%3Fy%3Dhttp://r.test"),
        ("POST", "/images/a/tag"),
        ("GET", "/distribution//json"),
        ("GET", "/images/search?term=q.test:99999/a"),
        ("POST", "/plugins/pull"),
        ("POST", "/images/pull-from-elsewhere"),
        ("POST", "/containers/x/clone"),
        ("PUT", "/images/x"),
        ("PATCH", "/containers/x/archive"),
        ("post", "/images/create?fromImage=a"),
        ("BREW", "/"),
    ],
)
def test_what_cannot_be_told_or_is_unknown_is_refused(method, uri):
    with pytest.raises(UnclearRequest):
        asks.of(Call(method, uri))


def test_a_ticket_comes_with_its_load():
    call = Call("POST", "/images/load", {"x-wharfinger-load": "abc"})

    assert asks.of(call) == (Loaded("abc"),)


def test_a_pull_that_may_hide_a_form_is_refused_and_a_client_s_own_import_is_told():
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": "30"}

    with pytest.raises(UnclearRequest):
        asks.of(Call("POST", "/images/create?fromImage=a", form))
    assert asks.of(Call("POST", "/images/create?fromSrc=-", form)) == (Imported(),)
    assert asks.of(Call("POST", "/build", form)) == (Built("build"),)
