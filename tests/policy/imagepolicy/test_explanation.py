import pytest

from image_world import World
from made_reviews import DIGEST, REGISTRY, known, pod, policy, question, rule
from wharfinger.policy.imagepolicy import decision

GUIDE = policy(
    executionRules=[
        rule("allow-images-from-internal-registry", matchIntegratedRegistry=True),
        rule("allow-other-registries", matchRegistries=["docker.io", "quay.io"]),
    ]
)


async def verdict(image, rules=GUIDE, world=None, **fields):
    outcome = await decision.decide(
        question(pod(image), **fields), rules, world or World(), registry=REGISTRY
    )
    return outcome.verdicts[0]


async def test_a_refusal_names_rule_image_and_what_would_be_accepted():
    found = await verdict("docker.example/x")

    assert found.reason == (
        "no rule accepts docker.example/x, which comes from docker.example: "
        "rule `allow-images-from-internal-registry` accepts images of the integrated registry; "
        "rule `allow-other-registries` lists docker.io or quay.io "
        "(not resolved: (docker.example/x) could not be resolved to an exact image reference)"
    )
    assert found.remedy == (
        "add docker.example under matchRegistries of rule `allow-other-registries`, "
        "or take the image from docker.io or quay.io"
    )


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("nginx:1", "docker.io/library/nginx:1"),
        ("team/app", "docker.io/team/app"),
    ],
)
async def test_a_name_without_registry_is_told_how_to_have_one(image, full):
    found = await verdict(image)

    assert f"{image}, which names no registry" in found.reason
    assert found.remedy == (
        f"name the registry, as in {full}: a name without one is not taken for one of docker.io, "
        "since each runtime searches for it where it is told to"
    )


async def test_another_name_of_docker_hub_is_told_which_one_is_listed():
    found = await verdict("index.docker.io/library/nginx:1")

    assert found.remedy.startswith("name the image by docker.io: registries are compared as text")


async def test_a_rule_that_rejects_is_named_with_what_it_rejects():
    rules = policy(
        executionRules=[
            rule(
                "no-latest", reject=True, matchRegistries=["quay.io"], matchIntegratedRegistry=True
            ),
            rule("no-quay", reject=True, matchRegistries=["quay.io"]),
        ]
    )

    found = await verdict("quay.io/a", rules)

    assert found.rule == "no-quay"
    assert (
        "rule `no-quay` rejects images from quay.io; quay.io/a comes from quay.io" in found.reason
    )
    assert "no-quay" in found.remedy


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"matchImageLabels": [{"matchLabels": {"a": "1"}}]}, "asks for label a=1"),
        (
            {"matchImageLabels": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]},
            "asks for label a",
        ),
        ({"matchImageAnnotations": [{"key": "a", "set": True}]}, "asks for annotation a"),
        (
            {"matchDockerImageLabels": [{"key": "a", "value": "1"}]},
            'asks for label of the config a="1"',
        ),
    ],
)
async def test_a_condition_that_does_not_hold_is_told(fields, told):
    world = World({"images": [known(DIGEST, "quay.io/a")]})
    rules = policy(executionRules=[rule("r", **fields)])

    found = await verdict(f"quay.io/a@{DIGEST}", rules, world)
    unresolved = await verdict("quay.io/a:1", rules, world)

    assert found.reason.endswith(f"rule `r` {told}")
    assert f"rule `r` {told}, and the image is not resolved" in unresolved.reason


async def test_rules_that_were_skipped_or_switched_off_are_told():
    rules = policy(
        executionRules=[
            rule("skips", skipOnResolutionFailure=True),
            rule("off", matchRegistries=["evil.test"]),
            rule("inverse", invertMatch=True, matchRegistries=["evil.test"]),
        ]
    )

    found = await verdict("evil.test/a", rules, ignored_rules=frozenset({"off"}))

    assert "rule `skips` is skipped for an image that is not resolved" in found.reason
    assert "the namespace switches off rule `off`" in found.reason
    assert "rule `inverse` accepts what is not images from evil.test" in found.reason
    assert found.remedy == "let the namespace not switch off rule `off`"


async def test_a_rule_without_a_name_is_told_by_its_place():
    rules = policy(executionRules=[{"matchRegistries": ["quay.io"]}])

    assert (await verdict("quay.io/a", rules)).rule == "executionRules[0]"


async def test_many_rules_are_not_all_told():
    many = [rule(f"r{index}", matchRegistries=[f"r{index}.test"]) for index in range(100)]

    found = await verdict("evil.test/a", policy(executionRules=many))

    assert "and 95 more rules do not match either" in found.reason
    assert len(found.reason) < 1000


async def test_an_accepted_image_says_why():
    rejecting = policy(executionRules=[rule("none", reject=True, matchRegistries=["evil.test"])])

    assert (await verdict("quay.io/a")).reason == (
        "rule `allow-other-registries` accepts images from docker.io or quay.io"
    )
    assert (await verdict("quay.io/a", rejecting)).reason == (
        "the rules on this resource only reject, and none matches"
    )
    assert (await verdict("quay.io/a", policy())).reason == "no execution rule is on this resource"


async def test_what_had_to_be_resolved_is_told_with_the_setting():
    found = await verdict("quay.io/a:1", policy(resolveImages="Required"))

    assert found.reason == (
        "quay.io/a:1 is not resolved, which resolveImages: Required requires: "
        "(quay.io/a:1) could not be resolved to an exact image reference"
    )
    assert found.remedy.endswith("of an image stream, or by a digest that is known")
