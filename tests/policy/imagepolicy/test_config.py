import pytest

from made_reviews import PEM, own, policy, rule
from wharfinger.policy.imagepolicy import config
from wharfinger.policy.imagepolicy.config import Dialect, InvalidImagePolicy
from wharfinger.policy.imagepolicy.resources import PODS, Resource

BUILDS = Resource("build.openshift.io", "builds")


def faults(**document):
    with pytest.raises(InvalidImagePolicy) as caught:
        config.read(document)
    return {fault.field: fault.message for fault in caught.value.faults}


def own_faults(**fields):
    return faults(apiVersion="wharfinger.dev/v1", kind=config.KIND, **fields)


def test_what_is_no_configuration_is_refused():
    assert faults() == {
        "kind": "Required value: must be ImagePolicyConfig",
        "apiVersion": "Required value: must be one of v1, image.openshift.io/v1, wharfinger.dev/v1",
    }
    assert list(faults(apiVersion="v2", kind="Pod")) == ["kind", "apiVersion"]


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_what_is_no_object_is_refused(document):
    with pytest.raises(InvalidImagePolicy):
        config.read(document)


def test_an_unknown_key_is_told_at_its_place():
    found = own_faults(executionRules=[{"name": "a", "matchRegistry": ["quay.io"]}], Reject=True)

    assert list(found) == ["Reject", "executionRules[0].matchRegistry"]
    assert found["Reject"].startswith("Forbidden: unknown field, known are apiVersion, kind, ")


def test_fields_of_our_own_are_unknown_to_openshift():
    found = faults(apiVersion="v1", kind=config.KIND, signatures=[], remoteResolution=True)

    assert set(found) == {"signatures", "remoteResolution"}


def test_a_value_of_another_type_is_told_and_not_guessed():
    found = own_faults(
        resolveImages=True,
        executionRules=[
            {"name": 1, "reject": "yes", "matchRegistries": "quay.io"},
            "deny",
            {"name": "b", "matchRegistries": [7], "onResources": {"resource": "pods"}},
        ],
        resolutionRules={},
    )

    assert set(found) == {
        "resolveImages",
        "executionRules[0].name",
        "executionRules[0].reject",
        "executionRules[0].matchRegistries",
        "executionRules[1]",
        "executionRules[1].name",
        "executionRules[2].matchRegistries[0]",
        "executionRules[2].onResources",
        "resolutionRules",
    }
    assert found["executionRules[0].reject"] == 'Invalid value: "yes": must be true or false'


def test_an_unknown_value_counts_as_no_attempt_in_openshift_and_is_refused_in_ours():
    lenient = policy(resolveImages="Perhaps", resolutionRules=[])

    assert not lenient.resolution(PODS).attempted
    assert list(own_faults(resolveImages="Perhaps", resolutionRules=[])) == ["resolveImages"]
    target = {"policy": "Never", "targetResource": {"resource": "pods"}}
    assert list(own_faults(resolutionRules=[target])) == ["resolutionRules[0].policy"]


def test_an_empty_policy_of_a_resolution_rule_takes_the_global_one():
    found = policy(
        resolveImages="Required", resolutionRules=[{"targetResource": {"resource": "pods"}}]
    )

    assert [one.policy for one in found.resolution_rules] == ["Required"]


def test_no_resolution_rules_are_not_those_that_are_left_out():
    assert policy(resolutionRules=[]).resolution_rules == ()
    assert len(policy().resolution_rules) == 13
    assert policy(resolutionRules=None) == policy()


def test_in_3_x_a_rule_without_a_group_is_on_the_kinds_of_openshift():
    written = [{"name": "a", "onResources": [{"resource": "builds"}]}]

    assert [one.name for one in policy("v1", executionRules=written).execution(BUILDS)] == ["a"]
    assert policy(executionRules=written).execution(BUILDS) == ()


def test_in_3_x_a_rule_with_the_group_is_on_them_too():
    legacy = policy("v1", executionRules=[rule("a", "builds")])

    assert [one.name for one in legacy.execution(Resource("", "builds"))] == ["a"]
    assert [one.name for one in legacy.execution(BUILDS)] == ["a"]


