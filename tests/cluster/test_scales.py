"""The number of pods is asked and said below their owner, whatever its kind."""

import pytest

from wharfinger.cluster import scales
from wharfinger.cluster.errors import BadRequest, ObjectConflict, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.kinds.workloads import DEPLOYMENT, REPLICATION_CONTROLLER
from wharfinger.cluster.options import Options
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM

POD = {"containers": [{"name": "a", "image": "reg/a:1"}]}
TEMPLATE = {"metadata": {"labels": {"app": "a", "tier": "b"}}, "spec": POD}
SELECTOR = {
    "matchLabels": {"app": "a"},
    "matchExpressions": [{"key": "tier", "operator": "Exists"}],
}


@pytest.fixture
async def owner(world):
    """A deployment of two pods in project p, of which one is there."""
    await world.project()
    spec = {"replicas": 2, "selector": SELECTOR, "template": TEMPLATE}
    made = await world.make(DEPLOYMENT, "web", spec=spec)
    counted = {"metadata": {"name": "web"}, "status": {"replicas": 1}}
    return await world.objects.update(
        DEPLOYMENT, "p", made["metadata"]["name"], counted, SYSTEM, subresource="status"
    )


@pytest.fixture
def scale(world):
    return world.endpoints["deployments/scale"]


def deployment(world):
    return world.objects.get(DEPLOYMENT, "p", "web")


async def put(world, scale, obj, **options):
    return await scale.update(world.ada, "p", "web", obj, Options(**options))


async def patch(world, scale, document, patch_type=PatchType.MERGE, **options):
    return await scale.patch(world.ada, "p", "web", patch_type, document, Options(**options))


async def test_a_scale_shows_what_is_wanted_and_what_is_there(world, owner, scale):
    found = await scale.get(world.ada, "p", "web")

    metadata = owner["metadata"]
    assert found == {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {
            "name": "web",
            "namespace": "p",
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {"replicas": 2},
        "status": {"replicas": 1, "selector": "app=a,tier"},
    }


async def test_the_selector_of_a_replication_controller_is_told_too(world):
    await world.project()
    await world.make(REPLICATION_CONTROLLER, "old", spec={"template": TEMPLATE})

    found = await world.endpoints["replicationcontrollers/scale"].get(world.ada, "p", "old")

    assert found["status"] == {"replicas": 0, "selector": "app=a,tier=b"}


async def test_an_update_says_how_many_are_wanted_and_nothing_else(world, owner, scale):
    wanted = {
        "metadata": {"name": "web", "labels": {"new": "label"}},
        "spec": {"replicas": 5},
        "status": {"replicas": 9},
    }

    answer = await put(world, scale, wanted)

    stored = deployment(world)
    assert stored["spec"] == {**owner["spec"], "replicas": 5}
    assert stored["status"]["replicas"] == 1
    assert "labels" not in stored["metadata"]
    assert stored["metadata"]["generation"] == owner["metadata"]["generation"] + 1
    assert answer == scales.scale_of(stored)


async def test_nothing_said_is_none_wanted(world, owner, scale):
    await put(world, scale, {"metadata": {"name": "web"}, "spec": {}})

    assert deployment(world)["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    ("patch_type", "document"),
    [
        (PatchType.MERGE, {"spec": {"replicas": 7}}),
        (PatchType.STRATEGIC, {"spec": {"replicas": 7}}),
        (
            PatchType.JSON,
            [
                {"op": "test", "path": "/spec/replicas", "value": 2},
                {"op": "replace", "path": "/spec/replicas", "value": 7},
            ],
        ),
    ],
)
async def test_patches_are_of_the_scale(world, owner, scale, patch_type, document):
    answer = await patch(world, scale, document, patch_type)

    assert answer["spec"] == {"replicas": 7}
    assert deployment(world)["spec"]["replicas"] == 7


async def test_an_applied_scale_belongs_to_its_manager(world, owner, scale):
    config = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web"},
        "spec": {"replicas": 2},
    }

    answer = await patch(world, scale, config, PatchType.APPLY, field_manager="scaler")

    assert answer["spec"] == {"replicas": 2}
    (entry,) = (
        one for one in deployment(world)["metadata"]["managedFields"] if one["manager"] == "scaler"
    )
    assert entry["subresource"] == "scale"
    assert entry["apiVersion"] == "apps/v1"
    assert entry["fieldsV1"]["f:spec"] == {"f:replicas": {}}


async def test_a_patch_is_made_again_on_what_has_changed_meanwhile(world, owner, scale):
    """Somebody else writes between the look at the scale and the write."""
    seen, looks = scale.get, []

    async def slow_get(subject, namespace, name):
        found = await seen(subject, namespace, name)
        looks.append(found["spec"]["replicas"])
        if len(looks) == 1:
            await put(world, scale, {"metadata": {"name": "web"}, "spec": {"replicas": 3}})
        return found

    scale.get = slow_get
    await patch(world, scale, {"spec": {"replicas": 8}})

    assert looks == [2, 3]
    assert deployment(world)["spec"]["replicas"] == 8


async def test_a_stale_version_conflicts(world, owner, scale):
    stale = {"name": "web", "resourceVersion": "1"}

    with pytest.raises(ObjectConflict, match="the object has been modified"):
        await put(world, scale, {"metadata": stale, "spec": {"replicas": 5}})
    with pytest.raises(ObjectConflict, match="the object has been modified"):
        await patch(world, scale, {"metadata": stale, "spec": {"replicas": 5}})
    assert deployment(world) == owner


async def test_the_present_version_does_not(world, owner, scale):
    found = await scale.get(world.ada, "p", "web")

    await put(world, scale, {**found, "spec": {"replicas": 4}})

    assert deployment(world)["spec"]["replicas"] == 4


async def test_another_object_of_the_name_conflicts(world, owner, scale):
    other = {"name": "web", "uid": "of another"}

    with pytest.raises(ObjectConflict, match="UID"):
        await put(world, scale, {"metadata": other, "spec": {"replicas": 5}})
    with pytest.raises(ObjectConflict, match="UID"):
        await patch(world, scale, {"metadata": other, "spec": {"replicas": 5}})


async def test_a_dry_run_changes_nothing(world, owner, scale):
    answer = await put(
        world, scale, {"metadata": {"name": "web"}, "spec": {"replicas": 5}}, dry_run=True
    )

    assert answer["spec"] == {"replicas": 5}
    assert deployment(world) == owner


async def test_what_is_no_number_is_refused(world, owner, scale):
    with pytest.raises(ObjectInvalid) as error:
        await put(world, scale, {"metadata": {"name": "web"}, "spec": {"replicas": -1}})
    assert str(error.value) == (
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater '
        "than or equal to 0"
    )
    with pytest.raises(ObjectInvalid, match="must be of type integer"):
        await patch(world, scale, {"spec": {"replicas": "many"}})


async def test_what_is_no_scale_is_refused(world, owner, scale):
    with pytest.raises(BadRequest):
        await put(world, scale, {"kind": "Deployment", "apiVersion": "apps/v1"})
    with pytest.raises(BadRequest):
        await patch(world, scale, {"metadata": {"name": "other"}})


async def test_what_is_not_there_has_no_scale(world, scale):
    await world.project()

    with pytest.raises(ObjectNotFound):
        await scale.get(world.ada, "p", "web")
    with pytest.raises(ObjectNotFound):
        await patch(world, scale, {"spec": {"replicas": 1}})
