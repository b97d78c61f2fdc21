"""Evictions are held against budgets, and no two have the same disruption."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from made_pods import pod_spec, workload
from wharfinger.cluster.errors import (
    BadRequest,
    DisruptionRefused,
    ObjectConflict,
    ObjectForbidden,
    ObjectNotFound,
    OverlappingBudgets,
)
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.workloads.disruption_budget import POD_DISRUPTION_BUDGET
from wharfinger.cluster.kinds.workloads.replica_set import REPLICA_SET
from wharfinger.cluster.options import Options
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.workloads import budgets

LABELS = {"app": "web"}


async def budget(world, name="keep", **spec):
    spec = {"selector": {"matchLabels": LABELS}, **(spec or {"minAvailable": 2})}
    await world.make(POD_DISRUPTION_BUDGET, name, spec=spec)
    await world.provisioner.settle()


async def pods(world, *names):
    """Pods that are ready, without an owner who would replace them."""
    for name in names:
        await world.make(POD, name, metadata={"labels": LABELS}, spec=pod_spec())
    await world.provisioner.settle()


async def evict(world, name, *, dry=False, version="policy/v1", **delete: Any):
    obj = {"apiVersion": version, "kind": "Eviction", "metadata": {"name": name}}
    if delete:
        obj["deleteOptions"] = delete
    endpoint = world.endpoints["pods/eviction"]
    return await endpoint.create(SYSTEM, "p", name, obj, Options(dry_run=dry))


async def unready(world, name, phase="Running"):
    found = world.objects.get(POD, "p", name)
    conditions = [{"type": "Ready", "status": "False"}]
    status = {**found["status"], "phase": phase, "conditions": conditions}
    changed = {**found, "status": status}
    await world.objects.update(POD, "p", name, changed, SYSTEM, subresource="status")


def status(world, name="keep"):
    return world.objects.get(POD_DISRUPTION_BUDGET, "p", name)["status"]


def cause(refused):
    [one] = refused.value.causes
    assert one.reason == "DisruptionBudget"
    return one.message


async def test_without_a_budget_a_pod_is_evicted(stage):
    await pods(stage, "a")
    answer = await evict(stage, "a")

    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    await stage.provisioner.settle()
    assert stage.names(POD) == []


async def test_a_pod_that_is_absent_cannot_be_evicted(stage):
    with pytest.raises(ObjectNotFound):
        await evict(stage, "a")


async def test_a_budget_refuses_and_says_why(stage):
    await pods(stage, "a", "b")
    await budget(stage)
    with pytest.raises(DisruptionRefused) as refused:
        await evict(stage, "a")

    assert refused.value.retry_after == 0
    assert cause(refused) == "The disruption budget keep needs 2 healthy pods and has 2 currently"
    assert stage.names(POD) == ["a", "b"]


async def test_a_budget_counts_down_before_the_pod_goes(stage):
    await pods(stage, "a", "b", "c")
    await budget(stage)
    await evict(stage, "a")

    assert status(stage)["disruptionsAllowed"] == 0
    assert list(status(stage)["disruptedPods"]) == ["a"]
    await stage.provisioner.settle()
    assert status(stage)["currentHealthy"] == 2
    assert "disruptedPods" not in status(stage)


async def test_of_evictions_that_race_only_as_many_pass_as_are_allowed(stage):
    names = [f"p{i}" for i in range(8)]
    await pods(stage, *names)
    await budget(stage, minAvailable=5)
    results = await asyncio.gather(*(evict(stage, name) for name in names), return_exceptions=True)

    refused = [one for one in results if isinstance(one, DisruptionRefused)]
    assert (len(refused), len(results) - len(refused)) == (5, 3)
    await stage.provisioner.settle()
    assert len(stage.names(POD)) == 5


async def test_a_budget_that_was_not_looked_at_yet_asks_for_patience(stage):
    await pods(stage, "a", "b", "c")
    spec = {"selector": {"matchLabels": LABELS}, "minAvailable": 1}
    await stage.make(POD_DISRUPTION_BUDGET, "keep", spec=spec)
    with pytest.raises(DisruptionRefused) as refused:
        await evict(stage, "a")

    assert refused.value.retry_after == 10
    assert cause(refused) == "The disruption budget keep is still being processed by the server."
    await stage.provisioner.settle()
    await evict(stage, "a")


async def test_a_change_of_the_budget_has_to_be_looked_at_first(stage):
    await pods(stage, "a", "b", "c")
    await budget(stage)
    found = stage.objects.get(POD_DISRUPTION_BUDGET, "p", "keep")
    changed = {**found, "spec": {**found["spec"], "minAvailable": 3}}
    await stage.objects.update(POD_DISRUPTION_BUDGET, "p", "keep", changed, SYSTEM)
    with pytest.raises(DisruptionRefused) as refused:
        await evict(stage, "a")
    assert refused.value.retry_after == 10


async def test_two_budgets_for_one_pod_are_an_error(stage):
    await pods(stage, "a", "b", "c")
    await budget(stage)
    await budget(stage, "other", minAvailable=0)
    with pytest.raises(OverlappingBudgets):
        await evict(stage, "a")
    assert stage.names(POD) == ["a", "b", "c"]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Pending"])
async def test_what_does_not_run_needs_no_budget(stage, phase):
    await pods(stage, "a", "b")
    await budget(stage)
    await unready(stage, "a", phase)
    await evict(stage, "a")

    assert status(stage)["disruptionsAllowed"] == 0
    assert "disruptedPods" not in status(stage)


async def test_a_pod_that_goes_already_needs_no_budget(stage):
    await pods(stage, "a", "b")
    await budget(stage)
    await stage.objects.delete(POD, "p", "a", SYSTEM)
    assert await evict(stage, "a", gracePeriodSeconds=0)
    assert stage.names(POD) == ["b"]


async def test_an_unhealthy_pod_may_go_while_enough_are_healthy(stage):
    await pods(stage, "a", "b", "c")
    await budget(stage)
    await unready(stage, "a")
    await stage.provisioner.settle()
    assert status(stage)["disruptionsAllowed"] == 0
    await evict(stage, "a")

    assert "disruptedPods" not in status(stage)


async def test_an_unhealthy_pod_stays_while_too_few_are_healthy(stage):
    await pods(stage, "a", "b")
    await budget(stage)
    await unready(stage, "a")
    await stage.provisioner.settle()
    with pytest.raises(DisruptionRefused):
        await evict(stage, "a")


async def test_an_unhealthy_pod_may_always_go_if_the_budget_says_so(stage):
    await pods(stage, "a", "b")
    await budget(stage, minAvailable=2, unhealthyPodEvictionPolicy="AlwaysAllow")
    await unready(stage, "a")
    await stage.provisioner.settle()
    await evict(stage, "a")
    with pytest.raises(DisruptionRefused):
        await evict(stage, "b")


async def test_a_budget_that_cannot_be_counted_says_so(stage):
    await pods(stage, "a")
    found = stage.objects.get(POD, "p", "a")
    reference = {"apiVersion": "own.test/v1", "kind": "Thing", "name": "x", "uid": "u"}
    owned = {**found["metadata"], "ownerReferences": [{**reference, "controller": True}]}
    await stage.objects.update(POD, "p", "a", {**found, "metadata": owned}, SYSTEM)
    await budget(stage, maxUnavailable=1)

    assert status(stage)["conditions"][0]["reason"] == "SyncFailed"
    with pytest.raises(DisruptionRefused):
        await evict(stage, "a")


async def test_what_is_missing_counts_as_unavailable(stage):
    await stage.make(REPLICA_SET, "web", spec=workload(3))
    await budget(stage, maxUnavailable=1)
    assert (status(stage)["expectedPods"], status(stage)["disruptionsAllowed"]) == (3, 1)

    await unready(stage, stage.names(POD)[0])
    await stage.provisioner.settle()
    assert (status(stage)["expectedPods"], status(stage)["disruptionsAllowed"]) == (3, 0)


async def test_an_allowed_eviction_that_never_comes_is_forgotten(stage):
    await pods(stage, "a", "b", "c")
    await budget(stage)
    found = stage.objects.get(POD_DISRUPTION_BUDGET, "p", "keep")
    at = stage.objects.get(POD, "p", "a")["status"]["startTime"]
    said = {**found["status"], "disruptedPods": {"a": at}}
    await stage.objects.update(
        POD_DISRUPTION_BUDGET, "p", "keep", {**found, "status": said}, SYSTEM, subresource="status"
    )
    await stage.provisioner.settle()
    assert status(stage)["disruptionsAllowed"] == 0

    stage.clock.now += budgets.EXPIRY
    await stage.provisioner.settle()
    assert status(stage)["disruptionsAllowed"] == 1


async def test_too_many_unconfirmed_evictions_stop_all(stage):
    await pods(stage, "a", "b", "c")
    await budget(stage)
    found = stage.objects.get(POD_DISRUPTION_BUDGET, "p", "keep")
    at = stage.objects.get(POD, "p", "a")["status"]["startTime"]
    many = {f"x{i}": at for i in range(budgets.MOST_DISRUPTED + 1)}
    said = {**found["status"], "disruptedPods": many}
    await stage.objects.update(
        POD_DISRUPTION_BUDGET, "p", "keep", {**found, "status": said}, SYSTEM, subresource="status"
    )
    with pytest.raises(ObjectForbidden, match="too many evictions not confirmed"):
        await evict(stage, "a")


async def test_a_dry_eviction_asks_and_changes_nothing(stage):
    await pods(stage, "a", "b", "c")
    await budget(stage)
    revision = stage.cache.revision
    await evict(stage, "a", dry=True)
    await evict(stage, "a", dryRun=["All"])
    assert stage.cache.revision == revision

    await evict(stage, "a")
    with pytest.raises(DisruptionRefused):
        await evict(stage, "b", dry=True)


async def test_preconditions_are_asked_before_the_budget(stage):
    await pods(stage, "a", "b", "c")
    await budget(stage)
    for wrong in ({"uid": "other"}, {"resourceVersion": "1"}):
        with pytest.raises(ObjectConflict):
            await evict(stage, "a", preconditions=wrong)
    assert status(stage)["disruptionsAllowed"] == 1

    uid = stage.objects.get(POD, "p", "a")["metadata"]["uid"]
    await evict(stage, "a", preconditions={"uid": uid})


@pytest.mark.parametrize(("asked", "grace"), [(None, 30), (5, 5), (-3, 1)])
async def test_the_grace_is_that_of_the_eviction(stage, asked, grace):
    await pods(stage, "a")
    await evict(stage, "a", **({} if asked is None else {"gracePeriodSeconds": asked}))

    assert stage.objects.get(POD, "p", "a")["metadata"]["deletionGracePeriodSeconds"] == grace


async def test_clients_of_old_may_evict_too(stage):
    await pods(stage, "a")
    assert await evict(stage, "a", version="policy/v1beta1")


@pytest.mark.parametrize(
    "options", [{"dryRun": ["Some"]}, {"propagationPolicy": "Sometimes"}, {"unknown": 1}]
)
async def test_bad_options_are_refused(stage, options):
    await pods(stage, "a")
    with pytest.raises(BadRequest):
        await evict(stage, "a", **options)
    assert stage.names(POD) == ["a"]


async def test_an_eviction_names_the_pod_of_its_path(stage):
    await pods(stage, "a")
    endpoint = stage.endpoints["pods/eviction"]
    with pytest.raises(BadRequest, match="does not match"):
        await endpoint.create(SYSTEM, "p", "a", {"metadata": {"name": "b"}}, Options())
