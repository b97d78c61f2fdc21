from contextlib import asynccontextmanager

import pytest

from made_registries import MemorySources, Repository
from wharfinger.images.pulls import origins
from wharfinger.images.pulls.candidates import Candidate
from wharfinger.images.pulls.origins import Origins
from wharfinger.images.pulls.pull_through import PullThrough
from wharfinger.oci import manifest as manifests
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.registry.errors import BlobUnknown, ManifestUnknown, RepositoryUnknown
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.memory import MemoryBlobStore, MemoryMetadataStore
from wharfinger.remote.errors import LoginNeeded, NoAnswer, TooBusy, WrongContent

NAME, OTHER = RepositoryName.parse("team/app"), RepositoryName.parse("other/app")
LAYER = b"layer" * 1000


class Cache:
    """Streams and images, by their names."""

    def __init__(self):
        self.objects = {}

    def get(self, resource, namespace, name):
        return self.objects.get((resource.resource, namespace, name))

    def list(self, resource, namespace):
        return [
            found
            for (plural, place, _), found in self.objects.items()
            if plural == resource.resource and place == namespace
        ]


class World:
    """A stream `team/app` whose tag `1` was imported from `hub.test/up/app`, and our registry."""

    def __init__(self):
        self.upstream = Repository()
        self.sources = MemorySources()
        self.sources.repositories["hub.test/up/app"] = self.upstream
        self.places = [Candidate(ImageReference.parse("hub.test/up/app"), False)]
        self.cache = Cache()
        self.registry = Registry(blobs=MemoryBlobStore(), metadata=MemoryMetadataStore())
        self.active = True
        self.opened = []
        self.subject = PullThrough(
            self.registry,
            self.cache,
            Origins(self.cache, connected=self.connected, places=lambda _: self.places),
            active=lambda _: self.active,
        )

    @asynccontextmanager
    async def connected(self, namespace, stream):
        self.opened.append((namespace, stream["metadata"]["name"]))
        yield self.sources

    def imported(self, tag, digest, name=NAME):
        """Say in a stream that a tag is an image of the upstream, and keep the `Image`."""
        self._keep(digest)
        key = ("imagestreams", name.project, name.rest)
        stream = self.cache.objects.setdefault(
            key,
            {"metadata": {"namespace": name.project, "name": name.rest}, "status": {"tags": []}},
        )
        stream["status"]["tags"].append({"tag": tag, "items": [{"image": str(digest)}]})

    def _keep(self, digest):
        found = self.upstream.manifests[digest]
        manifest = manifests.parse(found.raw, found.media_type)
        image = {"metadata": {"name": str(digest)}}
        if manifest.blobs:
            image["dockerImageMetadata"] = {"Id": str(manifest.blobs[0].digest)}
            image["dockerImageLayers"] = [{"name": str(one.digest)} for one in manifest.blobs[1:]]
        for child in manifest.children:
            image.setdefault("dockerImageManifests", []).append({"digest": str(child.digest)})
            self._keep(child.digest)
        self.cache.objects["images", "", str(digest)] = image

    async def read(self, digest, name=NAME):
        blob = await self.subject.blob(name, digest)
        return b"".join([part async for part in self.subject.read_blob(blob, 0, blob.size)])

    @property
    def asked(self):
        return sum(self.sources.asked.values())


@pytest.fixture
async def world():
    made = World()
    yield made
    await made.subject.close()


async def test_a_manifest_that_we_lack_comes_from_its_origin_and_stays(world):
    digest = world.upstream.push("1", layer=LAYER)
    world.imported("1", digest)

    by_tag = await world.subject.manifest(NAME, Tag("1"))
    await world.subject.settle()

    assert by_tag.digest == digest
    assert world.opened[0] == ("team", "app")
    kept = await world.registry.manifest(NAME, digest)
    assert kept.raw == by_tag.raw
    asked = world.asked
    assert await world.subject.manifest(NAME, digest) == kept
    assert await world.subject.manifest(NAME, Tag("1")) == kept
    assert await world.read(Digest.of(LAYER)) == LAYER
    assert world.asked == asked


