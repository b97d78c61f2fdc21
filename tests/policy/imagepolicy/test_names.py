import pytest

from image_world import World
from made_reviews import DIGEST, OTHER, REGISTRY, known, stream, stream_tag
from wharfinger.policy.imagepolicy.model import LookupFailed
from wharfinger.policy.imagepolicy.names import Resolver
from wharfinger.policy.imagepolicy.places import Reference

NOT_LENT = (
    "ImageStreamTag does not allow local references and the resource did not request "
    "image stream resolution"
)
APP = f"{REGISTRY}/demo/app@{DIGEST}"
CLUSTER = {
    "images": [known(DIGEST, APP)],
    "imageStreamTags": [
        stream_tag("app:1", f"{REGISTRY}/demo/app:old"),
        stream_tag("lent:latest", APP, local=True),
        stream_tag("app:1", f"hub.test/x/app@{OTHER}", OTHER, namespace="team", local=True),
    ],
    "imageStreams": [
        stream("lent", ""),
        stream("waits", f"{REGISTRY}/demo/waits"),
        stream("nowhere", ""),
        stream("closed", f"{REGISTRY}/demo/closed", local=False),
    ],
}


def resolver(world=None, **fields):
    chosen = {
        "lookup": world or World(CLUSTER),
        "namespace": "demo",
        "registry": REGISTRY,
        "forced": False,
        "remote": False,
        "refuse": lambda _name: "",
    }
    return Resolver(**(chosen | fields))


async def resolve(name, kind="DockerImage", namespace="", **fields):
    return await resolver(**fields).resolve(Reference(kind, namespace, name))


async def failure(name, kind="DockerImage", **fields):
    with pytest.raises(LookupFailed) as caught:
        await resolve(name, kind, **fields)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "spec"),
    [
        ("ImageStreamTag", "", "app:1", APP),
        ("ImageStreamTag", "team", "app:1", f"hub.test/x/app@{OTHER}"),
        ("ImageStreamImage", "", f"lent@{DIGEST}", APP),
        ("ImageStreamImage", "", f"app@{DIGEST}", f"{REGISTRY}/demo/app:old"),
        ("DockerImage", "", f"evil.test/any/thing@{DIGEST}", f"evil.test/any/thing@{DIGEST}"),
        ("DockerImage", "", f"{REGISTRY}/demo/app:1", APP),
        ("DockerImage", "", f"{REGISTRY}/app:1", APP),
        ("DockerImage", "", f"{REGISTRY}/team/app:1", f"hub.test/x/app@{OTHER}"),
        ("DockerImage", "", "lent", APP),
        ("DockerImage", "", "waits:v9", f"{REGISTRY}/demo/waits:v9"),
        ("DockerImage", "", f"{REGISTRY}/demo/waits", f"{REGISTRY}/demo/waits:latest"),
    ],
)
async def test_a_reference_means(kind, namespace, name, spec):
    assert (await resolve(name, kind, namespace)).spec.exact() == spec


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("ImageStreamTag", "app", "references of kind ImageStreamTag must be of the form NAME:TAG"),
        (
            "ImageStreamTag",
            "a:b:c",
            "references of kind ImageStreamTag must be of the form NAME:TAG",
        ),
        (
            "ImageStreamImage",
            "app:1",
            "references of kind ImageStreamImage must be of the form NAME@DIGEST",
        ),
        ("Pod", "x", 'image policy does not allow image references of kind "Pod"'),
        ("", "x", 'image policy does not allow image references of kind ""'),
        (
            "DockerImage",
            "hub.test/a/b:1",
            "(hub.test/a/b:1) could not be resolved to an exact image reference",
        ),
        ("DockerImage", "a/b", "(a/b) could not be resolved to an exact image reference"),
        (
            "DockerImage",
            "app:1",
            NOT_LENT,
        ),
        ("DockerImage", "Bad_Name", "repository name must be lowercase"),
        ("DockerImage", "", "repository name must have at least one component"),
        ("DockerImage", "a b", "invalid reference format"),
    ],
)
async def test_a_reference_without_meaning_is_told_in_known_words(kind, name, message):
    assert (await failure(name, kind)).message == message


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("none", "imagestreamtags"),
        ("nowhere:1", "imagestreamtags"),
        ("closed:1", "imagestreamtags"),
        (f"x.test/a@{OTHER}", "images"),
    ],
)
async def test_what_is_not_there_is_told_as_absent(name, absent):
    assert (await failure(name)).absent == absent


class Untouched(World):
    """Nobody may be asked for anything."""

    async def stream(self, namespace, name):
        raise AssertionError(name)

    async def stream_tag(self, namespace, name, tag):
        raise AssertionError(name)

    async def stream_image(self, namespace, name, digest):
        raise AssertionError(name)


