import asyncio

import pytest

from made_registries import MemorySources, Repository
from wharfinger.images.importing import fetching
from wharfinger.images.importing.fetching import Fetching
from wharfinger.images.importing.platforms import Platform
from wharfinger.images.importing.request import Wanted
from wharfinger.images.importing.turns import Turns
from wharfinger.oci.credentials import Credential
from wharfinger.oci.digest import Digest
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.remote.errors import LoginNeeded, ManifestAbsent, NoAnswer, WrongLogin

LOGIN, OLD = Credential("ada", "secret"), Credential("ada", "old")


class Hub:
    """A registry called `hub.test` with one repository, and fetches from it."""

    def __init__(self):
        self.app = Repository()
        self.sources = MemorySources()
        self.sources.repositories["hub.test/team/app"] = self.app
        self.logins = []
        self.preferred = Platform()

    def fetching(self):
        return Fetching(
            self.sources,
            logins=lambda _: self.logins,
            turn=lambda: Turns().of("team"),
            preferred=lambda _: self.preferred,
            server=Platform("amd64", "linux"),
        )

    async def image(self, name="hub.test/team/app:1", **wanted):
        return await self.fetching().image(Wanted("DockerImage", name, to="1", **wanted))

    async def repository(self, limit, name="hub.test/team/app"):
        return await self.fetching().repository(Wanted("DockerImage", name), limit)


@pytest.fixture
def hub():
    return Hub()


async def test_an_image_comes_with_its_manifest_and_config(hub):
    digest = hub.app.push("1", labels={"team": "harbour"})

    found = await hub.image()

    assert found.error is None
    assert found.tag == "1"
    assert found.image.digest == digest
    assert b'"team": "harbour"' in found.image.config
    assert found.children == ()


async def test_an_image_by_digest_has_no_tag(hub):
    digest = hub.app.push("1")

    found = await hub.image(f"hub.test/team/app@{digest}")

    assert (found.image.digest, found.tag) == (digest, "")


async def test_no_layer_is_fetched(hub):
    hub.app.push("1", layer=b"a layer")

    await hub.image()

    assert hub.sources.asked[f"blob {Digest.of(b'a layer')}"] == 0


async def test_what_is_not_there_is_an_error_of_the_entry(hub):
    found = await hub.image("hub.test/team/app:nope")

    assert isinstance(found.error, ManifestAbsent)
    assert found.image is None


async def test_a_name_outside_the_grammar_is_raised(hub):
    with pytest.raises(InvalidReference):
        await hub.image("hub.test///app")


async def test_an_index_gives_the_image_of_the_platform(hub):
    arm, amd = hub.app.put_image(architecture="arm64"), hub.app.put_image()
    hub.app.tags["1"] = hub.app.put_index((arm, "arm64"), (amd, "amd64"))

    assert (await hub.image()).image.digest == amd
    hub.preferred = Platform("arm64")
    assert (await hub.image()).image.digest == arm


async def test_an_index_stays_one_with_its_images_if_asked_for(hub):
    arm, amd = hub.app.put_image(architecture="arm64"), hub.app.put_image()
    index = hub.app.tags["1"] = hub.app.put_index((arm, "arm64"), (amd, "amd64"), (amd, "amd64"))

    found = await hub.image(mode="PreserveOriginal")

    assert found.image.digest == index
    assert [child.digest for child in found.children] == [arm, amd]
    assert all(child.config for child in found.children)


async def test_an_index_of_too_many_images_is_refused(hub):
    images = [hub.app.put_image(layer=str(n).encode()) for n in range(fetching.MOST_CHILDREN + 1)]
    hub.app.tags["1"] = hub.app.put_index(*((one, "amd64") for one in images))

    found = await hub.image(mode="PreserveOriginal")

    assert isinstance(found.error, fetching.IndexTooLarge)
    assert (await hub.image()).error is None


async def test_a_config_that_is_too_large_is_not_fetched(hub):
    config = {"mediaType": "a/b", "digest": str(Digest.of(b"")), "size": fetching.CONFIG_LIMIT + 1}
    media_type = "application/vnd.oci.image.manifest.v1+json"
    document = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": []}
    hub.app.tags["1"] = hub.app.put(document, media_type)

    assert isinstance((await hub.image()).error, fetching.ConfigTooLarge)
    assert hub.sources.asked[f"blob {Digest.of(b'')}"] == 0


async def test_a_manifest_that_is_none_is_an_error_of_the_entry(hub):
    hub.app.tags["1"] = hub.app.put({"schemaVersion": 1}, "application/json")

    assert (await hub.image()).error is not None


