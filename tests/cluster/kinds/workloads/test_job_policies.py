"""When a job fails or succeeds early: rules that mean nothing are refused."""

import pytest

from wharfinger.cluster.kinds.workloads import job_policies

SPEC = {"template": {"spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "b"}]}}}
CODES = {"operator": "In", "values": [1, 2]}
EITHER = "Invalid value: specifying one of OnExitCodes and OnPodConditions is required"


def failure(*rules, **spec):
    policy = {"rules": list(rules)}
    found = job_policies.failure_errors({**SPEC, **spec, "podFailurePolicy": policy}, "p")
    return [f"{error.field.removeprefix('p.')}: {error.message}" for error in found]


def success(*rules, completions=5):
    spec = {"completions": completions, "successPolicy": {"rules": list(rules)}}
    found = job_policies.success_errors(spec, "p")
    return [f"{error.field.removeprefix('p.')}: {error.message}" for error in found]


def test_good_rules_are_good():
    condition = {"type": "DisruptionTarget", "status": "True"}

    assert failure() == []
    assert failure({"action": "FailJob", "onExitCodes": CODES}) == []
    assert failure({"action": "Ignore", "onPodConditions": [condition]}) == []
    assert failure({"action": "FailIndex", "onExitCodes": CODES}, backoffLimitPerIndex=1) == []


def test_a_condition_that_holds_is_meant_if_nothing_is_said():
    policy = {"rules": [{"onPodConditions": [{"type": "A"}, {"type": "B", "status": "False"}]}]}

    job_policies.default_failure_policy(policy)

    statuses = [one["status"] for one in policy["rules"][0]["onPodConditions"]]
    assert statuses == ["True", "False"]


@pytest.mark.parametrize(
    ("rule", "errors"),
    [
        (
            {"onExitCodes": CODES},
            [
                'rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]'
            ],
        ),
        (
            {"action": "Shout", "onExitCodes": CODES},
            [
                (
                    'rules[0].action: Unsupported value: "Shout": supported values: "Count", '
                    '"FailIndex", "FailJob", "Ignore"'
                )
            ],
        ),
        (
            {"action": "FailIndex", "onExitCodes": CODES},
            [
                (
                    'rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex '
                    "to be set"
                )
            ],
        ),
        ({"action": "Count"}, [f"rules[0]: {EITHER}"]),
        (
            {"action": "Count", "onExitCodes": {"operator": "In", "values": [0]}},
            ["rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"],
        ),
        (
            {"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [2, 1]}},
            ["rules[0].onExitCodes.values: Invalid value: [2,1]: must be ordered"],
        ),
        (
            {"action": "Count", "onExitCodes": {"operator": "In", "values": [1, 1]}},
            ["rules[0].onExitCodes.values[1]: Duplicate value: 1"],
        ),
        (
            {"action": "Count", "onExitCodes": {"operator": "In"}},
            ["rules[0].onExitCodes.values: Invalid value: []: at least one value is required"],
        ),
        (
            {"action": "Count", "onExitCodes": {**CODES, "containerName": "c"}},
            [
                (
                    'rules[0].onExitCodes.containerName: Invalid value: "c": must be one of the '
                    "container or initContainer names in the pod template"
                )
            ],
        ),
    ],
)
def test_bad_failure_rules_are_refused_in_known_words(rule, errors):
    assert failure(rule) == errors


def test_both_grounds_at_once_are_refused():
    condition = {"type": "A b", "status": "Perhaps"}
    rule = {"action": "Count", "onExitCodes": CODES, "onPodConditions": [condition]}

    fields = [one.partition(": ")[0] for one in failure(rule)]

    assert "rules[0]" in fields
    assert "rules[0].onPodConditions[0].type" in fields
    assert "rules[0].onPodConditions[0].status" in fields


def test_there_are_limits_to_the_number_of_rules():
    rule = {"action": "Count", "onExitCodes": CODES}

    assert failure(*[rule] * 20) == []
    assert failure(*[rule] * 21) == ["rules: Too many: 21: must have at most 20 items"]
    many = {"action": "Count", "onExitCodes": {"operator": "In", "values": list(range(1, 257))}}
    assert failure(many) == [
        "rules[0].onExitCodes.values: Too many: 256: must have at most 255 items"
    ]


@pytest.mark.parametrize(
    ("rule", "errors"),
    [
        ({"succeededCount": 5}, []),
        ({"succeededIndexes": "0,2-4"}, []),
        ({"succeededIndexes": "0,2-4", "succeededCount": 4}, []),
        (
            {},
            [
                (
                    "rules[0]: Required value: at least one of succeededCount or succeededIndexes "
                    "must be specified"
                )
            ],
        ),
        (
            {"succeededCount": 6},
            [
                (
                    "rules[0].succeededCount: Invalid value: 6: must be less than or equal to 5 "
                    "(the number of specified completions)"
                )
            ],
        ),
        (
            {"succeededIndexes": "1-2", "succeededCount": 3},
            [
                (
                    "rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 "
                    "(the number of indexes in the specified succeededIndexes field)"
                )
            ],
        ),
        (
            {"succeededCount": -1},
            ["rules[0].succeededCount: Invalid value: -1: must be greater than or equal to 0"],
        ),
    ],
)
def test_success_rules_are_judged_by_the_number_of_pods(rule, errors):
    assert success(rule) == errors


@pytest.mark.parametrize(
    ("indexes", "problem"),
    [
        ("5", 'too large index: "5"'),
        ("a", 'cannot convert string to integer for index: "a"'),
        ("1,,2", 'cannot convert string to integer for index: ""'),
        ("3-1", "non-increasing order, previous: 3, current: 1"),
        ("2,1", "non-increasing order, previous: 2, current: 1"),
        (
            "1-2-3",
            (
                'the fragment "1-2-3" violates the requirement that an index interval can have at '
                "most two parts separated by '-'"
            ),
        ),
    ],
)
def test_numbers_of_pods_stand_in_order(indexes, problem):
    (error,) = success({"succeededIndexes": indexes})

    assert error == (
        f'rules[0].succeededIndexes: Invalid value: "{indexes}": error parsing succeededIndexes: '
        f"{problem}"
    )


def test_a_policy_without_rules_says_nothing():
    assert success() == [
        "rules: Required value: at least one rules must be specified when the successPolicy is specified"
    ]
