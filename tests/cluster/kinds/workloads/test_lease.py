"""Leases: who has something, and until when."""

import pytest

from wharfinger.cluster.kinds.workloads import LEASE


def refused(**spec):
    return [f"{error.field}: {error.message}" for error in LEASE.validate({"spec": spec})]


def test_good_leases():
    assert list(LEASE.validate({})) == []
    assert refused(holderIdentity="a", leaseDurationSeconds=15, leaseTransitions=0) == []
    assert refused(strategy="OldestEmulationVersion", preferredHolder="b") == []
    assert refused(strategy="example.com/mine") == []


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"leaseDurationSeconds": 0},
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        ),
        (
            {"leaseTransitions": -1},
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"preferredHolder": "b"},
            "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined",
        ),
        (
            {"strategy": "Newest"},
            (
                'spec.strategy: Unsupported value: "Newest": supported values: '
                '"OldestEmulationVersion"'
            ),
        ),
        ({"strategy": "example.com/"}, 'spec.strategy: Invalid value: "example.com/": name part'),
    ],
)
def test_bad_leases_are_refused_in_known_words(spec, error):
    assert refused(**spec)[0].startswith(error)


def test_a_line_names_the_holder(workload):
    lease = workload(LEASE)

    assert lease.cells({"metadata": {"name": "x"}, "spec": {"holderIdentity": "a"}}) == {
        "Name": "x",
        "Holder": "a",
        "Age": "<unknown>",
    }
    assert lease.cells({"metadata": {"name": "x"}})["Holder"] == ""