def test_3_x_resolves_where_3_11_did():
    legacy = policy("v1")

    assert len(legacy.resolution_rules) == 10
    assert legacy.resolution(BUILDS).attempted
    assert (
        not policy("v1", resolveImages="DoNotAttempt")
        .resolution(Resource("batch", "cronjobs"))
        .attempted
    )


def test_a_wildcard_in_a_rule_is_honoured_in_our_own_form_only():
    written = [{"name": "a", "onResources": [{"group": "apps", "resource": "*"}]}]
    deployments = Resource("apps", "deployments")

    assert policy(executionRules=written).execution(deployments) == ()
    assert len(own(executionRules=written).execution(deployments)) == 1
    assert own(executionRules=written).execution(PODS) == ()


def test_our_own_form_asks_other_registries_unless_told_not_to():
    head = {"apiVersion": "wharfinger.dev/v1", "kind": config.KIND}

    assert config.read(head).remote
    assert not config.read(head | {"remoteResolution": False}).remote
    assert not policy().remote


def test_a_signature_rule_has_a_name_patterns_and_public_keys():
    found = own_faults(
        signatures=[
            {},
            {
                "name": "a",
                "images": ["quay.io/*"],
                "keys": [{"pem": "-----BEGIN PRIVATE KEY-----"}],
            },
            {"name": "a", "images": ["quay.io"], "keys": [{"name": "release", "pem": PEM}]},
        ]
    )

    assert set(found) == {
        "signatures[0].name",
        "signatures[0].images",
        "signatures[0].keys",
        "signatures[1].images[0]",
        "signatures[1].images",
        "signatures[1].keys[0].name",
        "signatures[1].keys[0].pem",
        "signatures[2].name",
    }


def test_a_key_does_not_stand_in_a_message():
    found = own_faults(signatures=[{"name": "a", "images": ["x.io"], "keys": [{"pem": "s3cret"}]}])

    assert "s3cret" not in str(found)


def test_registries_are_lists_of_patterns():
    assert own_faults(registries={}) == {
        "registries": "Required value: a list to allow or to block must be provided"
    }
    found = own_faults(registries={"allow": None, "block": ["all", "quay.io/", 3]})
    assert set(found) == {"registries.allow", "registries.block[0]", "registries.block[2]"}
    access = own(registries={"allow": ["quay.io"], "block": ["all"]}).access
    assert access is not None
    assert (access.block_all, [*map(str, access.allow)]) == (True, ["quay.io"])


@pytest.mark.parametrize(
    "path",
    ["", ".", "spec..image", "spec.containers[0].image", "spec.*", "a" * 129, ".".join("a" * 33)],
)
def test_a_path_outside_the_grammar_is_told(path):
    kind = {"group": "example.test", "resource": "things", "images": [path]}

    assert list(own_faults(paths=[kind])) == ["paths[0].images[0]"]


def test_paths_are_for_one_resource():
    assert list(own_faults(paths=[{"group": "example.test", "resource": "*"}])) == [
        "paths[0].resource",
        "paths[0].images",
    ]


def test_an_error_tells_the_first_fault_and_has_all():
    with pytest.raises(InvalidImagePolicy) as caught:
        policy(executionRules=[{}, {}, {}])

    assert caught.value.message == (
        'cannot use the image policy: executionRules[1].name: Duplicate value: "" (and 1 more)'
    )
    assert len(caught.value.details) == 2


def test_a_long_value_is_cut_in_messages():
    found = own_faults(resolveImages="x" * 10_000)

    assert len(found["resolveImages"]) < 400


def test_the_default_policy_refuses_what_was_denied_and_nothing_else():
    (only,) = config.DEFAULT.execution_rules

    assert (only.name, only.reject, only.skip_unresolved) == ("execution-denied", True, True)
    assert config.DEFAULT.resolve_images == "Attempt"
    assert [*map(str, only.annotations)] == ['images.openshift.io/deny-execution="true"']
    assert [*map(str, only.on_resources)] == ["pods", "builds.build.openshift.io"]


def test_the_dialect_is_that_of_the_api_version():
    assert [policy(version).dialect for version in Dialect] == [*Dialect]
