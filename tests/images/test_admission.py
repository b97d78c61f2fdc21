import base64
import json

import pytest

from images.fake_registries import FakeRegistries
from wharfinger.cluster.admission import NAMESPACES
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectForbidden, ObjectInvalid
from wharfinger.cluster.kinds.core import CONFIG_MAP, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.pods import POD
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import Subject
from wharfinger.images.admission import ImagePolicyReview
from wharfinger.images.lookup.remote_images import RemoteImages
from wharfinger.images.lookup.remote_lookup import NoStreams
from wharfinger.policy.imagepolicy import config, decision
from wharfinger.policy.imagepolicy.model import Image

ADA = Subject("ada")
DIGEST = "sha256:" + "a" * 64


class OneStream(NoStreams):
    async def stream_tag(self, namespace, name, tag):
        if (namespace, name, tag) != ("demo", "app", "1"):
            return await super().stream_tag(namespace, name, tag)
        return Image(digest=DIGEST, reference=f"ours.test:5000/demo/app@{DIGEST}")


class World:
    def __init__(self, cache):
        self.cache, self.registries = cache, FakeRegistries()
        self.policy({})
        review = ImagePolicyReview(
            lambda: self.present,
            cache,
            OneStream(),
            RemoteImages(self.registries),
            registry="ours.test:5000",
        )
        self.objects = Objects(cache, reviews=[review])

    def policy(self, fields):
        self.present = config.read(
            {"apiVersion": "wharfinger.dev/v1", "kind": "ImagePolicyConfig", **fields}
        )

    async def put(self, resource, namespace, name, **fields):
        found = {"metadata": {"name": name, "namespace": namespace}, **fields}
        write = Write(Key(resource, namespace, name), json.dumps(found).encode(), 0)
        await self.cache.commit(write)

    async def create(self, *images, options=None, name="web", **spec):
        containers = [{"name": f"c{number}", "image": one} for number, one in enumerate(images)]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": containers, **spec},
        }
        made = await self.objects.create(POD, "demo", pod, ADA, options)
        return [one["image"] for one in made["spec"]["containers"]]


@pytest.fixture
async def world():
    return World(await Cache.open(MemoryStore()))


ONLY_OURS = {"executionRules": [{"name": "ours", "matchIntegratedRegistry": True}]}


async def test_an_image_of_a_stream_is_named_by_its_digest(world):
    world.policy({"resolveImages": "AttemptRewrite", **ONLY_OURS})

    images = await world.create("ours.test:5000/demo/app:1")

    assert images == [f"ours.test:5000/demo/app@{DIGEST}"]


async def test_a_refusal_has_the_words_and_causes_of_openshift(world):
    world.policy(ONLY_OURS | {"remoteResolution": False})

    with pytest.raises(ObjectInvalid) as refused:
        await world.create("evil.test/x:1", "evil.test/y:1", "ours.test:5000/demo/app:1")

    assert str(refused.value).startswith(
        'Pod "web" is invalid: [spec.containers[0].image: Forbidden'
    )
    assert [(one.reason, one.field) for one in refused.value.causes] == [
        ("FieldValueForbidden", "spec.containers[0].image"),
        ("FieldValueForbidden", "spec.containers[1].image"),
    ]


async def test_a_name_that_was_made_up_is_not_told(world):
    world.policy(ONLY_OURS | {"remoteResolution": False})
    made = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "web-"},
        "spec": {"containers": [{"name": "c", "image": "evil.test/x:1"}]},
    }

    with pytest.raises(ObjectInvalid, match=r'^Pod "" is invalid'):
        await world.objects.create(POD, "demo", made, ADA)


async def test_a_dry_run_has_the_same_verdict_and_result(world):
    world.policy({"resolveImages": "AttemptRewrite", **ONLY_OURS})
    options = Options(dry_run=True)

    assert DIGEST in (await world.create("ours.test:5000/demo/app:1", options=options))[0]
    with pytest.raises(ObjectInvalid):
        await world.create("evil.test/x:1", options=options)


async def test_a_change_is_judged_and_the_old_object_stays_as_it_was(world):
    world.policy(ONLY_OURS | {"remoteResolution": False})
    await world.create("ours.test:5000/demo/app:1")
    before = world.objects.get(POD, "demo", "web")
    changed = json.loads(json.dumps(before))
    changed["spec"]["containers"][0]["image"] = "evil.test/x:1"

    with pytest.raises(ObjectInvalid):
        await world.objects.update(POD, "demo", "web", changed, ADA)
    assert world.objects.get(POD, "demo", "web") == before


async def test_the_policy_is_the_one_of_the_moment(world):
    await world.create("evil.test/x:1", name="before")
    world.policy(ONLY_OURS | {"remoteResolution": False})

    with pytest.raises(ObjectInvalid):
        await world.create("evil.test/x:1", name="after")


async def test_a_namespace_switches_off_rules_by_its_annotation(world):
    world.policy({"executionRules": [{"name": "none", "reject": True}]})
    with pytest.raises(ObjectInvalid):
        await world.create("evil.test/x:1")

    annotated = {"name": "demo", "annotations": {decision.IGNORE_RULES: "none"}}
    await world.put(NAMESPACES, "", "demo", metadata=annotated)

    assert await world.create("evil.test/x:1") == ["evil.test/x:1"]


async def test_another_registry_is_asked_with_the_secrets_of_the_pods_account(world):
    auths = {"auths": {"hub.test": {"username": "puller", "password": "pw"}}}
    content = base64.b64encode(json.dumps(auths).encode()).decode()
    await world.put(
        SECRET.resource,
        "demo",
        "hub",
        type="kubernetes.io/dockerconfigjson",
        data={".dockerconfigjson": content},
    )
    await world.put(SERVICE_ACCOUNT.resource, "demo", "default", imagePullSecrets=[{"name": "hub"}])
    digest = world.registries.image("hub.test/team/app:1")
    hub = {"name": "hub", "matchRegistries": ["hub.test"]}
    world.policy({"resolveImages": "RequiredRewrite", "executionRules": [hub]})

    images = await world.create("hub.test/team/app:1")

    assert images == [f"hub.test/team/app@{digest}"]
    assert set(map(tuple, world.registries.shown)) == {("puller",)}


async def test_a_resource_without_images_that_a_rule_names_is_forbidden(world):
    world.policy(
        {"executionRules": [{"name": "all", "onResources": [{"resource": "*"}], "reject": True}]}
    )
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}

    with pytest.raises(ObjectForbidden, match="No list of images available"):
        await world.objects.create(CONFIG_MAP, "demo", made, ADA)
