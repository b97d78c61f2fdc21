import base64
import json

import pytest

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.importing import secrets
from wharfinger.oci.reference import ImageReference


def secret(name, auths, *, kind="kubernetes.io/dockerconfigjson", **annotations):
    document = {"auths": auths} if kind.endswith("json") else auths
    key = ".dockerconfigjson" if kind.endswith("json") else ".dockercfg"
    return {
        "metadata": {"name": name, "annotations": annotations},
        "type": kind,
        "data": {key: base64.b64encode(json.dumps(document).encode()).decode()},
    }


def login(user):
    return {"username": user, "password": f"pw-{user}"}


@pytest.fixture
async def objects():
    made = Objects(await Cache.open(MemoryStore()))
    for name in ("team", "other"):
        await made.create(NAMESPACE, "", {"metadata": {"name": name}}, SYSTEM)
    return made


def users(objects, image, namespace="team"):
    ring = secrets.of_project(objects.cache, namespace)
    return [one.username for one in secrets.logins(ring, ImageReference.parse(image))]


async def test_the_secrets_of_the_project_serve_by_host_and_path(objects):
    for one in (
        secret("a", {"hub.test": login("all")}),
        secret("b", {"hub.test/team": login("team")}, kind="kubernetes.io/dockercfg"),
        secret("c", {"other.test": login("elsewhere")}),
    ):
        await objects.create(SECRET, "team", one, SYSTEM)
    foreign = secret("d", {"hub.test": login("foreign")})
    await objects.create(SECRET, "other", foreign, SYSTEM)

    assert users(objects, "hub.test/team/app:1") == ["team", "all"]
    assert users(objects, "hub.test/other/app") == ["all"]
    assert users(objects, "hub.test.evil.test/team/app") == []
    assert users(objects, "hub.test/team/app", namespace="other") == ["foreign"]


async def test_a_secret_may_say_that_it_is_not_for_images(objects):
    excluded = secret("a", {"hub.test": login("x")}, **{secrets.EXCLUDED: "true"})
    kept = secret("b", {"hub.test": login("y")}, **{secrets.EXCLUDED: "false"})
    for one in (excluded, kept):
        await objects.create(SECRET, "team", one, SYSTEM)

    assert users(objects, "hub.test/team/app") == ["y"]


async def test_a_secret_that_cannot_be_read_takes_nothing_from_the_others(objects):
    broken = secret("a", {"hub.test": "no object"})
    for one in (broken, secret("b", {"hub.test": login("y")})):
        await objects.create(SECRET, "team", one, SYSTEM)

    assert users(objects, "hub.test/team/app") == ["y"]


async def test_a_login_for_the_hub_serves_all_its_spellings(objects):
    one = secret("a", {"https://index.docker.io/v1/": login("hub")})
    await objects.create(SECRET, "team", one, SYSTEM)

    for image in ("busybox", "team/app:1", "docker.io/team/app", "registry-1.docker.io/team/app"):
        assert users(objects, image) == ["hub"], image
    assert users(objects, "quay.io/team/app") == []


async def test_one_login_in_two_secrets_is_one_attempt(objects):
    for name in "ab":
        await objects.create(SECRET, "team", secret(name, {"hub.test": login("x")}), SYSTEM)

    assert users(objects, "hub.test/team/app") == ["x"]
