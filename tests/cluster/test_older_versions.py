"""Old clients find budgets and cron jobs in the version they know; new ones see the same objects."""

import pytest

from wharfinger.cluster import discovery
from wharfinger.cluster.errors import ObjectConflict, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.kinds import SERVED
from wharfinger.cluster.kinds.workloads import CRON_JOB, POD_DISRUPTION_BUDGET
from wharfinger.cluster.older_versions import OlderVersion, views
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM

PODS = {"containers": [{"name": "a", "image": "reg/a:1"}], "restartPolicy": "Never"}
BUDGET = {
    "apiVersion": "policy/v1beta1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "b"},
    "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}},
}


@pytest.fixture
async def older(world) -> dict[str, OlderVersion]:
    await world.project()
    return {view.kind.plural: view for view in views(world.objects)}


@pytest.fixture
def budgets(older):
    return older["poddisruptionbudgets"]


async def test_what_an_old_client_makes_a_new_one_sees(world, budgets):
    made = await budgets.create(SYSTEM, "p", "", BUDGET, Options())

    assert made["apiVersion"] == "policy/v1beta1"
    stored = world.objects.get(POD_DISRUPTION_BUDGET, "p", "b")
    assert stored == {**made, "apiVersion": "policy/v1"}
    assert stored["spec"] == BUDGET["spec"]
    assert stored["status"]["disruptionsAllowed"] == 0


async def test_what_a_new_client_makes_an_old_one_sees(world, older):
    template = {"spec": {"template": {"spec": PODS}}}
    spec = {"schedule": "@daily", "jobTemplate": template}
    made = await world.make(CRON_JOB, "c", spec=spec)
    view = older["cronjobs"]

    shown = {**made, "apiVersion": "batch/v1beta1"}
    assert await view.get(SYSTEM, "p", "c") == shown
    assert list((await view.list(SYSTEM, "p", ListOptions())).items) == [shown]


async def test_an_old_client_changes_and_deletes_it(world, budgets):
    await budgets.create(SYSTEM, "p", "", BUDGET, Options())

    await budgets.patch(
        SYSTEM, "p", "b", PatchType.STRATEGIC, {"spec": {"minAvailable": "50%"}}, Options()
    )

    stored = world.objects.get(POD_DISRUPTION_BUDGET, "p", "b")
    assert stored["spec"]["minAvailable"] == "50%"
    assert stored["apiVersion"] == "policy/v1"
    with pytest.raises(ObjectConflict):
        await budgets.update(
            SYSTEM,
            "p",
            "b",
            {**BUDGET, "metadata": {"name": "b", "resourceVersion": "1"}},
            Options(),
        )
    assert (await budgets.delete(SYSTEM, "p", "b", DeleteOptions())).removed
    with pytest.raises(ObjectNotFound):
        world.objects.get(POD_DISRUPTION_BUDGET, "p", "b")


async def test_the_status_is_not_written_in_the_older_version(world, budgets):
    await budgets.create(SYSTEM, "p", "", BUDGET, Options())

    await budgets.update(
        SYSTEM, "p", "b", {**BUDGET, "status": {"disruptionsAllowed": 9}}, Options()
    )

    stored = world.objects.get(POD_DISRUPTION_BUDGET, "p", "b")
    assert stored["status"]["disruptionsAllowed"] == 0


async def test_what_is_refused_is_refused_in_both(budgets):
    bad = {**BUDGET, "spec": {"minAvailable": -1}}

    with pytest.raises(ObjectInvalid, match="must be greater than or equal to 0"):
        await budgets.create(SYSTEM, "p", "", bad, Options())


@pytest.mark.parametrize(
    ("group", "plural"), [("policy", "poddisruptionbudgets"), ("batch", "cronjobs")]
)
def test_clients_that_know_both_are_told_to_prefer_the_present_one(group, plural):
    document = discovery.group(SERVED, group)

    assert document["preferredVersion"]["version"] == "v1"
    served = discovery.resources(SERVED, group, "v1beta1")["resources"]
    assert [one["name"] for one in served] == [plural]
