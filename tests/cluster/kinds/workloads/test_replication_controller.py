"""Replication controllers: what is not said comes from the labels of the template."""

import pytest

from wharfinger.cluster.kinds.workloads import REPLICATION_CONTROLLER


@pytest.fixture
def controller(workload):
    return workload(REPLICATION_CONTROLLER)


def test_labels_and_selector_come_from_the_template(controller):
    made = controller.made({"selector": ...})

    assert made["spec"]["selector"] == {"app": "a"}
    assert made["metadata"]["labels"] == {"app": "a"}
    assert made["spec"]["replicas"] == 1
    assert made["status"] == {"replicas": 0}


def test_labels_and_selector_that_are_given_stay(controller):
    template = controller.template({"app": "a", "tier": "b"})
    said = {"selector": {"app": "a"}, "template": template}

    made = controller.made(said, metadata={"labels": {"own": "c"}})

    assert made["spec"]["selector"] == {"app": "a"}
    assert made["metadata"]["labels"] == {"own": "c"}
    assert controller.refused(said) == []


def test_what_is_missing_is_told(controller):
    assert controller.refused({"selector": ..., "template": ...}) == [
        "spec.selector: Required value",
        "spec.template: Required value",
    ]


def test_the_selector_must_choose_the_pods(controller):
    assert controller.refused({"selector": {"app": "b"}}) == [
        (
            'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match '
            "template `labels`"
        )
    ]


def test_the_selector_can_change(controller):
    old, new = controller.made({"selector": ...}), controller.made({"selector": {"app": "b"}})

    assert controller.changed(old, new) == []


def test_a_line_has_the_labels_as_selector(controller):
    obj = controller.made({"selector": {"b": "2", "a": "1"}})

    assert controller.cells(obj, wide=True)["Selector"] == "a=1,b=2"
    assert controller.cells({"metadata": {"name": "x"}}, wide=True)["Selector"] == "<none>"
