import copy

import pytest

from image_world import World
from made_reviews import (
    DIGEST,
    OTHER,
    REGISTRY,
    build,
    containers,
    known,
    own,
    pod,
    policy,
    question,
    rule,
    stream,
    stream_tag,
    workload,
)
from wharfinger.cluster.json_patch import json_patch
from wharfinger.policy.imagepolicy import config, decision, places

QUAY_ONLY = policy(executionRules=[rule("quay", matchRegistries=["quay.io"])])
NO_EVIL = rule("evil", "pods", "deployments", "jobs", reject=True, matchRegistries=["evil.test"])
PINNED = f"quay.io/team/app@{DIGEST}"
APP = {"imageStreamTags": [stream_tag("app:1", PINNED, local=True)]}


async def decide(asked, rules, world=None):
    return await decision.decide(asked, rules, world or World(), registry=REGISTRY)


def refused(outcome):
    return {one.place: one.message for one in outcome.refused}


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "DELETE"},
        {"operation": "CONNECT"},
        {"subresource": "status"},
        {"subresource": "resize"},
        {"group": "", "resource": "services", "kind": "Service"},
        {"group": "extensions"},
    ],
)
async def test_what_is_not_covered_passes(fields):
    outcome = await decide(question(pod("evil.test/a"), **fields), policy(executionRules=[NO_EVIL]))

    assert (outcome.allowed, outcome.verdicts) == (True, ())


async def test_ephemeral_containers_are_judged():
    old = pod("quay.io/a")
    new = copy.deepcopy(old)
    new["spec"]["ephemeralContainers"] = containers("evil.test/debug")
    asked = question(new, operation="UPDATE", old=old, subresource="ephemeralcontainers")

    outcome = await decide(asked, policy(executionRules=[NO_EVIL]))

    assert [one.place for one in outcome.refused] == ["spec.ephemeralContainers[0].image"]


async def test_image_volumes_are_judged():
    obj = pod("quay.io/a")
    obj["spec"]["volumes"] = [{"name": "v", "image": {"reference": "evil.test/data"}}]

    outcome = await decide(question(obj), policy(executionRules=[NO_EVIL]))

    assert [one.place for one in outcome.refused] == ["spec.volumes[0].image.reference"]


OWNED = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}]}


@pytest.mark.parametrize(
    ("version", "judged"),
    [("v1", True), ("image.openshift.io/v1", False), ("wharfinger.dev/v1", True)],
)
async def test_what_a_controller_made_is_judged_but_in_openshift_4(version, judged):
    rules = policy(version, executionRules=[NO_EVIL])

    outcome = await decide(question(pod("evil.test/a", **OWNED)), rules)

    assert outcome.allowed is not judged


@pytest.mark.parametrize("owners", [[{"controller": False}], [{}], {}, "x", ["x"], None])
async def test_only_a_controller_counts_as_an_owner(owners):
    obj = pod("evil.test/a", ownerReferences=owners)

    assert not (await decide(question(obj), policy(executionRules=[NO_EVIL]))).allowed


async def test_what_a_controller_made_is_not_rewritten_but_pods_are():
    rules = own(resolveImages="AttemptRewrite", executionRules=[rule("a", "pods", "replicasets")])

    made = await decide(
        question(workload("ReplicaSet", "app:1", **OWNED), "replicasets"), rules, World(APP)
    )
    run = await decide(question(pod("app:1", **OWNED)), rules, World(APP))

    assert [one.rewritten for one in made.verdicts + run.verdicts] == ["", PINNED]


@pytest.mark.parametrize("resource", ["nodes", "secrets"])
async def test_an_object_without_images_is_forbidden_where_a_rule_is_on_it(resource):
    written = {"name": "n", "onResources": [{"resource": resource}]}
    asked = question({"kind": "Thing"}, resource)

    outcome = await decide(asked, policy(executionRules=[written]))

    assert not outcome.allowed
    assert outcome.forbidden == (
        "unable to apply image policy against objects of type Thing: "
        "No list of images available for this object"
    )


async def test_an_update_of_another_type_is_forbidden():
    asked = question(pod("a"), operation="UPDATE", old={"kind": "Job"})

    assert "not of the same type" in (await decide(asked, QUAY_ONLY)).forbidden


async def test_more_images_than_anybody_runs_are_forbidden():
    obj = pod(*["quay.io/a"] * (decision.IMAGES_LIMIT + 1))

    assert "more than 5000 images" in (await decide(question(obj), QUAY_ONLY)).forbidden


