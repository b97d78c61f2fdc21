"""Stateful sets: pods with names and volumes of their own."""

import pytest

from wharfinger.cluster.kinds.workloads import STATEFUL_SET


@pytest.fixture
def stateful_set(workload):
    return workload(STATEFUL_SET)


def claim(name="data", **fields):
    return {"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"]}, **fields}


def mounting(name):
    container = {"name": "one", "image": "i", "volumeMounts": [{"name": name, "mountPath": "/d"}]}
    return [container]


def test_what_is_not_said_is_completed(stateful_set):
    made = stateful_set.made({"volumeClaimTemplates": [claim()]})

    spec = made["spec"]
    assert spec["podManagementPolicy"] == "OrderedReady"
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {
        "whenDeleted": "Retain",
        "whenScaled": "Retain",
    }
    assert (spec["replicas"], spec["revisionHistoryLimit"]) == (1, 10)
    assert spec["volumeClaimTemplates"][0]["spec"]["volumeMode"] == "Filesystem"
    assert spec["volumeClaimTemplates"][0]["status"] == {"phase": "Pending"}
    assert made["status"] == {"replicas": 0, "availableReplicas": 0}


def test_a_plain_set_is_good(stateful_set):
    assert stateful_set.refused() == []
    assert stateful_set.refused({"updateStrategy": {"type": "OnDelete"}}) == []


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"podManagementPolicy": "Any"},
            "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'",
        ),
        (
            {"updateStrategy": {"type": "Any"}},
            (
                'spec.updateStrategy: Invalid value: {"type":"Any"}: must be \'RollingUpdate\' or '
                "'OnDelete'"
            ),
        ),
        (
            {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}},
            (
                "spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for "
                "updateStrategy 'RollingUpdate'"
            ),
        ),
        (
            {"updateStrategy": {"rollingUpdate": {"partition": -1}}},
            (
                "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater "
                "than or equal to 0"
            ),
        ),
        (
            {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}},
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0",
        ),
        (
            {"ordinals": {"start": -1}},
            "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}},
            (
                "spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "
                '"Keep": supported values: "Retain", "Delete"'
            ),
        ),
    ],
)
def test_bad_specs_are_refused_in_known_words(stateful_set, spec, error):
    assert stateful_set.refused(spec) == [error]


def test_pods_can_mount_what_is_claimed_for_them_and_nothing_else(stateful_set):
    claims = {"volumeClaimTemplates": [claim("data")]}

    assert stateful_set.refused(claims, containers=mounting("data")) == []
    assert len(stateful_set.refused(claims, containers=mounting("other"))) == 1
    own = [{"name": "data", "emptyDir": {}}]
    assert stateful_set.refused(claims, containers=mounting("data"), volumes=own) == []


def test_most_of_a_set_is_fixed(stateful_set):
    old = stateful_set.made({"serviceName": "a"})
    allowed = {"serviceName": "a", "replicas": 5, "minReadySeconds": 1, "revisionHistoryLimit": 1}

    assert stateful_set.changed(old, stateful_set.made(allowed, priority=1)) == []
    assert stateful_set.changed(old, stateful_set.made({"serviceName": "b"})) == [
        (
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', "
            "'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
    ]


def test_a_name_stands_in_front_of_the_names_of_pods():
    assert STATEFUL_SET.name_errors("web") == []
    assert STATEFUL_SET.name_errors("web.example") != []


def test_a_line_says_how_many_are_ready(stateful_set):
    obj = stateful_set.made({"replicas": 2}, status={"replicas": 2, "readyReplicas": 1})

    assert stateful_set.cells(obj, wide=True) == {
        "Name": "x",
        "Ready": "1/2",
        "Age": "<unknown>",
        "Containers": "one,two",
        "Images": "reg/one:1,reg/two:2",
    }
