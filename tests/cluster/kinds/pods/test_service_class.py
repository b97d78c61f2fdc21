"""Who is ended last when memory is short."""

import pytest

from wharfinger.cluster.kinds.pods import service_class

FULL = {"cpu": "1", "memory": "1Gi"}


def asks(limits=None, requests=None):
    return {"resources": {"limits": limits or {}, "requests": requests or {}}}


@pytest.mark.parametrize(
    ("containers", "found"),
    [
        ([{}], "BestEffort"),
        ([asks()], "BestEffort"),
        ([asks(requests={"cpu": "0"})], "BestEffort"),
        ([asks(requests={"example.com/gpu": "1"})], "BestEffort"),
        ([asks(FULL, FULL)], "Guaranteed"),
        ([asks(FULL, {"cpu": "1000m", "memory": "1024Mi"})], "Guaranteed"),
        ([asks(FULL, {"cpu": "500m", "memory": "1Gi"})], "Burstable"),
        ([asks(FULL, {"cpu": "1"})], "Burstable"),
        ([asks({"cpu": "1"}, {"cpu": "1"})], "Burstable"),
        ([asks(FULL, FULL), asks()], "Burstable"),
        ([asks(requests={"memory": "1"})], "Burstable"),
    ],
)
def test_the_class_follows_from_limits_and_requests(containers, found):
    assert service_class.of({"containers": containers}) == found


def test_containers_that_run_before_count():
    spec = {"containers": [asks(FULL, FULL)], "initContainers": [asks()]}

    assert service_class.of(spec) == "Burstable"


def test_what_the_pod_says_as_a_whole_comes_first():
    spec = {"containers": [{}], **asks(FULL, FULL)}

    assert service_class.of(spec) == "Guaranteed"


def test_a_pod_without_anything_is_best_effort():
    assert service_class.of({}) == "BestEffort"
