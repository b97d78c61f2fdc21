"""Amounts have known names, and requests are within limits."""

import pytest


@pytest.mark.parametrize(
    "resources",
    [
        {"limits": {"cpu": "1"}, "requests": {"cpu": "1000m"}},
        {"requests": {"memory": "1Gi", "ephemeral-storage": "1"}},
        {"limits": {"example.com/gpu": "1"}, "requests": {"example.com/gpu": "1"}},
        {"limits": {"hugepages-2Mi": "2Mi"}, "requests": {"hugepages-2Mi": "2Mi"}},
    ],
)
def test_good_amounts_pass(judge, resources):
    assert judge({"resources": resources}) == []


@pytest.mark.parametrize(
    ("resources", "errors"),
    [
        (
            {"limits": {"cpu": "-1"}},
            ['limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
        ),
        (
            {"limits": {"cpu": "1"}, "requests": {"cpu": "1500m"}},
            ['requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1'],
        ),
        (
            {"requests": {"gpu": "1"}},
            [
                (
                    'requests[gpu]: Invalid value: "gpu": '
                    "must be a standard resource type or fully qualified"
                ),
                'requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
            ],
        ),
        (
            {"limits": {"a.b/c": "500m"}, "requests": {"a.b/c": "500m"}},
            [
                'limits[a.b/c]: Invalid value: "500m": must be an integer',
                'requests[a.b/c]: Invalid value: "500m": must be an integer',
            ],
        ),
        (
            {"requests": {"a.b/c": "1"}},
            ["limits: Required value: Limit must be set for non overcommitable resources"],
        ),
        (
            {"limits": {"a.b/c": "2"}, "requests": {"a.b/c": "1"}},
            ['requests: Invalid value: "1": must be equal to a.b/c limit of 2'],
        ),
        (
            {"claims": [{"name": "a"}, {"name": "a"}]},
            ['claims[1]: Duplicate value: "a"'],
        ),
    ],
)
def test_amounts_are_refused(judge, resources, errors):
    assert judge({"resources": resources}) == [f"containers[0].resources.{one}" for one in errors]


def test_what_running_a_pod_takes_is_an_amount_too(judge):
    assert judge(overhead={"cpu": "-1"}) == [
        'overhead[cpu]: Invalid value: "-1": must be greater than or equal to 0'
    ]
