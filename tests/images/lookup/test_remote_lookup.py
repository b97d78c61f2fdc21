import asyncio

import pytest

from images.fake_registries import FakeRegistries
from wharfinger.errors import Unavailable
from wharfinger.images.lookup.pull_accounts import PullAccount
from wharfinger.images.lookup.remote_images import RemoteImages
from wharfinger.images.lookup.remote_lookup import RemoteLookup
from wharfinger.oci.credentials import Credential, Keyring
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import LookupFailed

APP = ImageReference.parse("hub.test/team/app:1")


class FixedKeyrings:
    def __init__(self, files=None, error=None):
        self.files, self.error, self.asked = files or {}, error, []

    async def keyring(self, namespace, puller, until=None):
        self.asked.append((namespace, puller))
        if self.error is not None:
            raise self.error
        return Keyring([self.files])


@pytest.fixture
def registries():
    made = FakeRegistries()
    made.digest = made.image("hub.test/team/app:1")
    return made


async def test_a_registry_is_shown_the_logins_that_the_pod_has_for_it(registries):
    keyrings = FixedKeyrings({"hub.test/team": Credential("ada", "pw"), "x.test": Credential("x")})
    puller = PullAccount("runner", ("mine",))
    lookup = RemoteLookup(
        images=RemoteImages(registries, labels=lambda: False), keyrings=keyrings, puller=puller
    )

    found = await lookup.remote(APP, "demo")

    assert found.digest == registries.digest
    assert keyrings.asked == [("demo", puller)]
    assert registries.shown == [["ada"]]


async def test_what_does_not_come_in_time_is_not_found_and_serves_the_next(registries):
    registries.gate = asyncio.Event()
    images = RemoteImages(registries)
    now = asyncio.get_running_loop().time()
    late = RemoteLookup(images=images, until=now)

    with pytest.raises(LookupFailed, match="in the time that a review has"):
        await late.remote(APP, "demo")
    registries.gate.set()

    assert (await RemoteLookup(images=images).remote(APP, "demo")).digest == registries.digest
    assert registries.asked["digest"] == 1


async def test_logins_that_cannot_be_read_are_a_failed_lookup(registries):
    keyrings = FixedKeyrings(error=Unavailable("cannot read the secret"))
    lookup = RemoteLookup(images=RemoteImages(registries), keyrings=keyrings)

    with pytest.raises(LookupFailed, match="cannot read the secret"):
        await lookup.remote(APP, "demo")


@pytest.mark.parametrize(
    ("method", "arguments", "resource"),
    [
        ("stream", ("demo", "app"), "imagestreams"),
        ("stream_tag", ("demo", "app", "1"), "imagestreamtags"),
        ("stream_image", ("demo", "app", "sha256:0"), "imagestreamimages"),
        ("image", ("sha256:0",), "images"),
    ],
)
async def test_where_nobody_serves_streams_there_are_none(registries, method, arguments, resource):
    lookup = RemoteLookup(images=RemoteImages(registries))

    with pytest.raises(LookupFailed) as absent:
        await getattr(lookup, method)(*arguments)
    assert absent.value.absent == resource
