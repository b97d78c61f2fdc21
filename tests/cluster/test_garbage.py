"""Owned objects follow their owners."""

import pytest

from wharfinger.cluster.kinds.core import CONFIG_MAP
from wharfinger.cluster.options import DeleteOptions, Propagation
from wharfinger.cluster.subject import SYSTEM


def owned_by(*owners, blocking=False):
    return {
        "ownerReferences": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                **({"blockOwnerDeletion": True} if blocking else {}),
            }
            for owner in owners
        ]
    }


async def family(world, *, blocking=False):
    await world.project()
    owner = await world.make(CONFIG_MAP, "owner")
    child = await world.make(CONFIG_MAP, "child", metadata=owned_by(owner, blocking=blocking))
    await world.make(CONFIG_MAP, "grandchild", metadata=owned_by(child, blocking=blocking))
    await world.provisioner.settle()


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("propagation", [Propagation.BACKGROUND, Propagation.FOREGROUND])
async def test_dependents_go_with_their_owner(world, propagation, blocking):
    await family(world, blocking=blocking)
    options = DeleteOptions(propagation=propagation)
    deletion = await world.objects.delete(CONFIG_MAP, "p", "owner", SYSTEM, options)
    assert deletion.removed is (propagation is Propagation.BACKGROUND)

    await world.provisioner.settle()
    assert world.names(CONFIG_MAP) == []


async def test_orphans_stay_without_the_reference(world):
    await family(world)
    options = DeleteOptions(propagation=Propagation.ORPHAN)
    await world.objects.delete(CONFIG_MAP, "p", "owner", SYSTEM, options)
    await world.provisioner.settle()

    assert world.names(CONFIG_MAP) == ["child", "grandchild"]
    child = world.objects.get(CONFIG_MAP, "p", "child")
    assert not child["metadata"].get("ownerReferences")


async def test_an_object_with_two_owners_goes_with_the_last(world):
    await world.project()
    one, two = [await world.make(CONFIG_MAP, name) for name in ("one", "two")]
    await world.make(CONFIG_MAP, "child", metadata=owned_by(one, two))
    await world.objects.delete(CONFIG_MAP, "p", "one", SYSTEM)
    await world.provisioner.settle()
    assert world.names(CONFIG_MAP) == ["child", "two"]
    references = world.objects.get(CONFIG_MAP, "p", "child")["metadata"]["ownerReferences"]
    assert [reference["name"] for reference in references] == ["two"]

    await world.objects.delete(CONFIG_MAP, "p", "two", SYSTEM)
    await world.provisioner.settle()
    assert world.names(CONFIG_MAP) == []


async def test_a_remade_owner_does_not_keep_old_dependents(world):
    await family(world)
    await world.objects.delete(CONFIG_MAP, "p", "owner", SYSTEM)
    await world.make(CONFIG_MAP, "owner")
    await world.provisioner.settle()

    assert world.names(CONFIG_MAP) == ["owner"]


async def test_an_owner_of_an_unknown_kind_counts_as_there(world):
    await world.project()
    reference = {"apiVersion": "own.test/v1", "kind": "Thing", "name": "x", "uid": "u"}
    await world.make(CONFIG_MAP, "child", metadata={"ownerReferences": [reference]})
    await world.start().settle()

    assert world.names(CONFIG_MAP) == ["child"]


async def test_a_dependent_that_asked_to_leave_its_own_does_so(world):
    await world.project()
    owner = await world.make(CONFIG_MAP, "owner")
    metadata = owned_by(owner) | {"finalizers": ["orphan"]}
    child = await world.make(CONFIG_MAP, "child", metadata=metadata)
    await world.make(CONFIG_MAP, "grandchild", metadata=owned_by(child))
    await world.objects.delete(CONFIG_MAP, "p", "owner", SYSTEM)
    await world.provisioner.settle()

    assert world.names(CONFIG_MAP) == ["grandchild"]
