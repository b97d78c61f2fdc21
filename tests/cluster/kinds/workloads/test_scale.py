"""Scales: the number of pods, whatever has them."""

from wharfinger.cluster.kinds.workloads import SCALE


def test_a_number_is_not_negative():
    def refused(replicas):
        found = SCALE.validate({"spec": {"replicas": replicas}})
        return [f"{error.field}: {error.message}" for error in found]

    assert refused(0) == []
    assert refused(-1) == ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]
    assert list(SCALE.validate({})) == []


def test_a_line_says_what_is_wanted_and_what_is_there(workload):
    obj = {"metadata": {"name": "x"}, "spec": {"replicas": 3}, "status": {"replicas": 2}}

    assert workload(SCALE).cells(obj) == {
        "Name": "x",
        "Desired": 3,
        "Available": 2,
        "Age": "<unknown>",
    }
