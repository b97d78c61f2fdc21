import pytest

from image_world import World
from made_reviews import DIGEST, known, stream_tag
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.cache import CachedLookup
from wharfinger.policy.imagepolicy.model import LookupFailed

APP = f"quay.io/team/app@{DIGEST}"


@pytest.fixture
def now():
    return [0.0]


def cached(world, now, **limits):
    return CachedLookup(world, clock=lambda: now[0], **limits)


async def test_an_image_is_remembered_for_a_minute(now):
    world = World({"images": [known(DIGEST, APP)]})
    lookup = cached(world, now)

    for moment in (0, 59, 60, 119):
        now[0] = moment
        await lookup.image(DIGEST)

    assert len(world.asked) == 2


@pytest.mark.parametrize("way", ["tag", "image"])
async def test_what_a_stream_says_is_remembered_by_its_digest(way, now):
    world = World({"imageStreamTags": [stream_tag("app:1", APP)]})
    lookup = cached(world, now)
    if way == "tag":
        await lookup.stream_tag("demo", "app", "1")
    else:
        await lookup.stream_image("demo", "app", DIGEST)

    assert (await lookup.image(DIGEST)).reference == APP
    assert world.asked == []


async def test_a_stream_is_asked_every_time(now):
    world = World({"imageStreamTags": [stream_tag("app:1", APP)]})
    lookup = cached(world, now)
    await lookup.stream_tag("demo", "app", "1")
    world.cluster = {}

    with pytest.raises(LookupFailed):
        await lookup.stream_tag("demo", "app", "1")
    with pytest.raises(LookupFailed):
        await lookup.stream("demo", "app")


async def test_what_is_not_there_is_not_remembered(now):
    world = World()
    lookup = cached(world, now)
    with pytest.raises(LookupFailed):
        await lookup.image(DIGEST)
    world.cluster = {"images": [known(DIGEST, APP)]}

    assert (await lookup.image(DIGEST)).digest == DIGEST


async def test_the_image_that_was_used_longest_ago_is_forgotten_first(now):
    digests = [f"sha256:{index:064x}" for index in range(3)]
    world = World({"images": [known(digest, f"x.test/a@{digest}") for digest in digests]})
    lookup = cached(world, now, size=2)
    for digest in (digests[0], digests[1], digests[0], digests[2]):
        await lookup.image(digest)
    world.asked.clear()

    await lookup.image(digests[0])
    await lookup.image(digests[1])

    assert world.asked == [digests[1]]


async def test_registries_and_signatures_are_asked_every_time(now):
    reference = ImageReference.parse("quay.io/team/app:1")
    world = World(registries={"quay.io/team/app:1": DIGEST}, signed={DIGEST: "release"})
    lookup = cached(world, now)

    assert (await lookup.remote(reference, "demo")).digest == DIGEST
    assert not (await lookup.signature(reference, [], "demo")).signed
    assert world.asked == ["quay.io/team/app:1"]