@pytest.mark.parametrize(
    ("kind", "namespace", "name"),
    [
        ("ImageStreamTag", "../secrets", "app:1"),
        ("ImageStreamTag", "", "../app:1"),
        ("ImageStreamTag", "", "a/b:1"),
        ("ImageStreamTag", "", "app:1/../x"),
        ("ImageStreamTag", "", "app:.."),
        ("ImageStreamTag", "a" * 64, "app:1"),
        ("ImageStreamImage", "", "app@../x"),
        ("ImageStreamImage", "Demo", f"app@{DIGEST}"),
        ("ImageStreamImage", "", "\x1b[2J@x"),
        ("DockerImage", "", f"{REGISTRY}/demo/a/b:1"),
    ],
)
async def test_what_can_be_no_name_is_not_looked_up(kind, namespace, name):
    with pytest.raises(LookupFailed) as caught:
        await resolve(name, kind, namespace, world=Untouched())

    assert caught.value.absent
    assert caught.value.message.isprintable()


async def test_what_a_message_shows_is_bounded():
    found = await failure("x", kind="K\n" * 100_000)

    assert len(found.message) < 2000
    assert found.message.isprintable()


async def test_a_stream_tag_counts_as_integrated_and_its_lone_name_as_local():
    tag = await resolve("app:1", "ImageStreamTag")
    lone = await resolve("lent")
    waiting = await resolve("waits:1")

    assert (tag.integrated, tag.local) == (True, False)
    assert (lone.integrated, lone.local) == (True, True)
    assert (waiting.integrated, waiting.local, waiting.image) == (False, True, None)


@pytest.mark.parametrize("registry", [REGISTRY, "other.test", ""])
async def test_a_digest_is_integrated_by_the_name_of_its_registry(registry):
    found = await resolve(f"{REGISTRY}/demo/app@{DIGEST}", registry=registry)
    lone = await resolve(f"app@{DIGEST}", registry=registry)

    assert found.integrated is (registry == REGISTRY)
    assert not lone.integrated


async def test_a_name_that_is_forced_means_a_stream_whatever_stands_before_it():
    found = await resolve("evil.test/other/app:1", forced=True)
    waiting = await resolve("evil.test/closed:2", forced=True)

    assert found.spec.exact() == APP
    assert waiting.spec.exact() == f"{REGISTRY}/demo/closed:2"


async def test_another_registry_is_asked_where_that_is_allowed():
    world = World(CLUSTER, registries={"hub.test/a/b:1": OTHER})

    found = await resolve("hub.test/a/b:1", world=world, remote=True)

    assert found.spec.exact() == f"hub.test/a/b@{OTHER}"
    assert (found.integrated, found.local, found.assumed) == (False, False, False)


@pytest.mark.parametrize("name", ["nginx:1", "app:1", "closed:1"])
async def test_a_lone_name_that_is_no_stream_is_one_of_docker_hub(name):
    full = f"docker.io/library/{name}"

    found = await resolve(name, world=World(CLUSTER, registries={full: OTHER}), remote=True)

    assert found.spec.exact() == f"{full.split(':')[0]}@{OTHER}"
    assert found.assumed


@pytest.mark.parametrize("name", ["nowhere:1", "waits:1", "lent"])
async def test_a_name_that_a_stream_lends_never_falls_through(name):
    world = World(CLUSTER, registries={f"docker.io/library/{name}": OTHER})

    try:
        await resolve(name, world=world, remote=True)
    except LookupFailed:
        assert name == "nowhere:1"

    assert world.asked == []


async def test_a_lookup_that_fails_is_not_one_that_finds_nothing():
    class Down(World):
        async def stream_tag(self, namespace, name, tag):
            raise LookupFailed("the API does not answer")

    world = Down(registries={"docker.io/library/nginx:latest": OTHER})

    found = await failure("nginx", world=world, remote=True)

    assert (found.message, world.asked) == ("the API does not answer", [])


async def test_a_tag_is_not_absent_while_nobody_knows_whether_its_stream_is():
    class Down(World):
        async def stream(self, namespace, name):
            raise LookupFailed("the API does not answer")

    world = Down(registries={"docker.io/library/nginx:latest": OTHER})

    assert (await failure("nginx", world=world, remote=True)).absent == "imagestreamtags"
    assert world.asked == []


async def test_a_digest_that_the_cluster_does_not_know_is_looked_for_in_its_registry():
    world = World(CLUSTER, registries={f"hub.test/a/b@{OTHER}": OTHER})

    found = await resolve(f"hub.test/a/b@{OTHER}", world=world, remote=True)

    assert found.spec.exact() == f"hub.test/a/b@{OTHER}"


@pytest.mark.parametrize("answer", [DIGEST, "", "sha256:short"])
async def test_a_registry_that_answers_with_another_digest_is_not_believed(answer):
    name = f"hub.test/a/b@{OTHER}"
    world = World(CLUSTER, registries={name: answer})

    assert "answered with another image" in (await failure(name, world=world, remote=True)).message


async def test_a_registry_that_the_site_refuses_is_not_asked():
    world = World(CLUSTER, registries={"evil.test/a:1": OTHER})

    found = await failure(
        "evil.test/a:1", world=world, remote=True, refuse=lambda name: f"{name.registry} is blocked"
    )

    assert (found.message, world.asked) == ("evil.test is blocked", [])


async def test_a_registry_alone_names_nothing_to_ask_for():
    world = World()

    assert "could not be resolved" in (await failure("quay.io", world=world, remote=True)).message
    assert world.asked == []
