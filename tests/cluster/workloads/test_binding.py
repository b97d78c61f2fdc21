"""A scheduler that is not ours binds pods, once each."""

from __future__ import annotations

from typing import Any

import pytest

from made_pods import pod_spec
from wharfinger.cluster.errors import ObjectConflict, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.options import Options
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.workloads import conditions


@pytest.fixture
async def waiting(stage):
    """A world in which pod `a` waits for a scheduler of its own."""
    await stage.make(POD, "a", spec=pod_spec(schedulerName="own"))
    await stage.provisioner.settle()
    return stage


async def bind(world, *, below=True, metadata: Any = None, dry=False, **target: Any):
    obj = {"metadata": {"name": "a"} if metadata is None else metadata, "target": target}
    endpoint = world.endpoints["pods/binding" if below else "bindings"]
    return await endpoint.create(SYSTEM, "p", "a" if below else "", obj, Options(dry_run=dry))


@pytest.mark.parametrize("below", [True, False])
async def test_a_pod_is_bound_to_the_node_that_is_named(waiting, below):
    answer = await bind(waiting, below=below, kind="Node", name="n9")

    assert answer["status"] == "Success"
    found = waiting.objects.get(POD, "p", "a")
    assert found["spec"]["nodeName"] == "n9"
    assert conditions.holds(found, "PodScheduled")


async def test_a_pod_is_bound_once(waiting):
    await bind(waiting, name="n1")
    with pytest.raises(ObjectConflict, match='already assigned to node "n1"'):
        await bind(waiting, name="n2")


async def test_a_pod_that_goes_is_not_bound(waiting):
    found = waiting.objects.get(POD, "p", "a")
    held = {**found["metadata"], "finalizers": ["own.test/hold"]}
    await waiting.objects.update(POD, "p", "a", {**found, "metadata": held}, SYSTEM)
    await waiting.objects.delete(POD, "p", "a", SYSTEM)
    with pytest.raises(ObjectConflict, match="being deleted"):
        await bind(waiting, name="n1")


@pytest.mark.parametrize("target", [{}, {"name": ""}, {"kind": "Pod", "name": "n1"}])
async def test_a_binding_must_name_a_node(waiting, target):
    with pytest.raises(ObjectInvalid):
        await bind(waiting, **target)


async def test_a_binding_of_another_pod_of_that_name_is_a_conflict(waiting):
    with pytest.raises(ObjectConflict):
        await bind(waiting, metadata={"name": "a", "uid": "other"}, name="n1")


async def test_a_binding_without_a_pod_finds_nothing(waiting):
    with pytest.raises(ObjectNotFound):
        await bind(waiting, below=False, metadata={"name": "b"}, name="n1")


async def test_a_dry_binding_binds_nothing(waiting):
    await bind(waiting, dry=True, name="n1")
    assert "nodeName" not in waiting.objects.get(POD, "p", "a")["spec"]
