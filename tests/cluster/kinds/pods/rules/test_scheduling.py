"""Terms, tolerations and constraints say something that can hold."""

import pytest

NODES = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"


def on_nodes(term):
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}
        }
    }


@pytest.mark.parametrize(
    "requirement",
    [
        {"key": "a", "operator": "In", "values": ["b"]},
        {"key": "a", "operator": "Exists"},
        {"key": "a.b/c", "operator": "Gt", "values": ["1"]},
    ],
)
def test_a_condition_on_labels_passes(judge, requirement):
    assert judge(affinity=on_nodes({"matchExpressions": [requirement]})) == []


@pytest.mark.parametrize(
    ("requirement", "error"),
    [
        (
            {"key": "a", "operator": "In"},
            "values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            {"key": "a", "operator": "Exists", "values": ["b"]},
            "values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        (
            {"key": "a", "operator": "Lt", "values": ["1", "2"]},
            "values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
        ),
        (
            {"key": "a", "operator": "Is"},
            'operator: Invalid value: "Is": not a valid selector operator',
        ),
    ],
)
def test_a_condition_on_labels_is_refused(judge, requirement, error):
    found = judge(affinity=on_nodes({"matchExpressions": [requirement]}))

    assert found == [f"{NODES}[0].matchExpressions[0].{error}"]


@pytest.mark.parametrize(
    ("requirement", "errors"),
    [
        ({"key": "metadata.name", "operator": "In", "values": ["n1"]}, []),
        (
            {"key": "metadata.name", "operator": "In", "values": ["a", "b"]},
            [
                (
                    "values: Required value: must be only one value when `operator` is 'In' or 'NotIn' "
                    "for node field selector"
                )
            ],
        ),
        (
            {"key": "metadata.uid", "operator": "In", "values": ["a"]},
            ['key: Invalid value: "metadata.uid": not a valid field selector key'],
        ),
        (
            {"key": "metadata.name", "operator": "Exists"},
            ['operator: Invalid value: "Exists": not a valid selector operator'],
        ),
    ],
)
def test_of_the_fields_of_a_node_only_the_name_is_asked_for(judge, requirement, errors):
    found = judge(affinity=on_nodes({"matchFields": [requirement]}))

    assert found == [f"{NODES}[0].matchFields[0].{error}" for error in errors]


def test_a_node_selector_needs_a_term(judge):
    required = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}

    assert judge(affinity=required) == [
        f"{NODES}: Required value: must have at least one node selector term"
    ]


def test_pods_to_be_near_are_near_in_some_way(judge):
    def near(term, weight=1):
        preferred = [{"weight": weight, "podAffinityTerm": term}]
        return {
            "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred},
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
        }

    path = "affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]"
    required = "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]"
    assert judge(affinity=near({"topologyKey": "zone"})) == []
    assert judge(affinity=near({"topologyKey": "zone"}, weight=101)) == [
        f"{path}.weight: Invalid value: 101: must be in the range 1-100"
    ]
    assert judge(affinity=near({})) == [
        f"{path}.podAffinityTerm.topologyKey: Required value: can not be empty",
        f"{required}.topologyKey: Required value: can not be empty",
    ]


@pytest.mark.parametrize(
    "toleration",
    [
        {"operator": "Exists"},
        {"key": "a", "value": "b"},
        {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0},
    ],
)
def test_a_toleration_passes(judge, toleration):
    assert judge(tolerations=[toleration]) == []


@pytest.mark.parametrize(
    ("toleration", "error"),
    [
        (
            {"value": "a"},
            (
                'operator: Invalid value: "": operator must be Exists when `key` is empty, which means '
                '"match all values and all keys"'
            ),
        ),
        (
            {"key": "a", "tolerationSeconds": 1},
            "effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
        (
            {"key": "a", "operator": "Is"},
            'operator: Unsupported value: "Is": supported values: "Equal", "Exists"',
        ),
        (
            {"key": "a", "operator": "Exists", "value": "b"},
            (
                'operator: Invalid value: {"key":"a","operator":"Exists","value":"b"}: '
                "value must be empty when `operator` is 'Exists'"
            ),
        ),
        (
            {"key": "a", "effect": "Never"},
            (
                'effect: Unsupported value: "Never": supported values: '
                '"NoSchedule", "PreferNoSchedule", "NoExecute"'
            ),
        ),
    ],
)
def test_a_toleration_is_refused(judge, toleration, error):
    assert judge(tolerations=[toleration]) == [f"tolerations[0].{error}"]


SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({}, []),
        ({"minDomains": 2}, []),
        ({"maxSkew": 0}, ["maxSkew: Invalid value: 0: must be greater than zero"]),
        ({"topologyKey": ""}, ["topologyKey: Required value: can not be empty"]),
        ({"whenUnsatisfiable": ""}, ["whenUnsatisfiable: Required value"]),
        ({"minDomains": 0}, ["minDomains: Invalid value: 0: must be greater than zero"]),
        (
            {"minDomains": 1, "whenUnsatisfiable": "ScheduleAnyway"},
            [
                (
                    "minDomains: Invalid value: 1: can only use minDomains if "
                    "whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
                )
            ],
        ),
        (
            {"nodeTaintsPolicy": "See"},
            ['nodeTaintsPolicy: Unsupported value: "See": supported values: "Honor", "Ignore"'],
        ),
    ],
)
def test_pods_are_spread_by_a_label_of_nodes(judge, changed, errors):
    found = judge(topologySpreadConstraints=[SPREAD | changed])

    assert found == [f"topologySpreadConstraints[0].{error}" for error in errors]


def test_pods_are_spread_by_a_label_once(judge):
    assert judge(topologySpreadConstraints=[SPREAD, SPREAD]) == [
        (
            "topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: "
            'Duplicate value: "{zone, DoNotSchedule}"'
        )
    ]
