"""The end of a namespace, and what it takes with it."""

import pytest

from wharfinger.cluster.errors import ObjectForbidden
from wharfinger.cluster.kinds import ALL
from wharfinger.cluster.kinds.core import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT
from wharfinger.cluster.subject import SYSTEM

ACCOUNTS = ["builder", "default", "deployer"]


async def test_the_end_of_a_namespace_takes_everything_with_it(world):
    await world.project()
    await world.make(CONFIG_MAP, "c")
    deletion = await world.objects.delete(NAMESPACE, "", "p", SYSTEM)
    assert not deletion.removed
    assert world.objects.get(NAMESPACE, "", "p")["status"]["phase"] == "Terminating"
    with pytest.raises(ObjectForbidden):
        await world.make(CONFIG_MAP, "d")

    await world.provisioner.settle()
    assert world.cache.get(NAMESPACE.resource, "", "p") is None
    assert [name for kind in ALL if kind.namespaced for name in world.names(kind)] == []
    assert world.deleted == ["p"]
    assert world.names(SERVICE_ACCOUNT, "default") == ACCOUNTS


async def test_the_end_of_a_namespace_waits_for_who_holds_an_object(world):
    await world.project()
    await world.make(CONFIG_MAP, "c", metadata={"finalizers": ["own.test/wait"]})
    await world.objects.delete(NAMESPACE, "", "p", SYSTEM)
    await world.provisioner.settle()
    assert world.names(CONFIG_MAP) == ["c"]
    assert world.deleted == []

    held = world.objects.get(CONFIG_MAP, "p", "c")
    freed = {**held, "metadata": {**held["metadata"], "finalizers": []}}
    await world.objects.update(CONFIG_MAP, "p", "c", freed, SYSTEM)
    await world.provisioner.settle()
    assert world.cache.get(NAMESPACE.resource, "", "p") is None
    assert world.deleted == ["p"]
