"""Disruption budgets: how many pods may go."""

import pytest

from wharfinger.cluster.kinds.workloads import POD_DISRUPTION_BUDGET


@pytest.fixture
def budget(workload):
    class Budget(workload):
        def made(self, spec=None, *, status=None):
            return self.completed({"metadata": {"name": "x"}, "spec": spec or {}}, status)

    return Budget(POD_DISRUPTION_BUDGET)


def test_nothing_may_go_until_somebody_has_counted(budget):
    assert budget.made()["status"] == {
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    }


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"minAvailable": 0},
        {"minAvailable": "100%"},
        {"maxUnavailable": 3, "selector": {}},
        {"unhealthyPodEvictionPolicy": "AlwaysAllow"},
    ],
)
def test_good_budgets(budget, spec):
    assert budget.refused(spec) == []


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"minAvailable": 1, "maxUnavailable": 1},
            (
                'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and '
                "maxUnavailable cannot be both set"
            ),
        ),
        (
            {"minAvailable": -1},
            "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"maxUnavailable": "101%"},
            'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
        ),
        (
            {"maxUnavailable": f"{10**20}%"},
            f'spec.maxUnavailable: Invalid value: "{10**20}%": must not be greater than 100%',
        ),
        (
            {"selector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}},
            (
                'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid '
                "selector operator"
            ),
        ),
        (
            {"unhealthyPodEvictionPolicy": "Never"},
            (
                'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: '
                '"AlwaysAllow", "IfHealthyBudget"'
            ),
        ),
    ],
)
def test_bad_budgets_are_refused_in_known_words(budget, spec, error):
    assert budget.refused(spec) == [error]


def test_a_number_in_a_text_is_no_percentage(budget):
    (error,) = budget.refused({"minAvailable": "1"})

    assert error.startswith('spec.minAvailable: Invalid value: "1": a valid percent string must be')


def test_counts_are_not_negative(budget):
    assert budget.refused(status={"expectedPods": -1}) == [
        "status.expectedPods: Invalid value: -1: must be greater than or equal to 0"
    ]


def test_a_line_says_what_may_go(budget):
    obj = budget.made({"minAvailable": "50%"}, status={"disruptionsAllowed": 2})

    assert budget.cells(obj) == {
        "Name": "x",
        "Min Available": "50%",
        "Max Unavailable": "N/A",
        "Allowed Disruptions": 2,
        "Age": "<unknown>",
    }
    assert budget.cells(budget.made({"maxUnavailable": 0}))["Max Unavailable"] == "0"
