"""What registries have in common, and what one set of logins keeps from another."""

import asyncio
import base64

import pytest

from hostile_registry import Reply, said
from wharfinger.oci.credentials import Credential
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import InvalidRegistry, RegistryHost
from wharfinger.remote import endpoint
from wharfinger.remote import registries as remote_registries
from wharfinger.remote.errors import LoginNeeded, WrongLogin
from wharfinger.remote.trust import Trust

ANN, BOB = Credential("ann", "a"), Credential("bob", "b")
ROOT = "/v2/team/tide"


def basic(login: Credential) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


async def test_what_one_login_may_see_is_not_shown_to_another(hostile, registries):
    script = await hostile()
    script.answers[f"{ROOT}/tags/list"] = lambda asked: (
        said({"tags": ["1"]})
        if asked.login == "Bearer for-ann"
        else Reply(401, {"WWW-Authenticate": f'Bearer realm="{script.url}/token"'})
    )
    script.answers["/token"] = lambda asked: (
        said({"token": "for-ann"}) if asked.login == basic(ANN) else Reply(401)
    )
    opened, name = await registries(), ImageReference.parse(f"{script.host}/team/tide")

    def source(*logins):
        return opened.source(name, logins=logins, insecure=True, seconds=20)

    assert await source(ANN).tags() == ["1"]
    with pytest.raises(WrongLogin):
        await source(BOB).tags()
    with pytest.raises(LoginNeeded):
        await source().tags()
    assert await source(BOB, ANN).tags() == ["1"]


async def test_a_token_is_shared_by_those_who_come_with_the_same_login(hostile, registries):
    script = await hostile()
    script.answers["HEAD /v2/team/tide/manifests/1"] = lambda asked: Reply(
        200 if asked.login else 401,
        {
            "WWW-Authenticate": f'Bearer realm="{script.url}/token"',
            "Docker-Content-Digest": f"sha256:{'0' * 64}",
        },
    )
    script.answers["/token"] = said({"token": "t0ken"})
    opened, name = await registries(), ImageReference.parse(f"{script.host}/team/tide")

    for _ in range(3):
        source = opened.source(name, logins=[ANN], insecure=True, seconds=20)
        await source.digest(Tag("1"))
    paths = [target.partition("?")[0] for target in script.targets]
    assert paths.count("/token") == 1
    assert len(paths) == 1 + 1 + 3


async def test_tokens_for_many_repositories_are_kept_within_bounds(
    hostile, registries, monkeypatch
):
    monkeypatch.setattr(endpoint, "SHOWN", 2)
    script = await hostile()
    refused = Reply(401, {"WWW-Authenticate": f'Bearer realm="{script.url}/token"'})
    names = [f"team/{letter}" for letter in "abcd"]
    for name in names:
        script.answers[f"/v2/{name}/tags/list"] = lambda asked: (
            said({"tags": ["1"]}) if asked.login else refused
        )
    script.answers["/token"] = lambda _: said({"token": "t0ken"})
    opened = await registries()

    async def tags(name: str) -> list[str]:
        image = ImageReference.parse(f"{script.host}/{name}")
        return await opened.source(image, insecure=True, seconds=20).tags()

    assert await asyncio.gather(*map(tags, names)) == [["1"]] * 4
    before = len(script.seen)
    assert await tags(names[0]) == ["1"]
    assert len(script.seen) - before == 3


async def test_what_is_kept_is_bounded(registries, monkeypatch):
    monkeypatch.setattr(remote_registries, "KEPT", 2)
    opened = await registries()
    hosts = [RegistryHost(f"{name}.test") for name in "abc"]

    first, second, _ = map(opened.endpoint, hosts)

    assert opened.endpoint(hosts[1]) is second
    assert opened.endpoint(hosts[0]) is not first


async def test_trust_is_asked_for_by_the_name_that_people_know(registries):
    asked = []

    def trust(host):
        asked.append(str(host))
        raise InterruptedError

    opened = await registries(trust=trust)
    for name in ("busybox", "quay.io:443/team/tide", "quay.io:5000/team/tide"):
        with pytest.raises(InterruptedError):
            await opened.source(ImageReference.parse(name), seconds=20).tags()
    assert asked == ["docker.io", "quay.io", "quay.io:5000"]


async def test_a_registry_that_is_no_host_is_told(registries):
    with pytest.raises(InvalidRegistry):
        (await registries()).source(ImageReference("a_b", "team", "tide"), seconds=20)


def test_no_secret_stands_in_what_is_printed():
    assert "sesame" not in repr(Trust((), (b"cert", b"open sesame")))