async def test_a_blob_that_we_lack_is_read_while_it_is_kept(world):
    world.imported("1", world.upstream.push("1", layer=LAYER))

    assert await world.read(Digest.of(LAYER)) == LAYER
    await world.subject.settle()

    assert (await world.registry.blob(NAME, Digest.of(LAYER))).size == len(LAYER)


async def test_the_config_is_one_of_the_blobs(world):
    digest = world.upstream.push("1")
    world.imported("1", digest)
    stored = await world.subject.manifest(NAME, digest)
    config = manifests.parse(stored.raw, stored.media_type).blobs[0].digest

    assert await world.read(config) == world.upstream.blobs[config]


async def test_one_transfer_serves_all_who_want_a_blob(world):
    world.imported("1", world.upstream.push("1", layer=LAYER))

    first = await world.subject.blob(NAME, Digest.of(LAYER))
    second = await world.subject.blob(NAME, Digest.of(LAYER))
    for blob in (first, second):
        parts = [part async for part in world.subject.read_blob(blob, 0, blob.size)]
        assert b"".join(parts) == LAYER
    await world.subject.settle()

    assert world.sources.asked[f"blob {Digest.of(LAYER)}"] == 1


async def test_a_client_that_goes_does_not_stop_the_keeping(world):
    world.imported("1", world.upstream.push("1", layer=LAYER))
    blob = await world.subject.blob(NAME, Digest.of(LAYER))
    parts = world.subject.read_blob(blob, 0, blob.size)
    await anext(parts)
    await parts.aclose()
    await world.subject.settle()

    assert (await world.registry.blob(NAME, Digest.of(LAYER))).size == len(LAYER)


async def test_tags_of_the_stream_are_listed_among_those_of_the_registry(world):
    digest = world.upstream.push("1", layer=LAYER)
    with pytest.raises(RepositoryUnknown):
        await world.subject.tags(NAME, "", 10)
    for tag in ("b", "d"):
        world.imported(tag, digest)
    assert await world.subject.tags(NAME, "", 10) == [Tag("b"), Tag("d")]
    config = b"{}"
    await world.registry.put_blob(NAME, Digest.of(config), config)
    raw = world.upstream.manifests[
        world.upstream.put(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "a/b", "digest": str(Digest.of(config)), "size": 2},
                "layers": [],
            },
            "application/vnd.oci.image.manifest.v1+json",
        )
    ].raw
    for tag in ("a", "c", "d"):
        await world.registry.put_manifest(NAME, Tag(tag), raw, None)

    assert [str(tag) for tag in await world.subject.tags(NAME, "", 10)] == ["a", "b", "c", "d"]
    assert [str(tag) for tag in await world.subject.tags(NAME, "a", 2)] == ["b", "c"]


async def test_a_tag_of_ours_that_the_registry_has_no_more_is_not_listed(world):
    digest = world.upstream.push("1", layer=LAYER)
    for tag in ("elsewhere", "ours"):
        world.imported(tag, digest)
    status = world.cache.objects["imagestreams", "team", "app"]["status"]
    status["dockerImageRepository"] = "registry.test/team/app"
    status["tags"][1]["items"][0]["dockerImageReference"] = f"registry.test/team/app@{digest}"

    assert await world.subject.tags(NAME, "", 10) == [Tag("elsewhere")]


async def test_a_stream_of_many_images_is_looked_through(world):
    world.imported("last", world.upstream.push("1", layer=LAYER))
    (history,) = world.cache.objects["imagestreams", "team", "app"]["status"]["tags"]
    old = [{"image": str(Digest.of(str(number).encode()))} for number in range(300)]
    history["items"] = [*old, *history["items"]]

    assert await world.read(Digest.of(LAYER)) == LAYER


