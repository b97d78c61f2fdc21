"""A mapping names a digest, and gets nobody more than they may pull."""

import pytest

from wharfinger.cluster.errors import ObjectForbidden
from wharfinger.cluster.options import Options
from wharfinger.cluster.subject import MASTERS, Subject
from wharfinger.oci.names import RepositoryName

ADMIN = Subject("admin", groups=(MASTERS,))
ELSEWHERE = "sha256:" + "e" * 64


@pytest.fixture
async def target(dock):
    await dock.make_stream("team/app")
    return RepositoryName("team", "app")


async def put(dock, subject, digest, reference, **options):
    image = {
        "metadata": {"name": str(digest), "labels": {"vendor": "trusted"}},
        "dockerImageReference": reference,
        "dockerImageMetadata": {"kind": "DockerImage", "Config": {"Labels": {"vendor": "trusted"}}},
    }
    mapping = {"metadata": {"name": "app"}, "tag": "1", "image": image}
    return await dock.endpoints["imagestreammappings"].create(
        subject, "team", "", mapping, Options(**options)
    )


async def test_an_image_that_the_caller_may_pull_is_linked_and_told_by_its_bytes(dock, target):
    await dock.grant("other", "get")
    digest = await dock.push("other/app", "1", {"vendor": "dock"})

    told = await put(dock, dock.ada, digest, f"{dock.host}/other/app@{digest}")

    assert told["status"] == "Success"
    assert await dock.pulled("team/app", "1") == digest
    assert dock.tags("team/app") == {"1": [str(digest)]}
    assert dock.known(digest)["dockerImageMetadata"]["Config"]["Labels"] == {"vendor": "dock"}


async def test_an_image_of_others_is_refused_in_the_words_for_one_that_is_nowhere(dock, target):
    digest = await dock.push("other/app", "1")
    place = f"{dock.host}/other/app"
    texts = set()
    for named, reference in (
        (digest, f"{place}@{digest}"),
        (digest, "quay.io/some/app"),
        (ELSEWHERE, f"{place}@{ELSEWHERE}"),
        (ELSEWHERE, "quay.io/some/app"),
        ("latest", "quay.io/some/app"),
    ):
        with pytest.raises(ObjectForbidden) as refused:
            await put(dock, dock.ada, named, reference)
        texts.add(refused.value.message)

    assert len(texts) == 1
    assert not await dock.registry.exists(target)
    assert dock.tags("team/app") == {}
    assert dock.known(ELSEWHERE) is None


async def test_nobody_makes_up_labels_of_an_image_that_is_still_to_come(dock, target):
    with pytest.raises(ObjectForbidden):
        await put(dock, dock.ada, ELSEWHERE, "quay.io/some/app")

    assert dock.known(ELSEWHERE) is None


async def test_who_may_create_images_may_map_one_of_elsewhere(dock, target):
    await dock.push("team/app", "1")

    await put(dock, ADMIN, ELSEWHERE, "quay.io/some/app")

    assert dock.tags("team/app")["1"][0] == ELSEWHERE
    assert dock.known(ELSEWHERE)["dockerImageReference"] == "quay.io/some/app"
    assert await dock.pulled("team/app", "1") is None


async def test_a_rehearsed_mapping_links_nothing(dock, target):
    digest = await dock.push("other/app", "1")

    await put(dock, ADMIN, digest, f"{dock.host}/other/app@{digest}", dry_run=True)
    await put(dock, ADMIN, ELSEWHERE, "quay.io/some/app", dry_run=True)

    assert dock.tags("team/app") == {}
    assert dock.known(ELSEWHERE) is None
