"""Deployments: how pods are renewed is complete, within limits, and told in one line."""

import pytest

from wharfinger.cluster.kinds.workloads import DEPLOYMENT


@pytest.fixture
def deployment(workload):
    return workload(DEPLOYMENT)


def test_what_is_not_said_is_completed(deployment):
    spec = deployment.made()["spec"]

    assert spec["replicas"] == 1
    assert spec["revisionHistoryLimit"] == 10
    assert spec["progressDeadlineSeconds"] == 600
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert spec["template"]["spec"]["restartPolicy"] == "Always"


def test_what_is_said_stays(deployment):
    said = {"replicas": 0, "revisionHistoryLimit": 0, "strategy": {"type": "Recreate"}}

    spec = deployment.made(said)["spec"]

    assert {name: spec[name] for name in said} == said


def test_a_plain_deployment_is_good(deployment):
    assert deployment.refused() == []
    assert deployment.refused({"strategy": {"type": "Recreate"}}) == []
    assert deployment.refused({"strategy": {"rollingUpdate": {"maxSurge": "150%"}}}) == []


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"minReadySeconds": 600},
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
        ),
        (
            {"selector": {"matchLabels": {"app": "b"}}},
            (
                'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not '
                "match template `labels`"
            ),
        ),
        (
            {"selector": {}},
            "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
        ),
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {}}},
            (
                "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy "
                "`type` is 'Recreate'"
            ),
        ),
        (
            {"strategy": {"type": "Sometimes"}},
            (
                'spec.strategy: Unsupported value: {"type":"Sometimes"}: supported values: '
                '"Recreate", "RollingUpdate"'
            ),
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": "0%", "maxSurge": 0}}},
            (
                'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when '
                "`maxSurge` is 0"
            ),
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": "101%"}}},
            (
                'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be '
                "greater than 100%"
            ),
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": "a quarter"}}},
            (
                'spec.strategy.rollingUpdate.maxSurge: Invalid value: "a quarter": a valid percent '
                "string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
                "regex used for validation is '[0-9]+%')"
            ),
        ),
    ],
)
def test_bad_specs_are_refused_in_known_words(deployment, spec, error):
    assert deployment.refused(spec) == [error]


def test_a_selector_is_required(deployment):
    assert deployment.refused({"selector": ...}) == [
        "spec.selector: Required value",
        (
            'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match '
            "template `labels`"
        ),
    ]


def test_pods_that_would_end_are_refused(deployment):
    assert deployment.refused(restartPolicy="Never") == [
        ('spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"')
    ]
    assert deployment.refused(activeDeadlineSeconds=1) == [
        (
            "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in "
            "ReplicaSet is not Supported"
        )
    ]


def test_what_a_pod_may_not_be_no_template_may_be(deployment):
    spec = {"template": deployment.template(containers=[])}

    assert deployment.refused(spec) == ["spec.template.spec.containers: Required value"]


def test_the_selector_is_fixed(deployment):
    old = deployment.made()
    new = deployment.made({"selector": {"matchLabels": {"app": "b"}}})

    assert deployment.changed(old, deployment.made({"replicas": 3})) == []
    assert deployment.changed(old, new) == [
        'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable'
    ]


def test_a_status_must_add_up(deployment):
    assert deployment.refused(status={"replicas": 2, "readyReplicas": 2}) == []
    assert deployment.refused(status={"replicas": 1, "readyReplicas": 2}) == [
        "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"
    ]
    assert deployment.refused(status={"unavailableReplicas": -1, "observedGeneration": -1}) == [
        "status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0",
        "status.observedGeneration: Invalid value: -1: must be greater than or equal to 0",
    ]
    before, after = deployment.made(status={"collisionCount": 2}), deployment.made(status={})
    assert deployment.changed(before, after) == [
        "status.collisionCount: Invalid value: 0: cannot be decremented"
    ]


def test_a_line_says_how_far_it_is(deployment):
    status = {"replicas": 3, "readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}
    obj = deployment.made(
        {"replicas": 3}, metadata={"creationTimestamp": "2026-01-02T03:03:05Z"}, status=status
    )

    assert deployment.cells(obj, wide=True) == {
        "Name": "x",
        "Ready": "1/3",
        "Up-to-date": 2,
        "Available": 1,
        "Age": "60s",
        "Containers": "one,two",
        "Images": "reg/one:1,reg/two:2",
        "Selector": "app=a",
    }


def test_a_line_of_a_deployment_that_nothing_looked_at_yet(deployment):
    assert deployment.cells(deployment.made()) == {
        "Name": "x",
        "Ready": "0/1",
        "Up-to-date": 0,
        "Available": 0,
        "Age": "<unknown>",
    }
