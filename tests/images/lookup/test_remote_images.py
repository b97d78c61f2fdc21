import asyncio

import pytest

from images.fake_registries import FakeRegistries
from wharfinger.images.lookup import remote_images
from wharfinger.images.lookup.remote_images import RemoteImages, Result
from wharfinger.oci.credentials import Credential
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import LookupFailed
from wharfinger.remote.errors import NoAnswer

APP = ImageReference.parse("hub.test/team/app:1")


@pytest.fixture
def registries():
    made = FakeRegistries()
    made.digest = made.image("hub.test/team/app:1", {"tier": "web"})
    return made


@pytest.fixture
def results():
    return []


@pytest.fixture
def images(registries, results):
    return RemoteImages(registries, count=results.append)


async def test_a_tag_becomes_the_digest_that_it_means_with_the_labels_of_its_config(
    images, registries
):
    found = await images.image(APP, (), "demo")

    assert found.digest == registries.digest
    assert found.reference == f"hub.test/team/app@{registries.digest}"
    assert found.config_labels == {"tier": "web"}


async def test_a_name_without_registry_is_one_of_docker_hub_and_says_so(registries, images):
    digest = registries.image("docker.io/library/nginx:latest")

    found = await images.image(ImageReference.parse("nginx"), (), "demo")

    assert found.reference == f"docker.io/library/nginx@{digest}"


async def test_a_digest_is_what_it_is_whatever_tag_stands_beside_it(images, registries):
    named = ImageReference.parse(f"hub.test/team/app:9@{registries.digest}")

    found = await images.image(named, (), "demo")

    assert found.reference == f"hub.test/team/app@{registries.digest}"
    assert registries.asked["digest"] == 0


async def test_without_rules_on_labels_nobody_asks_for_them(registries):
    images = RemoteImages(registries, labels=lambda: False)

    found = await images.image(APP, (), "demo")

    assert found.config_labels is None
    assert registries.asked == {"digest": 1}


async def test_what_is_known_is_not_asked_again(images, registries, results):
    await images.image(APP, (), "demo")
    before = dict(registries.asked)
    await images.image(APP, (), "other")

    assert registries.asked == before
    assert results == [Result.RESOLVED, Result.CACHED]


async def test_a_thousand_who_ask_at_once_ask_the_registry_once(images, registries):
    registries.gate = asyncio.Event()
    waiting = [asyncio.create_task(images.image(APP, (), "demo")) for _ in range(1000)]
    await asyncio.sleep(0)
    registries.gate.set()
    found = await asyncio.gather(*waiting)

    assert {one.digest for one in found} == {registries.digest}
    assert registries.asked["digest"] == 1


async def test_what_a_login_has_brought_is_not_told_without_it(images, registries):
    await images.image(APP, [Credential("ada", "pw")], "demo")
    await images.image(APP, [Credential("eve", "pw")], "demo")
    await images.image(APP, (), "demo")

    assert registries.asked["digest"] == 3
    assert registries.shown == [["ada"], ["eve"], []]


async def test_a_failure_is_remembered_for_a_moment(images, registries, results):
    missing = ImageReference.parse("hub.test/team/absent:1")
    for _ in range(3):
        with pytest.raises(LookupFailed, match="has no such image"):
            await images.image(missing, (), "demo")

    assert registries.asked["digest"] == 1
    assert results == [Result.ABSENT, Result.CACHED, Result.CACHED]


async def test_a_registry_that_does_not_answer_is_told_with_its_name(images, registries, results):
    registries.error = NoAnswer("hub.test", "no connection")

    with pytest.raises(LookupFailed, match=r"cannot ask hub\.test: no connection"):
        await images.image(APP, (), "demo")
    assert results == [Result.FAILED]


async def test_who_asks_too_much_at_a_time_is_turned_away_and_others_are_not(images, registries):
    registries.gate = asyncio.Event()
    flood = [
        asyncio.create_task(images.image(ImageReference.parse(f"hub.test/f/a:{n}"), (), "flood"))
        for n in range(remote_images.AT_A_TIME_OF_ONE + 5)
    ]
    other = asyncio.create_task(images.image(APP, (), "calm"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    registries.gate.set()
    ended = await asyncio.gather(*flood, return_exceptions=True)

    assert sum("too many images" in str(one) for one in ended) == 5
    assert (await other).digest == registries.digest
    assert registries.asked["digest"] == remote_images.AT_A_TIME_OF_ONE + 1


LINUX, ARM = {"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64"}


async def labels_of(registries, index):
    images = RemoteImages(registries)
    reference = ImageReference.parse(f"hub.test/team/multi@{index}")
    return (await images.image(reference, (), "demo")).config_labels


async def test_an_index_has_the_labels_that_all_its_images_have(registries):
    one = registries.image("hub.test/a:1", {"a": "1"})
    two = registries.image("hub.test/b:1", config='{"config": {"Labels": {"a": "1"}}, "b": 1}')
    attestation = registries.image("hub.test/c:1", {"a": "9"})
    index = registries.index(
        "hub.test/team/multi:1", (one, LINUX), (two, ARM), (attestation, {"os": "unknown"})
    )

    assert await labels_of(registries, index) == {"a": "1"}


async def test_an_index_whose_images_differ_in_labels_is_not_resolved(registries):
    one = registries.image("hub.test/a:1", {"deny": "no"})
    two = registries.image("hub.test/b:1", {"deny": "yes"})
    index = registries.index("hub.test/team/multi:1", (one, LINUX), (two, ARM))

    with pytest.raises(LookupFailed, match="different labels"):
        await labels_of(registries, index)


@pytest.mark.parametrize("children", [0, 33])
async def test_an_index_of_no_image_or_of_too_many_is_not_resolved(registries, children):
    one = registries.image("hub.test/a:1", {})
    index = registries.index("hub.test/team/multi:1", *[(one, LINUX)] * children)

    with pytest.raises(LookupFailed):
        await labels_of(registries, index)


@pytest.mark.parametrize("config", ["", "[]", "{", '{"config": []}', '{"config": {"Labels": 3}}'])
async def test_a_config_that_cannot_be_read_is_not_taken_for_one_without_labels(registries, config):
    digest = registries.image("hub.test/team/odd:1", config=config)
    asked = ImageReference.parse(f"hub.test/team/odd@{digest}")

    with pytest.raises(LookupFailed):
        await RemoteImages(registries).image(asked, (), "demo")


@pytest.mark.parametrize("config", ["{}", '{"config": null}', '{"config": {"Labels": null}}'])
async def test_a_config_may_have_no_labels(registries, config):
    digest = registries.image("hub.test/team/bare:1", config=config)
    asked = ImageReference.parse(f"hub.test/team/bare@{digest}")

    assert (await RemoteImages(registries).image(asked, (), "demo")).config_labels == {}
