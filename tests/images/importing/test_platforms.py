import pytest

from made_registries import Repository
from wharfinger.images.importing import platforms
from wharfinger.images.importing.platforms import Platform
from wharfinger.oci import manifest as manifests

ARM, AMD, S390 = Platform("arm64", "linux"), Platform("amd64", "linux"), Platform("s390x", "linux")


def index(*architectures):
    hub = Repository()
    children = [(hub.put_image(architecture=one), one) for one in architectures]
    found = hub.manifests[hub.put_index(*children)]
    return manifests.parse(found.raw, found.media_type), dict(
        zip(architectures, (digest for digest, _ in children), strict=True)
    )


@pytest.mark.parametrize(
    ("has", "preferred", "server", "chosen"),
    [
        (("s390x", "amd64", "arm64"), ARM, AMD, "arm64"),
        (("s390x", "amd64", "arm64"), Platform(), ARM, "arm64"),
        (("s390x", "amd64", "arm64"), Platform("ppc64le"), S390, "s390x"),
        (("s390x", "amd64"), Platform(), ARM, "amd64"),
        (("s390x", "ppc64le"), Platform(), ARM, "s390x"),
        (("s390x", "amd64"), Platform(system="linux"), ARM, "s390x"),
        (("s390x", "amd64"), Platform(system="windows"), AMD, "amd64"),
    ],
)
def test_the_child_that_stands_for_an_index(has, preferred, server, chosen):
    read, digests = index(*has)

    assert platforms.choose(read, preferred, server=server) == digests[chosen]


def test_an_index_without_children_has_none():
    read, _ = index()

    assert platforms.choose(read, ARM, server=AMD) is None


def test_a_child_that_says_nothing_of_its_platform_is_taken_last():
    hub = Repository()
    plain, arm = hub.put_image(architecture="x"), hub.put_image(architecture="arm64")
    entries = [
        {"mediaType": "a/b", "digest": str(plain), "size": 1},
        {
            "mediaType": "a/b",
            "digest": str(arm),
            "size": 1,
            "platform": {"architecture": "arm64", "os": "linux"},
        },
    ]
    media_type = "application/vnd.oci.image.index.v1+json"
    found = hub.manifests[
        hub.put({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}, media_type)
    ]
    read = manifests.parse(found.raw, found.media_type)

    assert platforms.choose(read, Platform(), server=ARM) == arm


def test_the_annotations_of_a_tag_say_what_is_preferred():
    said = {platforms.PREFER_ARCHITECTURE: "arm64", platforms.PREFER_SYSTEM: "linux"}

    assert Platform.of_tag(said) == ARM
    assert not Platform.of_tag({})
    assert Platform.of_server().system == "linux"
