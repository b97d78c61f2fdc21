from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from made_pods import node, pod
from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import resources


def asking(*containers: dict[str, Any], **spec: Any) -> Object:
    found = pod()
    found["spec"] = {"containers": list(containers), **spec}
    return found


def requests(**amounts: str) -> dict[str, Any]:
    return {"resources": {"requests": amounts}}


def test_a_pod_asks_for_the_sum_of_its_containers():
    found = asking(requests(cpu="100m", memory="1Gi"), requests(cpu="1"))
    assert resources.asked(found) == {"cpu": Fraction(11, 10), "memory": 1 << 30, "pods": 1}


def test_a_pod_without_requests_is_one_pod():
    assert resources.asked(asking({"name": "a"})) == {"pods": 1}
    assert resources.asked({"metadata": {"name": "a"}}) == {"pods": 1}


def test_a_limit_stands_for_a_request():
    found = asking({"resources": {"limits": {"cpu": "2", "memory": "1"}, "requests": {"cpu": "1"}}})
    assert resources.asked(found) == {"cpu": 1, "memory": 1, "pods": 1}


def test_the_largest_init_container_counts_if_it_asks_for_more():
    small, large = requests(cpu="1"), requests(cpu="3")
    assert resources.asked(asking(small, initContainers=[large, small]))["cpu"] == 3
    assert resources.asked(asking(large, initContainers=[small]))["cpu"] == 3


def test_an_init_container_that_stays_is_counted_with_the_others():
    beside = {**requests(cpu="1"), "restartPolicy": "Always"}
    assert resources.asked(asking(requests(cpu="1"), initContainers=[beside]))["cpu"] == 2


def test_overhead_comes_on_top():
    assert resources.asked(asking(requests(cpu="1"), overhead={"cpu": "1"}))["cpu"] == 2


def test_what_is_no_quantity_is_not_counted():
    assert resources.asked(asking(requests(cpu="much"))) == {"pods": 1}


def test_a_node_lacks_only_what_it_says_and_is_asked_for():
    found = node()
    assert resources.lacking(found, {"cpu": Fraction(9)}, {"cpu": Fraction(9)}) == []

    found["status"]["allocatable"] = {"cpu": "2", "memory": "1Gi", "pods": "1"}
    used = {"cpu": Fraction(1), "pods": Fraction(1)}
    assert resources.lacking(found, used, {"cpu": Fraction(1)}) == []
    asked = {"cpu": Fraction(2), "pods": Fraction(1), "own.test/card": Fraction(1)}
    assert resources.lacking(found, used, asked) == ["cpu", "pods"]


AMOUNTS = st.dictionaries(st.sampled_from(["cpu", "memory", "pods"]), st.fractions(0, 9))


@given(AMOUNTS, AMOUNTS)
def test_what_is_added_can_be_taken_back(one: dict[str, Fraction], other: dict[str, Fraction]):
    back = resources.minus(resources.plus(one, other), other)
    assert {name: size for name, size in back.items() if size} == {
        name: size for name, size in one.items() if size
    }
