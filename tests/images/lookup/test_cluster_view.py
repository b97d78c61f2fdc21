import asyncio

import pytest

from wharfinger.errors import Unavailable
from wharfinger.images.lookup import cluster_view
from wharfinger.images.lookup.cluster_view import ClusterStreams, ClusterView
from wharfinger.images.lookup.pull_accounts import PullAccount
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.model import LookupFailed, Stream

DIGEST = "sha256:" + "1" * 64


class FakeCluster:
    def __init__(self, objects=None, *, serves=True):
        self.objects, self.served = objects or {}, serves
        self.asked, self.gate, self.error = [], None, None

    async def get(self, group, version, resource, namespace, name):
        self.asked.append((group, resource, namespace, name))
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.objects.get((resource, namespace, name))

    async def serves(self, group, version):
        return self.served


IMAGE = {
    "metadata": {"name": DIGEST, "labels": {"a": "1"}, "annotations": {"b": "2"}},
    "dockerImageReference": f"hub.test/demo/app@{DIGEST}",
    "dockerImageMetadata": {"Config": {"Labels": {"c": "3"}}},
}


def namespace(text):
    return {"metadata": {"annotations": {decision.IGNORE_RULES: text}}}


@pytest.mark.parametrize(
    ("text", "names"),
    [("a,b", {"a", "b"}), ("a, b", {"a", " b"}), ("", set()), (7, set())],
)
async def test_a_namespace_names_the_rules_that_it_ignores(text, names):
    view = ClusterView(FakeCluster({("namespaces", "", "demo"): namespace(text)}))

    assert await view.ignored_rules("demo") == names


async def test_a_namespace_that_is_not_there_ignores_nothing():
    assert await ClusterView(FakeCluster()).ignored_rules("demo") == frozenset()


async def test_an_object_is_asked_for_once():
    cluster = FakeCluster({("namespaces", "", "demo"): namespace("a")})
    view = ClusterView(cluster)
    await asyncio.gather(*(view.ignored_rules("demo") for _ in range(100)))

    assert len(cluster.asked) == 1


async def test_what_fails_is_told_and_asked_again():
    cluster = FakeCluster()
    view = ClusterView(cluster)
    cluster.error = Unavailable("no answer")
    with pytest.raises(Unavailable, match="no answer"):
        await view.ignored_rules("demo")
    cluster.error = None

    assert await view.ignored_rules("demo") == frozenset()


async def test_made_up_namespaces_do_not_flood_the_cluster():
    cluster = FakeCluster()
    cluster.gate = asyncio.Event()
    view = ClusterView(cluster)
    flood = [
        asyncio.create_task(view.keyring(f"ns-{number}", PullAccount())) for number in range(500)
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    asked = len(cluster.asked)
    cluster.gate.set()
    await asyncio.gather(*flood, return_exceptions=True)

    assert asked == 64


async def test_image_streams_are_read_where_they_are_served():
    stream = {
        "spec": {"lookupPolicy": {"local": True}},
        "status": {"dockerImageRepository": "hub.test/demo/app"},
    }
    view = ClusterStreams(
        ClusterView(
            FakeCluster(
                {
                    ("imagestreams", "demo", "app"): stream,
                    ("imagestreamtags", "demo", "app:1"): {"image": IMAGE},
                    ("imagestreamimages", "demo", f"app@{DIGEST}"): {"image": IMAGE},
                    ("images", "", DIGEST): IMAGE,
                }
            )
        )
    )
    found = await view.image(DIGEST)

    assert await view.stream("demo", "app") == Stream(True, "hub.test/demo/app")
    assert await view.stream_tag("demo", "app", "1") == found
    assert await view.stream_image("demo", "app", DIGEST) == found
    assert (found.digest, found.labels, found.annotations) == (DIGEST, {"a": "1"}, {"b": "2"})
    assert (found.config_labels, found.config_readable) == ({"c": "3"}, True)
    with pytest.raises(LookupFailed) as absent:
        await view.stream_tag("demo", "app", "2")
    assert absent.value.absent == "imagestreamtags"


async def test_a_cluster_without_image_streams_is_asked_for_none():
    cluster = FakeCluster({("images", "", DIGEST): IMAGE}, serves=False)

    with pytest.raises(LookupFailed):
        await ClusterStreams(ClusterView(cluster)).image(DIGEST)
    assert cluster.asked == []


@pytest.mark.parametrize(
    ("content", "labels", "readable"),
    [
        (None, None, True),
        ({}, None, True),
        ({"Config": {}}, {}, True),
        ({"Config": {"Labels": None}}, {}, True),
        ("broken", None, False),
        ({"Config": []}, None, False),
        ({"Config": {"Labels": {"a": 1}}}, None, False),
    ],
)
def test_what_is_known_of_a_config(content, labels, readable):
    found = cluster_view.image_of({**IMAGE, "dockerImageMetadata": content})

    assert (found.config_labels, found.config_readable) == (labels, readable)