async def test_tags_come_in_the_order_of_people_up_to_the_limit(hub):
    for tag in ("v1", "other", "v2", "3", "3.1", "latest"):
        hub.app.push(tag)

    found = await hub.repository(3)

    assert [one.tag for one in found.images] == ["latest", "3.1", "3"]
    assert found.more == ("other", "v1", "v2")
    assert str(found.images[0].reference) == "hub.test/team/app:latest"
    assert len((await hub.repository(-1)).images) == 6


async def test_a_broken_tag_stands_beside_good_ones(hub):
    for tag in ("a", "b", "c"):
        hub.app.push(tag)
    hub.app.broken["b"] = ManifestAbsent("hub.test", "no")

    found = await hub.repository(-1)

    assert [one.error is None for one in found.images] == [True, False, True]


async def test_a_repository_that_cannot_be_listed_has_an_error_and_no_images(hub):
    hub.app.fault = NoAnswer("hub.test", "no connection")

    found = await hub.repository(-1)

    assert isinstance(found.error, NoAnswer)
    assert found.images == ()


async def test_tags_outside_the_grammar_are_left_out(hub):
    hub.app.push("good")
    hub.app.tags["../../evil"] = hub.app.tags["good"]

    assert [one.tag for one in (await hub.repository(-1)).images] == ["good"]


async def test_the_logins_of_the_project_are_shown(hub):
    hub.app.push("1")
    hub.app.login, hub.logins = LOGIN, [LOGIN]

    assert (await hub.image()).error is None


async def test_a_wrong_login_does_not_stand_before_a_public_image(hub):
    hub.app.push("1")
    hub.app.login, hub.app.open, hub.logins = LOGIN, True, [OLD]

    assert (await hub.image()).error is None


async def test_if_nothing_serves_the_answer_to_the_login_is_told(hub):
    hub.app.push("1")
    hub.app.login, hub.logins = LOGIN, [OLD]

    found = await hub.image()

    assert isinstance(found.error, WrongLogin)
    assert found.logins


async def test_without_logins_the_registry_is_asked_once(hub):
    hub.app.login = LOGIN

    found = await hub.image()

    assert type(found.error) is LoginNeeded
    assert not found.logins
    assert hub.sources.asked["manifest 1"] == 1


async def test_a_registry_that_does_not_answer_is_not_waited_for_again(hub):
    hub.app.fault = NoAnswer("hub.test", "no connection")
    fetches = hub.fetching()

    first = await fetches.image(Wanted("DockerImage", "hub.test/team/app:1"))
    second = await fetches.image(Wanted("DockerImage", "hub.test/team/other:1"))

    assert isinstance(first.error, NoAnswer)
    assert isinstance(second.error, NoAnswer)
    assert sum(hub.sources.asked.values()) == 1


async def test_one_that_answers_slowly_is_given_up_and_holds_no_turn(hub, monkeypatch):
    hub.app.push("1")
    hub.app.push("2")
    hub.app.stalled.add("1")
    monkeypatch.setattr(fetching, "IMAGE_SECONDS", 0.01)
    fetches = hub.fetching()

    slow = await fetches.image(Wanted("DockerImage", "hub.test/team/app:1"))
    other = await fetches.image(Wanted("DockerImage", "hub.test/team/app:2"))

    assert isinstance(slow.error, NoAnswer)
    assert other.error is None


async def test_a_request_as_a_whole_has_its_time(hub, monkeypatch):
    hub.app.push("1")
    monkeypatch.setattr(fetching, "REQUEST_SECONDS", 0.0)

    assert isinstance((await hub.image()).error, NoAnswer)


async def test_two_entries_of_one_meaning_are_one_fetch(hub):
    hub.app.push("1")
    fetches = hub.fetching()
    wanted = [
        Wanted("DockerImage", "hub.test/team/app:1", to="1", manifest=True),
        Wanted("DockerImage", "hub.test/team/app:1", to="1", scheduled=True),
    ]

    found = await asyncio.gather(*map(fetches.image, wanted))

    assert [one.wanted for one in found] == wanted
    assert hub.sources.asked["manifest 1"] == 1


async def test_only_an_insecure_entry_is_asked_insecurely(hub):
    hub.app.push("1")

    await hub.image()
    await hub.image(insecure=True)

    assert hub.sources.insecure == [False, True]


async def test_what_a_tag_means_is_asked_cheaply(hub):
    digest = hub.app.push("1")

    assert await hub.fetching().digest(Wanted("DockerImage", "hub.test/team/app:1")) == digest
    assert list(hub.sources.asked) == ["digest 1"]


async def test_names_without_a_registry_are_those_of_the_hub(hub):
    library = Repository()
    library.push("latest")
    hub.sources.repositories["docker.io/library/test"] = library

    found = await hub.image("test")

    assert (found.error, found.tag) == (None, "latest")
    assert found.reference == ImageReference(name="test")
