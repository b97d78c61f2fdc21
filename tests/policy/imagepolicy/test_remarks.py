from made_reviews import own, policy, rule
from wharfinger.policy.imagepolicy import remarks
from wharfinger.policy.imagepolicy.faults import dotted


def told(found):
    return [f"{dotted(path)}: {message}" for path, message in remarks.remarks(found)]


def test_an_unknown_value_is_told():
    found = policy(
        resolveImages="Attempt",
        resolutionRules=[{"policy": "Never", "targetResource": {"resource": "pods"}}],
    )

    assert told(found) == [
        'resolutionRules[0].policy: "Never" is not known, and counts as DoNotAttempt'
    ]
    assert told(policy(resolveImages="Maybe")) == [
        'resolveImages: "Maybe" is not known, and counts as DoNotAttempt'
    ]


def test_a_wildcard_that_is_not_honoured_is_told():
    written = [{"name": "a", "onResources": [{"group": "apps", "resource": "*"}]}]

    assert told(policy(executionRules=written)) == [
        "executionRules[0].onResources[0]: * is not honoured here: the rule does not apply"
    ]
    assert told(own(executionRules=written)) == []


def test_a_resource_without_known_images_is_told():
    written = [{"name": "a", "onResources": [{"group": "example.test", "resource": "widgets"}]}]

    (remark,) = told(policy("v1", executionRules=written))
    assert remark == (
        "executionRules[0].onResources[0]: it is not known where widgets.example.test has "
        "images: each of them is refused"
    )


def test_a_pattern_among_registries_is_told():
    found = policy(
        "v1", executionRules=[rule("a", matchRegistries=["quay.io", "*.test", "a/b", ""])]
    )

    assert [line.partition(":")[0] for line in told(found)] == [
        "executionRules[0].matchRegistries[1]",
        "executionRules[0].matchRegistries[2]",
        "executionRules[0].matchRegistries[3]",
    ]


def test_pods_that_openshift_4_does_not_judge_are_told():
    (remark,) = told(policy(executionRules=[rule("a", "pods")]))
    assert remark == (
        "executionRules: pods that a controller made are not judged: list the resource that "
        "makes them too"
    )
    assert told(policy("v1", executionRules=[rule("a", "pods")])) == []
    assert told(policy(executionRules=[rule("a", "builds")])) == []


def test_a_registry_that_is_rejected_by_one_spelling_is_told():
    def found(**fields):
        return told(policy("v1", executionRules=[rule("a", matchRegistries=["quay.io"], **fields)]))

    assert found() == found(reject=True, invertMatch=True) == []
    for fields in ({"reject": True}, {"invertMatch": True}):
        (remark,) = found(**fields)
        assert remark.startswith(
            "executionRules[0].matchRegistries: registries are compared as text"
        )
