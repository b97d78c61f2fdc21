import pytest

from image_world import World
from made_reviews import (
    DIGEST,
    OTHER,
    PEM,
    REGISTRY,
    build,
    known,
    own,
    pod,
    question,
    rule,
    stream_tag,
    workload,
)
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.model import LookupFailed

QUAY = {"name": "quay", "images": ["quay.io"], "keys": [{"name": "release", "pem": PEM}]}
APP = f"quay.io/team/app@{DIGEST}"


def signatures(*rules, **fields):
    return own(signatures=[*rules], **fields)


async def decide(asked, policy, world=None):
    return await decision.decide(asked, policy, world or World(), registry=REGISTRY)


async def refusal(asked, policy, world=None):
    (verdict,) = (await decide(asked, policy, world)).refused
    return verdict


async def test_a_signed_digest_runs():
    outcome = await decide(question(pod(APP)), signatures(QUAY), World(signed={DIGEST: "release"}))

    assert outcome.allowed


@pytest.mark.parametrize("signed", [{}, {DIGEST: "stranger"}, {OTHER: "release"}])
async def test_an_unsigned_digest_is_refused(signed):
    verdict = await refusal(question(pod(APP)), signatures(QUAY), World(signed=signed))

    assert verdict.rule == "quay"
    assert verdict.message == (
        f"this image is prohibited by policy: {APP} is not signed by release: "
        "no signature by a key of the rule"
    )
    assert verdict.remedy == "have this digest signed by release"


async def test_a_tag_is_rewritten_to_the_digest_that_was_verified():
    world = World(registries={"quay.io/team/app:1": DIGEST}, signed={DIGEST: "release"})

    outcome = await decide(
        question(pod("quay.io/team/app:1")), signatures(QUAY, remoteResolution=True), world
    )

    assert outcome.allowed
    assert outcome.verdicts[0].rewritten == APP


async def test_a_tag_that_cannot_be_rewritten_is_refused_however_well_it_is_signed():
    world = World(registries={"quay.io/team/app:1": DIGEST}, signed={DIGEST: "release"})
    policy = signatures(QUAY, remoteResolution=True)

    verdict = await refusal(question(pod("quay.io/team/app:1"), validating=True), policy, world)

    assert "a tag may mean another image by the time that it runs" in verdict.reason


async def test_a_tag_that_is_not_resolved_is_refused_with_the_reason():
    verdict = await refusal(question(pod("quay.io/team/app:1")), signatures(QUAY))

    assert "its digest is not known: (quay.io/team/app:1) could not be resolved" in verdict.reason
    assert verdict.remedy == "name the image by its digest"


async def test_signatures_that_cannot_be_read_are_none():
    class Down(World):
        async def signature(self, image, keys, namespace):
            raise LookupFailed("quay.io does not answer")

    verdict = await refusal(question(pod(APP)), signatures(QUAY), Down())

    assert verdict.reason == f"the signatures of {APP} cannot be read: quay.io does not answer"


@pytest.mark.parametrize("name", [f"evil.test/a@{DIGEST}", "evil.test/a:1", "quay.io.evil.test/a"])
async def test_what_no_pattern_covers_needs_no_signature(name):
    assert (await decide(question(pod(name)), signatures(QUAY))).allowed


@pytest.mark.parametrize("name", ["Bad_Name", "", f"registry.test:99999/a@{DIGEST}"])
async def test_a_name_that_no_pattern_can_be_held_against_is_refused(name):
    verdict = await refusal(question(pod(name)), signatures(QUAY))

    assert "nobody can say from which registry" in verdict.reason


async def test_every_rule_that_covers_an_image_has_to_be_content():
    team = {"name": "team", "images": ["quay.io/team"], "keys": [{"name": "team", "pem": PEM}]}

    verdict = await refusal(
        question(pod(APP)), signatures(QUAY, team), World(signed={DIGEST: "release"})
    )

    assert verdict.rule == "team"