async def test_an_image_that_cannot_be_read_is_refused_at_its_place():
    outcome = await decide(question(pod("quay.io/a", None, 7)), QUAY_ONLY)

    text = "this image is prohibited by policy: the name of an image must be text"
    assert refused(outcome) == {
        "spec.containers[1].image": text,
        "spec.containers[2].image": text,
    }


async def test_every_image_is_judged_even_if_one_was_refused():
    outcome = await decide(question(pod("evil.test/a", "quay.io/a", "evil.test/b")), QUAY_ONLY)

    assert [one.allowed for one in outcome.verdicts] == [False, True, False]


async def test_an_image_that_was_refused_is_told_once():
    outcome = await decide(question(pod("evil.test/a", "evil.test/a", "evil.test/a:2")), QUAY_ONLY)

    assert [*refused(outcome)] == ["spec.containers[0].image", "spec.containers[2].image"]


async def test_an_image_that_was_accepted_is_not_judged_again():
    world = World({"images": [known(DIGEST, PINNED)]})

    outcome = await decide(question(pod(PINNED, PINNED)), QUAY_ONLY, world)

    assert outcome.allowed
    assert [one.reason for one in outcome.verdicts] == [
        "rule `quay` accepts images from quay.io",
        "as spec.containers[0].image",
    ]
    assert world.asked == [DIGEST]


async def test_each_container_is_rewritten_and_each_name_looked_up_once():
    world = World(APP)
    rules = policy(resolveImages="AttemptRewrite", executionRules=[rule("all")])

    outcome = await decide(question(pod("app:1", "app:1", PINNED)), rules, world)

    images = [one["image"] for one in outcome.object["spec"]["containers"]]
    assert images == [PINNED] * 3
    assert world.asked == []


async def test_a_refused_name_that_would_be_rewritten_is_told_for_each_container():
    rules = policy(
        resolveImages="AttemptRewrite", executionRules=[rule("none", matchRegistries=["x.test"])]
    )

    outcome = await decide(question(pod("app:1", "app:1")), rules, World(APP))

    assert len(outcome.refused) == 2
    assert outcome.object == pod("app:1", "app:1")


async def test_a_wildcard_on_a_resource_is_not_honoured_in_openshift():
    written = {
        "name": "a",
        "onResources": [{"group": "apps", "resource": "*"}],
        "reject": True,
    }
    asked = question(workload("Deployment", "evil.test/a"), "deployments")

    assert (await decide(asked, policy(executionRules=[written]))).allowed
    assert not (await decide(asked, own(executionRules=[written]))).allowed


async def test_a_namespace_that_switches_off_the_only_accepting_rule_has_nothing_left():
    asked = question(pod("quay.io/a"), ignored_rules=frozenset({"quay"}))

    outcome = await decide(asked, QUAY_ONLY)

    (verdict,) = outcome.refused
    assert "the namespace switches off rule `quay`" in verdict.reason


@pytest.mark.parametrize(
    ("annotations", "names"),
    [
        ({decision.IGNORE_RULES: "a,b"}, {"a", "b"}),
        ({decision.IGNORE_RULES: "a, b"}, {"a", " b"}),
        ({decision.IGNORE_RULES: ""}, set()),
        ({decision.IGNORE_RULES: 3}, set()),
        ({}, set()),
        (None, set()),
    ],
)
def test_rules_to_ignore_stand_between_commas(annotations, names):
    assert decision.ignored_rules({"metadata": {"annotations": annotations}}) == names


@pytest.mark.parametrize("version", ["v1", "image.openshift.io/v1", "wharfinger.dev/v1"])
async def test_stateful_sets_are_rewritten_on_an_update_since_3_x(version):
    rules = policy(
        version, resolveImages="AttemptRewrite", executionRules=[rule("all", "statefulsets")]
    )
    asked = question(
        workload("StatefulSet", "app:1"),
        "statefulsets",
        operation="UPDATE",
        old=workload("StatefulSet", "app:0"),
    )

    outcome = await decide(asked, rules, World(APP))

    assert outcome.verdicts[0].rewritten == ("" if version == "v1" else PINNED)


async def test_builds_of_3_x_are_those_of_the_legacy_group():
    rules = policy(
        "v1",
        executionRules=[{"name": "n", "onResources": [{"resource": "builds"}], "reject": True}],
    )
    asked = question(build("DockerImage", "evil.test/a"), "builds")

    outcome = await decide(asked, rules)

    assert [*refused(outcome)] == ["spec.strategy.dockerStrategy.from.name"]


