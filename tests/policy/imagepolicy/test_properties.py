"""What holds for every policy, object and cluster: nothing raises, and one phase agrees with the other."""

import asyncio
import contextlib
import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from image_world import World
from made_reviews import DIGEST, OTHER, PEM, REGISTRY, build, known, own, policy, question, stream
from made_reviews import stream_tag as tag
from wharfinger.cluster.json_patch import json_patch
from wharfinger.policy.imagepolicy import config, decision, document
from wharfinger.policy.imagepolicy.config import InvalidImagePolicy

THIRD = "sha256:" + "3" * 64
HERE = f"{REGISTRY}/demo/here@{DIGEST}"
AWAY = f"quay.io/team/away@{OTHER}"
GOLD = known(DIGEST, HERE, labels={"tier": "gold"})
DENIED = known(OTHER, AWAY, annotations={"deny": "true"})
WORLD = {
    "images": [GOLD, DENIED],
    "imageStreamTags": [
        tag("here:latest", HERE, DIGEST, local=True) | {"image": GOLD},
        tag("away:1", AWAY, OTHER, local=True) | {"image": DENIED},
        tag("shut:1", AWAY, OTHER) | {"image": DENIED},
    ],
    "imageStreams": [stream("waits", f"{REGISTRY}/demo/waits")],
}
REGISTRIES = {
    "quay.io/team/app:1": THIRD,
    f"quay.io/team/app@{THIRD}": THIRD,
    "docker.io/library/nginx:latest": THIRD,
    f"docker.io/library/nginx@{THIRD}": THIRD,
}
NAMES = st.sampled_from(
    [
        "here",
        "away:1",
        "shut:1",
        "waits:2",
        "nginx",
        "quay.io/team/app:1",
        f"quay.io/team/app:1@{THIRD}",
        "evil.test/a",
        f"{REGISTRY}/demo/here:latest",
        f"{REGISTRY}/demo/none:1",
        HERE,
        AWAY,
        "Bad_Name",
        "",
        "quay.io",
        "x:99999/a",
    ]
)
VALUES = st.sampled_from(
    ["DoNotAttempt", "Attempt", "AttemptRewrite", "Required", "RequiredRewrite"]
)
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "matchIntegratedRegistry": st.just(True),
        "matchRegistries": st.lists(
            st.sampled_from(["quay.io", "docker.io", REGISTRY]), min_size=1, max_size=2
        ),
        "matchImageLabels": st.just([{"matchLabels": {"tier": "gold"}}]),
        "matchImageAnnotations": st.just([{"key": "deny", "value": "true"}]),
        "invertMatch": st.booleans(),
        "skipOnResolutionFailure": st.booleans(),
        "reject": st.booleans(),
    },
)
ON = [{"resource": "pods"}, {"group": "build.openshift.io", "resource": "builds"}]


@st.composite
def policies(draw):
    rules = draw(st.lists(CONDITIONS, max_size=3))
    fields = {
        "resolveImages": draw(VALUES),
        "executionRules": [
            rule | {"name": str(index), "onResources": ON} for index, rule in enumerate(rules)
        ],
    }
    if draw(st.booleans()):
        each = st.fixed_dictionaries(
            {"targetResource": st.sampled_from(ON), "policy": VALUES, "localNames": st.booleans()}
        )
        fields["resolutionRules"] = draw(st.lists(each, max_size=2))
    if not draw(st.booleans()):
        return draw(st.sampled_from(["v1", "image.openshift.io/v1"])), fields
    if draw(st.booleans()):
        key = {"name": "release", "pem": PEM}
        fields["signatures"] = [
            {"name": "s", "images": ["quay.io"], "keys": [key], "onResources": ON}
        ]
    if draw(st.booleans()):
        fields["registries"] = {"block": ["evil.test"]}
    return "wharfinger.dev/v1", fields | {"remoteResolution": draw(st.booleans())}


@st.composite
def questions(draw):
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["DockerImage", "ImageStreamTag", "ImageStreamImage", "Pod"]))
        return question(build(kind, draw(NAMES)), "builds")
    spec = {
        field: [{"name": f"{field}{index}", "image": name} for index, name in enumerate(names)]
        for field in ("initContainers", "containers", "ephemeralContainers")
        if (names := draw(st.lists(NAMES, max_size=3)))
    }
    return question({"kind": "Pod", "metadata": {"name": "web"}, "spec": spec})


def usable(version, fields):
    try:
        return policy(version, **fields)
    except InvalidImagePolicy:
        # Conditions on images that are not resolved.
        return policy(version, **(fields | {"executionRules": []}))


def decide(asked, rules):
    world = World(WORLD, registries=REGISTRIES, signed={OTHER: "release"})
    return asyncio.run(decision.decide(asked, rules, world, registry=REGISTRY))


@settings(max_examples=100)
@given(policies(), questions())
def test_the_phases_agree_and_rewriting_is_done_once(written, asked):
    rules = usable(*written)
    before = copy.deepcopy(asked.object)

    first = decide(asked, rules)

    assert asked.object == before
    assert decide(asked, rules) == first
    assert json_patch(before, decision.patch(before, first.object)) == first.object
    if not first.allowed:
        return
    asked_again = question(first.object, asked.resource)
    again = decide(asked_again, rules)
    validated = decide(question(first.object, asked.resource, validating=True), rules)
    assert again.allowed
    assert again.object == first.object
    assert validated.allowed


KEYS = (
    *("metadata", "annotations", "spec", "template", "containers", "volumes", "name", "kind"),
    *("image", "images", "reference", "source", "strategy", "from", "ownerReferences"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NAMES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
STRICT = own(
    executionRules=[{"name": "a", "onResources": [*ON, {"group": "apps", "resource": "*"}]}],
    paths=[{"group": "example.test", "resource": "widgets", "images": ["spec.images[*].image"]}],
)
RESOURCES = st.sampled_from(
    [
        ("", "pods"),
        ("apps", "deployments"),
        ("build.openshift.io", "builds"),
        ("example.test", "widgets"),
    ]
)


@settings(max_examples=100)
@given(
    RESOURCES,
    st.dictionaries(st.sampled_from(["spec", "metadata", "kind"]), JSON, max_size=3),
    st.none() | st.dictionaries(st.sampled_from(["spec", "metadata"]), JSON, max_size=2),
)
def test_no_object_raises(resource, new, old):
    asked = question(new, resource[1], group=resource[0], operation="UPDATE", old=old)

    outcome = decide(asked, STRICT)

    assert outcome.allowed is not bool(outcome.refused or outcome.forbidden)


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("kind", "resolveImages", "resolutionRules", "executionRules"),
                *("paths", "signatures", "registries", "remoteResolution"),
            ]
        ),
        JSON | st.lists(st.dictionaries(st.sampled_from(["name", "onResources", "images"]), JSON)),
        max_size=4,
    )
)
def test_a_configuration_is_read_or_refused(fields):
    found = {"apiVersion": "wharfinger.dev/v1", "kind": config.KIND} | fields
    with contextlib.suppress(InvalidImagePolicy):
        config.read(document.extract(found))