async def test_signatures_are_asked_for_on_pods_unless_other_resources_are_named():
    asked = question(workload("Deployment", APP), "deployments")
    named = QUAY | {"onResources": [{"group": "apps", "resource": "*"}]}

    assert (await decide(asked, signatures(QUAY))).allowed
    assert not (await decide(asked, signatures(named))).allowed
    assert (await decide(question(pod(APP)), signatures(named))).allowed


async def test_no_namespace_switches_a_signature_rule_off():
    asked = question(pod(APP), ignored_rules=frozenset({"quay", "signatures"}))

    assert not (await decide(asked, signatures(QUAY))).allowed


async def test_a_stream_is_covered_by_where_its_image_is():
    world = World({"imageStreamTags": [stream_tag("app:1", APP, local=True)]})
    policy = signatures(QUAY, resolveImages="DoNotAttempt", resolutionRules=[])

    verdict = await refusal(question(pod("app:1")), policy, world)

    assert "is not signed by release" in verdict.reason


async def test_a_name_that_is_covered_stays_so_when_it_leads_elsewhere():
    inside = QUAY | {"images": [REGISTRY]}
    world = World({"imageStreamTags": [stream_tag("app:1", APP)]})
    asked = question(pod(f"{REGISTRY}/demo/app:1"))

    assert (await refusal(asked, signatures(inside), world)).rule == "quay"


async def test_a_stream_tag_of_a_build_is_no_exact_name():
    world = World({"imageStreamTags": [stream_tag("app:1", APP)]}, signed={DIGEST: "release"})
    named = QUAY | {"onResources": [{"group": "build.openshift.io", "resource": "builds"}]}
    asked = question(build("ImageStreamTag", "app:1"), "builds")

    first = await decide(asked, signatures(named), world)
    later = question(build("ImageStreamTag", "app:1"), "builds", operation="UPDATE")

    assert first.verdicts[0].rewritten == APP
    assert not (await decide(later, signatures(named), world)).allowed


LISTS = {"allow": ["docker.io/library", "quay.io/team"], "block": ["all"]}


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("quay.io/team/app:1", True),
        ("quay.io:443/team/app:1", True),
        ("quay.io/teams/app:1", False),
        ("quay.io.evil.test/team/app", False),
        ("nginx", True),
        ("docker.io/nginx", True),
        ("index.docker.io/library/nginx", True),
        ("team/app", False),
        ("docker.io/team/app", False),
        ("Bad_Name", False),
        ("x:99999/a", False),
    ],
)
async def test_the_lists_of_the_site_are_held_against_what_will_be_pulled(name, allowed):
    assert (await decide(question(pod(name)), own(registries=LISTS))).allowed is allowed


async def test_a_refusal_by_the_site_says_which_line():
    verdict = await refusal(question(pod("evil.test/a")), own(registries={"block": ["evil.test"]}))

    assert verdict.rule == "registries"
    assert verdict.message == (
        "this image is prohibited by policy: evil.test is blocked by site rule block: evil.test"
    )


@pytest.mark.parametrize("resource", ["deployments", "jobs", "cronjobs", "builds", "buildconfigs"])
async def test_the_lists_are_for_every_resource_whose_images_are_known(resource):
    obj = workload("Deployment", "evil.test/a")
    if resource == "cronjobs":
        obj = {"kind": "CronJob", "spec": {"jobTemplate": obj}}
    if "build" in resource:
        obj = build("DockerImage", "evil.test/a")

    outcome = await decide(question(obj, resource), own(registries=LISTS))

    assert [one.rule for one in outcome.refused] == ["registries"]


async def test_the_lists_only_take_away():
    policy = own(registries=LISTS, executionRules=[rule("only", matchRegistries=["docker.io"])])

    verdict = await refusal(question(pod("quay.io/team/app")), policy)

    assert "no rule accepts quay.io/team/app" in verdict.reason