async def test_a_build_is_rewritten_to_the_name_of_an_image():
    rules = policy(resolveImages="AttemptRewrite", executionRules=[rule("all", "builds")])
    obj = build("ImageStreamTag", "app:1", namespace="demo", uid="1")

    outcome = await decide(question(obj, "builds"), rules, World(APP))

    found = outcome.object["spec"]["strategy"]["dockerStrategy"]["from"]
    assert found == {"kind": "DockerImage", "name": PINNED, "uid": "1"}
    assert json_patch(obj, decision.patch(obj, outcome.object)) == outcome.object


async def test_a_patch_replaces_the_images_and_nothing_else():
    rules = policy(resolveImages="AttemptRewrite", executionRules=[rule("all")])
    obj = pod("app:1", "quay.io/b:1", "app:1")

    outcome = await decide(question(obj), rules, World(APP))

    assert decision.patch(obj, outcome.object) == [
        {"op": "replace", "path": f"/spec/containers/{index}/image", "value": PINNED}
        for index in (0, 2)
    ]
    assert decision.patch(outcome.object, outcome.object) == []


def test_a_patch_escapes_the_names_of_keys():
    before, after = {"a/b": {"~": 1, "c": 2}}, {"a/b": {"~": 2}, "d": [1]}

    found = decision.patch(before, after)

    assert [one["path"] for one in found] == ["/a~1b/~0", "/a~1b/c", "/d"]
    assert json_patch(before, found) == after


async def test_configured_paths_are_judged_and_rewritten():
    widgets = {"group": "example.test", "resource": "widgets"}
    rules = own(
        resolveImages="AttemptRewrite",
        resolutionRules=[{"targetResource": widgets}],
        executionRules=[{"name": "q", "onResources": [widgets], "matchRegistries": ["quay.io"]}],
        paths=[widgets | {"images": ["spec.images[*]"]}],
    )
    obj = {"kind": "Widget", "spec": {"images": [f"{REGISTRY}/demo/app:1", "evil.test/a"]}}

    outcome = await decide(question(obj, "widgets", group="example.test"), rules, World(APP))

    assert [one.place for one in outcome.refused] == ["spec.images[1]"]
    assert outcome.object["spec"]["images"][0] == PINNED


async def test_the_object_asked_about_is_never_changed():
    rules = policy(resolveImages="AttemptRewrite", executionRules=[rule("all")])
    obj = pod("app:1")
    before = copy.deepcopy(obj)

    outcome = await decide(question(obj), rules, World(APP))

    assert outcome.object != obj
    assert obj == before


async def test_nothing_is_rewritten_while_validating():
    rules = policy(resolveImages="AttemptRewrite", executionRules=[rule("all")])
    obj = pod("app:1")

    outcome = await decide(question(obj, validating=True), rules, World(APP))

    assert outcome.object is obj
    assert (outcome.verdicts[0].resolved, outcome.verdicts[0].rewritten) == (PINNED, "")


async def test_an_integrated_image_is_one_that_will_be_pulled_there():
    rules = policy(
        resolveImages="AttemptRewrite",
        executionRules=[rule("only", matchIntegratedRegistry=True)],
    )
    here = {"imageStreamTags": [stream_tag("app:1", f"{REGISTRY}/demo/app@{DIGEST}", local=True)]}

    inside = await decide(question(pod("app:1")), rules, World(here))
    outside = await decide(question(pod("app:1")), rules, World(APP))

    assert inside.allowed
    assert not outside.allowed


async def test_an_annotation_makes_any_name_one_of_a_stream():
    rules = policy(resolveImages="RequiredRewrite", executionRules=[rule("all")])
    obj = pod("evil.test/other/app:1", annotations={places.RESOLVE_NAMES: "*"})

    outcome = await decide(question(obj), rules, World(APP))

    assert outcome.verdicts[0].rewritten == PINNED


async def test_the_image_that_was_denied_is_named_with_its_rule():
    denied = {"images.openshift.io/deny-execution": "true"}
    world = World({"images": [known(OTHER, f"x.test/a@{OTHER}", annotations=denied)]})

    outcome = await decide(question(pod(f"x.test/a@{OTHER}")), config.DEFAULT, world)

    (verdict,) = outcome.refused
    assert verdict.rule == "execution-denied"
    assert verdict.message == "this image is prohibited by policy"
    assert 'annotation images.openshift.io/deny-execution="true"' in verdict.reason


async def test_a_stream_that_waits_for_its_first_image_is_where_the_name_leads():
    rules = policy(resolveImages="RequiredRewrite", executionRules=[rule("all")])
    world = World({"imageStreams": [stream("new", f"{REGISTRY}/demo/new")]})

    outcome = await decide(question(pod("new")), rules, world)

    assert outcome.verdicts[0].rewritten == f"{REGISTRY}/demo/new:latest"
