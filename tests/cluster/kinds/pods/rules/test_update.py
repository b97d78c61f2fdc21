"""Of a pod that is there, little may change."""

import copy

import pytest

from wharfinger.cluster.kinds.pods import POD

TOLERATION = {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}


def spec(**fields):
    return {
        "containers": [{"name": "a", "image": "a:1"}],
        "initContainers": [{"name": "i", "image": "i:1"}],
        **fields,
    }


def changed(old, new):
    before, after = {"spec": old}, {"spec": new}
    return [f"{error.field}: {error.message}" for error in POD.validate_update(after, before)]


def test_nothing_need_change():
    assert changed(spec(), spec()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"containers": [{"name": "a", "image": "a:2"}]}),
        ({}, {"initContainers": [{"name": "i", "image": "i:2"}]}),
        ({}, {"activeDeadlineSeconds": 5}),
        ({"activeDeadlineSeconds": 5}, {"activeDeadlineSeconds": 0}),
        ({}, {"tolerations": [TOLERATION]}),
        ({"tolerations": [TOLERATION]}, {"tolerations": [TOLERATION | {"tolerationSeconds": 9}]}),
        ({"terminationGracePeriodSeconds": -1}, {"terminationGracePeriodSeconds": 1}),
        ({"schedulingGates": [{"name": "a"}]}, {}),
        (
            {"schedulingGates": [{"name": "a"}], "nodeSelector": {"a": "b"}},
            {"schedulingGates": [{"name": "a"}], "nodeSelector": {"a": "b", "c": "d"}},
        ),
    ],
)
def test_this_may_change(old, new):
    assert changed(spec(**old), spec(**new)) == []


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ({}, {"hostname": "b"}, "hostname"),
        ({"hostname": "b"}, {}, "hostname"),
        ({}, {"nodeName": "n"}, "nodeName"),
        ({}, {"containers": [{"name": "a", "image": "a:1", "command": ["x"]}]}, "containers"),
        ({}, {"containers": [{"name": "b", "image": "a:1"}]}, "containers"),
        ({"terminationGracePeriodSeconds": 5}, {"terminationGracePeriodSeconds": 1}, None),
        ({"nodeSelector": {"a": "b"}}, {"nodeSelector": {"a": "b", "c": "d"}}, "nodeSelector"),
        (
            {"schedulingGates": [{"name": "a"}], "nodeSelector": {"a": "b"}},
            {"nodeSelector": {"a": "c"}},
            "nodeSelector",
        ),
    ],
)
def test_anything_else_is_another_pod(old, new, field):
    (error,) = changed(spec(**old), spec(**new))

    assert error == (
        "spec: Forbidden: pod updates may not change fields other than "
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        "`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously "
        f"negative)\nchanged: spec.{field or 'terminationGracePeriodSeconds'}"
    )


def test_containers_are_neither_added_nor_removed():
    more = spec(containers=[{"name": "a", "image": "a:1"}, {"name": "b", "image": "b"}])
    detail = "Forbidden: pod updates may not add or remove containers"

    assert changed(spec(), more) == [f"spec.containers: {detail}"]
    assert changed(spec(), spec(initContainers=[])) == [f"spec.initContainers: {detail}"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (5, 6, "Invalid value: 6: must be less than or equal to previous value"),
        (5, None, "Invalid value: null: must not update from a positive integer to nil value"),
        (None, -1, "Invalid value: -1: must be between 0 and 2147483647, inclusive"),
    ],
)
def test_a_deadline_only_comes_nearer(old, new, error):
    def with_deadline(seconds):
        return spec() if seconds is None else spec(activeDeadlineSeconds=seconds)

    found = changed(with_deadline(old), with_deadline(new))

    assert found == [f"spec.activeDeadlineSeconds: {error}"]


def test_tolerations_are_only_added():
    found = changed(spec(tolerations=[TOLERATION]), spec(tolerations=[TOLERATION | {"key": "b"}]))

    assert found == [
        (
            "spec.tolerations: Forbidden: "
            "existing toleration can not be modified except its tolerationSeconds"
        )
    ]


def test_gates_are_only_removed():
    found = changed(spec(), spec(schedulingGates=[{"name": "a"}]))

    assert found == [
        (
            "spec.schedulingGates: Forbidden: "
            "only deletion is allowed, but found new scheduling gate 'a'"
        )
    ]


def test_judging_changes_nothing():
    before, after = spec(schedulingGates=[{"name": "a"}]), spec(nodeSelector={"a": "b"})
    kept = copy.deepcopy((before, after))
    changed(before, after)

    assert (before, after) == kept