async def test_a_local_name_is_judged_by_where_it_leads():
    world = World({"imageStreamTags": [stream_tag("app:1", APP, local=True)]})

    led = await decide(question(pod("app:1")), own(registries={"allow": ["quay.io"]}), world)
    left = await decide(
        question(pod("app:1"), validating=True), own(registries={"allow": ["quay.io"]}), world
    )

    assert led.allowed
    assert not left.allowed


async def test_a_registry_that_is_blocked_is_not_asked():
    world = World(registries={"evil.test/a:1": DIGEST})
    policy = own(registries=LISTS, remoteResolution=True)

    assert not (await decide(question(pod("evil.test/a:1")), policy, world)).allowed
    assert world.asked == []


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"matchRegistries": ["quay.io"]}, False),
        ({"matchIntegratedRegistry": True}, False),
        ({"matchRegistries": ["evil.test"], "invertMatch": True}, False),
        ({"matchRegistries": ["quay.io"], "invertMatch": True}, True),
        ({"matchRegistries": ["evil.test"]}, True),
        ({"matchImageAnnotations": [{"key": "a", "set": True}]}, True),
        ({"matchImageAnnotations": [{"key": "a", "set": True}], "invertMatch": True}, True),
        ({"matchRegistries": ["quay.io"], "reject": True}, True),
    ],
)
async def test_a_registry_is_asked_if_a_rule_can_accept_what_it_has(fields, asked):
    world = World(registries={"evil.test/a:1": DIGEST})
    policy = own(remoteResolution=True, executionRules=[rule("r", **fields)])

    outcome = await decide(question(pod("evil.test/a:1")), policy, world)

    assert bool(world.asked) is asked
    assert asked or "evil.test is not asked" in outcome.verdicts[0].message


async def test_a_registry_is_not_asked_for_a_rule_that_the_namespace_switches_off():
    world = World(registries={"quay.io/a:1": DIGEST})
    policy = own(remoteResolution=True, executionRules=[rule("r", matchRegistries=["quay.io"])])

    await decide(question(pod("quay.io/a:1"), ignored_rules=frozenset({"r"})), policy, world)

    assert world.asked == []


async def test_an_image_stream_that_nobody_can_resolve_is_refused_where_lists_hold():
    asked = question(build("ImageStreamTag", "none:1"), "builds")

    verdict = await refusal(asked, own(registries=LISTS))

    assert "nobody can say from which registry none:1 comes" in verdict.reason


async def test_other_registries_are_asked_only_for_what_is_more_than_local():
    world = World(registries={"quay.io/team/app:1": DIGEST})
    asked = question(workload("Deployment", "quay.io/team/app:1"), "deployments")

    await decide(asked, own(remoteResolution=True, executionRules=[rule("pods")]), world)
    assert world.asked == []

    on_both = own(remoteResolution=True, executionRules=[rule("both", "pods", "deployments")])
    await decide(asked, on_both, world)
    assert world.asked == ["quay.io/team/app:1"]


async def test_a_name_without_registry_is_one_of_docker_hub_once_it_is_rewritten():
    world = World(registries={"docker.io/library/nginx:1": DIGEST})
    accept = {"executionRules": [rule("hub", matchRegistries=["docker.io"])]}
    policy = {"remoteResolution": True, **accept}

    rewritten = await decide(
        question(pod("nginx:1")), own(resolveImages="AttemptRewrite", **policy), world
    )
    left = await decide(question(pod("nginx:1")), own(resolveImages="Attempt", **policy), world)

    assert rewritten.verdicts[0].rewritten == f"docker.io/library/nginx@{DIGEST}"
    assert rewritten.allowed
    assert not left.allowed


async def test_labels_of_an_image_elsewhere_are_matched():
    world = World({"images": [known(DIGEST, APP, labels={"tier": "gold"})]})
    gold = own(executionRules=[rule("gold", matchImageLabels=[{"matchLabels": {"tier": "gold"}}])])

    assert (await decide(question(pod(APP)), gold, world)).allowed
    assert not (await decide(question(pod(APP)), gold)).allowed