async def test_what_no_image_of_the_stream_names_is_never_fetched(world):
    world.imported("1", world.upstream.push("1"))
    foreign = world.upstream.push("2", layer=b"foreign")

    with pytest.raises(RepositoryUnknown):
        await world.subject.manifest(NAME, foreign)
    with pytest.raises(RepositoryUnknown):
        await world.subject.manifest(NAME, Tag("2"))
    with pytest.raises(RepositoryUnknown):
        await world.subject.blob(NAME, Digest.of(b"foreign"))
    assert world.asked == 0


async def test_what_another_projects_stream_knows_is_not_for_this_one(world):
    digest = world.upstream.push("1", layer=LAYER)
    world.imported("1", digest)
    await world.subject.manifest(NAME, digest)
    await world.subject.settle()

    with pytest.raises(RepositoryUnknown):
        await world.subject.manifest(OTHER, digest)
    world.imported("2", world.upstream.push("2", layer=b"own"), OTHER)
    with pytest.raises(RepositoryUnknown):
        await world.subject.blob(OTHER, Digest.of(LAYER))


async def test_an_image_of_an_index_is_one_of_the_stream(world):
    arm, amd = world.upstream.put_image(architecture="arm64"), world.upstream.put_image()
    index = world.upstream.put_index((arm, "arm64"), (amd, "amd64"))
    world.imported("1", index)

    assert (await world.subject.manifest(NAME, Tag("1"))).digest == index
    assert (await world.subject.manifest(NAME, amd)).digest == amd
    await world.subject.settle()
    assert (await world.registry.manifest(NAME, amd)).digest == amd
    with pytest.raises(ManifestUnknown):
        await world.registry.manifest(NAME, index)

    await world.subject.manifest(NAME, arm)
    await world.subject.settle()
    await world.subject.manifest(NAME, index)
    await world.subject.settle()
    assert (await world.registry.manifest(NAME, index)).digest == index


async def test_the_next_place_is_asked_where_one_has_it_not(world):
    world.places.insert(0, Candidate(ImageReference.parse("gone.test/up/app"), True))
    world.imported("1", world.upstream.push("1", layer=LAYER))

    await world.subject.manifest(NAME, Tag("1"))

    assert await world.read(Digest.of(LAYER)) == LAYER
    assert world.sources.insecure[:2] == [True, False]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (NoAnswer("hub.test", "no connection"), origins.SourceUnavailable),
        (WrongContent("hub.test", "other bytes"), origins.SourceUnavailable),
        (LoginNeeded("hub.test", "it wants a login"), origins.SourceUnavailable),
        (TooBusy("hub.test", 3), origins.SourceBusy),
    ],
)
async def test_what_stands_in_the_way_at_the_origin_is_told(world, fault, told):
    world.imported("1", world.upstream.push("1", layer=LAYER))
    world.upstream.fault = fault

    with pytest.raises(told):
        await world.subject.manifest(NAME, Tag("1"))
    with pytest.raises(told):
        await world.subject.blob(NAME, Digest.of(LAYER))
    world.upstream.fault = None
    assert await world.read(Digest.of(LAYER)) == LAYER


async def test_what_the_origin_has_no_more_is_unknown(world):
    digest = world.upstream.push("1", layer=LAYER)
    world.imported("1", digest)
    del world.upstream.blobs[Digest.of(LAYER)]

    with pytest.raises((BlobUnknown, RepositoryUnknown)):
        await world.subject.blob(NAME, Digest.of(LAYER))
    await world.subject.settle()
    del world.upstream.manifests[digest]
    fresh = World()
    fresh.sources, fresh.cache.objects = world.sources, world.cache.objects
    with pytest.raises(RepositoryUnknown):
        await fresh.subject.manifest(NAME, Tag("1"))


async def test_nothing_is_kept_for_a_project_that_ends(world):
    world.imported("1", world.upstream.push("1", layer=LAYER))
    world.active = False

    await world.subject.manifest(NAME, Tag("1"))
    await world.subject.settle()

    assert not await world.registry.exists(NAME)


async def test_an_end_in_the_middle_leaves_nothing_half(world):
    world.imported("1", world.upstream.push("1", layer=LAYER))
    await world.subject.manifest(NAME, Tag("1"))
    await world.subject.close()

    assert not await world.registry.exists(NAME)
