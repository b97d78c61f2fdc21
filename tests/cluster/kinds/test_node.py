"""Nodes: what they may be, what may change, and how they are printed."""

from datetime import UTC, datetime

import pytest

from wharfinger.cluster import metadata, tables
from wharfinger.cluster.kinds.node import NODE
from wharfinger.cluster.kinds.pods import POD

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROLE = "node-role.kubernetes.io/"


def node(labels=None, status=None, **spec):
    return {
        "metadata": {
            "name": "n",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": labels or {},
        },
        "spec": spec,
        "status": status or {},
    }


def completed(**fields):
    made = node(**fields)
    NODE.default(made)
    return made


def errors(**fields):
    return [f"{one.field}: {one.message}" for one in NODE.validate(completed(**fields))]


def changed(old, new):
    found = NODE.validate_update(completed(**new), completed(**old))
    return [f"{one.field}: {one.message}" for one in found]


def cells(made):
    table = tables.table(NODE, [made], NOW)
    names = [column["name"] for column in table["columnDefinitions"]]
    return dict(zip(names, table["rows"][0]["cells"], strict=True))


def test_one_range_of_addresses_and_many_say_the_same():
    assert completed(podCIDR="10.0.0.0/24")["spec"] == completed(podCIDRs=["10.0.0.0/24"])["spec"]


def test_pods_can_have_all_that_a_node_has_if_it_does_not_say_otherwise():
    status = completed(status={"capacity": {"cpu": "4"}})["status"]
    said = completed(status={"capacity": {"cpu": "4"}, "allocatable": {"cpu": "3"}})["status"]

    assert status["allocatable"] == {"cpu": "4"}
    assert said["allocatable"] == {"cpu": "3"}


def test_a_node_says_how_it_is_when_it_is_made_but_a_pod_does_not():
    made, pod = node(status={"phase": "x"}), {"metadata": {}, "status": {"phase": "Running"}}
    metadata.begin(NODE, made, uid="u", now=NOW)
    metadata.begin(POD, pod, uid="u", now=NOW)

    assert made["status"] == {"phase": "x"}
    assert pod["status"] == {}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (
            {"podCIDR": "10.0.0.0"},
            (
                'spec.podCIDRs[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, '
                "(e.g. 10.9.8.0/24 or 2001:db8::/64)"
            ),
        ),
        (
            {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.1.0/24"]},
            'spec.podCIDR: Invalid value: "10.0.0.0/24": must contain the same value as podCIDRs[0]',
        ),
        (
            {"podCIDRs": ["10.0.0.0/24", "10.0.1.0/24"]},
            (
                'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: '
                "may specify no more than one CIDR for each IP family"
            ),
        ),
        ({"taints": [{"key": "a"}]}, "metadata.taints[0].effect: Required value"),
        (
            {"taints": [{"key": "a", "effect": "Never"}]},
            (
                'metadata.taints[0].effect: Unsupported value: "Never": supported values: '
                '"NoSchedule", "PreferNoSchedule", "NoExecute"'
            ),
        ),
        (
            {"taints": [{"key": "a", "effect": "NoExecute"}] * 2},
            (
                'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoExecute"}: '
                "taints must be unique by key and effect pair"
            ),
        ),
        (
            {"status": {"capacity": {"cpu": "-1"}, "allocatable": {}}},
            'status.capacity[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        ),
        (
            {"status": {"addresses": [{"type": "Hostname", "address": "a"}] * 2}},
            'status.addresses[1]: Duplicate value: {"type":"Hostname","address":"a"}',
        ),
    ],
)
def test_a_node_is_refused(fields, error):
    assert errors(**fields) == [error]


def test_a_good_node_passes():
    assert (
        errors(
            podCIDRs=["10.0.0.0/24", "fd00::/64"],
            taints=[{"key": "a", "effect": "NoExecute"}, {"key": "a", "effect": "NoSchedule"}],
            status={"capacity": {"cpu": "4", "example.com/gpu": "1"}},
        )
        == []
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"podCIDR": "10.0.0.0/24", "providerID": "a"}),
        ({}, {"unschedulable": True}),
        ({"taints": [{"key": "a", "effect": "NoExecute"}]}, {}),
    ],
)
def test_this_of_a_node_may_change(old, new):
    assert changed(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            {"podCIDR": "10.0.0.0/24"},
            {"podCIDR": "10.0.1.0/24"},
            'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        ),
        (
            {"providerID": "a"},
            {},
            (
                "spec.providerID: Forbidden: "
                'node updates may not change providerID except from "" to valid'
            ),
        ),
        (
            {},
            {"externalID": "a"},
            (
                ": Forbidden: node updates may only change labels, taints, or capacity (or configSource, "
                "if the DynamicKubeletConfig feature gate is enabled)"
            ),
        ),
    ],
)
def test_this_of_a_node_may_not_change(old, new, error):
    assert changed(old, new) == [error]


def test_a_node_that_says_nothing_is_printed():
    assert cells({"metadata": {"name": "n"}}) == {
        "Name": "n",
        "Status": "Unknown",
        "Roles": "<none>",
        "Age": "<unknown>",
        "Version": "",
        "Internal-IP": "<none>",
        "External-IP": "<none>",
        "OS-Image": "<unknown>",
        "Kernel-Version": "<unknown>",
        "Container-Runtime": "<unknown>",
    }


def test_a_node_is_printed_as_kubectl_does():
    made = node(
        labels={f"{ROLE}worker": "", f"{ROLE}infra": "true", "kubernetes.io/role": "old"},
        status={
            "conditions": [{"type": "DiskPressure"}, {"type": "Ready", "status": "True"}],
            "addresses": [
                {"type": "Hostname", "address": "n"},
                {"type": "InternalIP", "address": "10.0.0.1"},
                {"type": "ExternalIP", "address": "192.0.2.1"},
            ],
            "nodeInfo": {
                "kubeletVersion": "v1",
                "osImage": "Debian",
                "kernelVersion": "6.1",
                "containerRuntimeVersion": "containerd://2",
            },
        },
        unschedulable=True,
    )

    assert cells(made) == {
        "Name": "n",
        "Status": "Ready,SchedulingDisabled",
        "Roles": "infra,old,worker",
        "Age": "0s",
        "Version": "v1",
        "Internal-IP": "10.0.0.1",
        "External-IP": "192.0.2.1",
        "OS-Image": "Debian",
        "Kernel-Version": "6.1",
        "Container-Runtime": "containerd://2",
    }


def test_a_node_whose_agent_is_silent_is_not_ready():
    conditions = [{"type": "Ready", "status": "Unknown"}]

    assert cells(node(status={"conditions": conditions}))["Status"] == "NotReady"


def test_nodes_are_selected_by_whether_they_take_pods():
    select = NODE.selectable["spec.unschedulable"]

    assert (select(node(unschedulable=True)), select(node())) == ("true", "false")


def test_a_node_that_takes_pods_does_not_say_so():
    assert completed(unschedulable=False)["spec"] == {}
