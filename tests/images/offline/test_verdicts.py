"""A policy over a dump: what is refused, what would be made of it, and what another policy changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.images.offline import verdicts
from wharfinger.images.offline.dump import Dump
from wharfinger.images.offline.dump_lookup import DumpLookup
from wharfinger.policy.imagepolicy import config

DIGEST = "sha256:" + "a" * 64
STREAM = {
    "apiVersion": "image.openshift.io/v1",
    "kind": "ImageStream",
    "metadata": {"name": "ruby", "namespace": "shop"},
    "spec": {"lookupPolicy": {"local": True}},
    "status": {
        "tags": [
            {
                "tag": "2",
                "items": [{"image": DIGEST, "dockerImageReference": f"quay.io/t/ruby@{DIGEST}"}],
            }
        ]
    },
}


def policy(*rules, **fields):
    document = {"apiVersion": "wharfinger.dev/v1", "kind": "ImagePolicyConfig", **fields}
    return config.read({**document, "executionRules": list(rules)})


def from_registries(*registries, **more):
    return {"name": "listed", "matchRegistries": list(registries), **more}


def dump_of(*objects) -> Dump:
    found = Dump("shop")
    for item in objects:
        found.add(item, "f")
    return found


def deployment(*images):
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def pod(image, **metadata):
    spec = {"containers": [{"name": "c", "image": image}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", **metadata}, "spec": spec}


async def judged(found, rules):
    return await verdicts.judge(found, rules, DumpLookup.of(found, rules))


async def test_rules_on_pods_tell_of_a_deployment():
    told = await judged(
        dump_of(deployment("quay.io/a", "evil.test/a")), policy(from_registries("quay.io"))
    )

    assert [(one.verdict.allowed, one.verdict.written) for one in told] == [
        (True, "quay.io/a"),
        (False, "evil.test/a"),
    ]
    assert {one.made.kind for one in told} == {"Pod"}


async def test_what_is_refused_itself_makes_nothing():
    on = [{"group": "apps", "resource": "deployments"}, {"resource": "pods"}]

    [one] = await judged(
        dump_of(deployment("evil.test/a")), policy(from_registries("quay.io", onResources=on))
    )
    assert one.made is None
    assert one.verdict.place == "spec.template.spec.containers[0].image"


async def test_a_policy_that_spares_what_has_a_controller_spares_pods_of_a_deployment():
    rules = config.read(
        {
            "apiVersion": "image.openshift.io/v1",
            "kind": "ImagePolicyConfig",
            "executionRules": [from_registries("quay.io")],
        }
    )

    told = await judged(dump_of(deployment("evil.test/a"), pod("evil.test/a")), rules)
    assert [(one.subject.kind, one.verdict.allowed) for one in told] == [("Pod", False)]


async def test_names_of_streams_in_the_dump_are_resolved():
    [one] = await judged(
        dump_of(STREAM, pod("ruby:2")),
        policy(from_registries("quay.io"), resolveImages="RequiredRewrite"),
    )

    assert one.verdict.allowed
    assert one.verdict.rewritten == f"quay.io/t/ruby@{DIGEST}"


async def test_labels_that_the_dump_does_not_have_are_not_guessed():
    wants = {"name": "vendor", "matchDockerImageLabels": [{"key": "vendor", "value": "site"}]}
    image = {
        "kind": "Image",
        "apiVersion": "image.openshift.io/v1",
        "metadata": {"name": DIGEST},
        "dockerImageReference": f"quay.io/t/ruby@{DIGEST}",
        "dockerImageMetadata": {"Config": {"Labels": {"vendor": "site"}}},
    }

    [without] = await judged(dump_of(STREAM, pod("ruby:2")), policy(wants))
    [beside] = await judged(dump_of(image, STREAM, pod("ruby:2")), policy(wants))
    [by_digest] = await judged(dump_of(image, pod(f"x.test/y@{DIGEST}")), policy(wants))

    assert not without.verdict.allowed
    assert beside.verdict.allowed
    assert by_digest.verdict.allowed


async def test_what_would_have_to_be_asked_of_a_registry_is_said():
    [one] = await judged(dump_of(pod("quay.io/a:1")), policy(resolveImages="Required"))

    assert not one.verdict.allowed
    assert "--resolve" in one.verdict.reason


@pytest.mark.parametrize(
    "tags",
    [
        "x",
        [{"items": []}],
        [{"tag": "2", "items": "x"}],
        [{"tag": "2", "items": [{"image": DIGEST}]}],
        [{"tag": "2", "items": [{"image": [DIGEST], "dockerImageReference": "quay.io/a"}]}],
    ],
)
async def test_a_stream_without_the_shape_of_one_is_none(tags):
    broken = {**STREAM, "status": {"tags": tags}}

    [one] = await judged(dump_of(broken, pod("ruby:2")), policy(from_registries("quay.io")))
    assert not one.verdict.allowed


async def test_changes_are_those_of_the_verdict_wherever_it_is_given():
    found = dump_of(deployment("quay.io/a", "evil.test/a", "both.test/a"), pod("new.test/a"))
    on = [{"group": "apps", "resource": "deployments"}, {"resource": "pods"}]
    old = await judged(found, policy(from_registries("quay.io", "both.test")))
    new = await judged(found, policy(from_registries("new.test", "both.test", onResources=on)))

    changes = verdicts.changes(old, new)

    assert [(one.after.verdict.written, one.refused_now) for one in changes] == [
        ("quay.io/a", True),
        ("new.test/a", False),
    ]
    assert verdicts.changes(old, old) == []


async def test_an_image_that_is_no_longer_judged_is_allowed_now():
    found = dump_of(deployment("evil.test/a"))
    old = await judged(found, policy(from_registries("quay.io")))

    [change] = verdicts.changes(old, [])
    assert (change.before.verdict.allowed, change.after) == (False, None)


WORDS = (
    *("metadata", "name", "namespace", "annotations", "labels", "spec", "status", "tags", "tag"),
    *(
        "items",
        "image",
        "dockerImageReference",
        "lookupPolicy",
        "local",
        "from",
        "kind",
        "template",
    ),
    *(
        "containers",
        "volumes",
        "dockerImageMetadata",
        "Config",
        "Labels",
        "referencePolicy",
        "type",
    ),
    *("strategy", "dockerStrategy", "jobTemplate", "ownerReferences", "2", "ruby", "quay.io/a"),
)
KINDS = (
    "Pod",
    "Deployment",
    "CronJob",
    "ImageStream",
    "ImageStreamTag",
    "Image",
    "Namespace",
    "List",
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=20,
)


def mangled(draw, item):
    """The object with junk in one place."""
    if isinstance(item, dict) and item and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(item)))
        return {**item, key: mangled(draw, item[key])}
    if isinstance(item, list) and item and draw(st.integers(0, 4)):
        return [mangled(draw, item[0]), *item[1:]]
    return draw(JUNK)


@st.composite
def hostile(draw):
    base = draw(st.sampled_from([STREAM, deployment("quay.io/a", "ruby:2"), pod("ruby:2")]))
    return mangled(draw, base)


ANYTHING = st.fixed_dictionaries(
    {
        "apiVersion": st.sampled_from(["v1", "apps/v1", "image.openshift.io/v1"]),
        "kind": st.sampled_from(KINDS),
        **dict.fromkeys(("metadata", "spec", "status", "image", "items"), JUNK),
    }
)


@settings(max_examples=60)
@given(st.lists(hostile() | ANYTHING, max_size=3))
async def test_no_object_is_more_than_refused(objects):
    wants = {"name": "vendor", "matchDockerImageLabels": [{"key": "a", "value": "b"}]}
    rules = policy(wants, from_registries("quay.io"), resolveImages="AttemptRewrite")

    found = dump_of(*objects, pod("ruby:2", namespace="shop"))
    assert await judged(found, rules)
