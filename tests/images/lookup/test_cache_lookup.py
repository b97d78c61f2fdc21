"""What decisions on images find in our own objects."""

import json

import pytest

from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.lookup.cache_lookup import CacheLookup
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.policy.imagepolicy.model import LookupFailed

APP = RepositoryName("team", "app")


@pytest.fixture
def lookup(dock):
    return CacheLookup(dock.cache, labels=lambda: True)


async def push_index(dock, *labels):
    """An index of images with these labels; return its digest."""
    children = []
    for own in labels:
        raw = await dock.image("team/app", own)
        child = Digest.of(raw)
        await dock.registry.put_manifest(APP, child, raw, None)
        children.append(
            {"mediaType": media_types.OCI_IMAGE, "digest": str(child), "size": len(raw)}
            | {"platform": {"os": "linux", "architecture": "amd64"}}
        )
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": children}
    raw = json.dumps(document).encode()
    pushed = await dock.registry.put_manifest(APP, Tag("all"), raw, None)
    await dock.streams.pushed(APP, Tag("all"), pushed.digest)
    return pushed.digest


async def test_a_tag_means_its_newest_image_with_what_is_known_of_it(dock, lookup):
    digest = await dock.push("team/app", "1", {"vendor": "dock"})
    note = {"metadata": {"annotations": {"checked": "yes"}, "labels": {"tier": "a"}}}
    await dock.objects.patch(IMAGE, "", str(digest), PatchType.MERGE, note, SYSTEM)

    found = await lookup.stream_tag("team", "app", "1")

    assert found.digest == str(digest)
    assert found.reference == f"{dock.host}/team/app@{digest}"
    assert (found.labels, found.annotations["checked"]) == ({"tier": "a"}, "yes")
    assert found.config_labels == {"vendor": "dock"}
    assert await lookup.stream_image("team", "app", str(digest)) == found
    assert await lookup.image(str(digest)) == found


async def test_a_stream_says_whether_its_bare_name_means_it(dock, lookup):
    await dock.make_stream("team/local", lookupPolicy={"local": True})
    await dock.make_stream("team/app")

    assert (await lookup.stream("team", "local")).local
    assert not (await lookup.stream("team", "app")).local
    assert (await lookup.stream("team", "app")).repository == f"{dock.host}/team/app"


async def test_what_is_absent_is_named(dock, lookup):
    digest = await dock.push("team/app", "1")
    unknown = "sha256:" + "0" * 64
    asked = {
        "imagestreams": lookup.stream_tag("team", "none", "1"),
        "imagestreamtags": lookup.stream_tag("team", "app", "2"),
        "imagestreamimages": lookup.stream_image("team", "app", unknown),
        "images": lookup.image(unknown),
    }
    for absent, question in asked.items():
        with pytest.raises(LookupFailed, match="not found") as told:
            await question
        assert told.value.absent == absent
    await dock.objects.delete(IMAGE, "", str(digest), SYSTEM)
    with pytest.raises(LookupFailed) as told:
        await lookup.stream_tag("team", "app", "1")
    assert told.value.absent == "images"


async def test_an_index_has_the_labels_that_all_its_images_have(dock, lookup):
    digest = await push_index(dock, {"a": "b"}, {"a": "b"})

    assert (await lookup.image(str(digest))).config_labels == {"a": "b"}
    assert (await lookup.stream_tag("team", "app", "all")).config_labels == {"a": "b"}


async def test_an_index_of_different_images_is_not_resolved_where_labels_decide(dock, lookup):
    digest = await push_index(dock, {"a": "b"}, {"a": "c"})

    with pytest.raises(LookupFailed, match="differ"):
        await lookup.image(str(digest))
    assert (await CacheLookup(dock.cache).image(str(digest))).config_labels is None


async def test_an_index_with_an_image_that_is_not_known_is_not_resolved_either(dock, lookup):
    digest = await push_index(dock, {"a": "b"})
    (child,) = dock.known(digest)["dockerImageManifests"]
    await dock.objects.delete(IMAGE, "", child["digest"], SYSTEM)

    with pytest.raises(LookupFailed, match="not known"):
        await lookup.image(str(digest))
