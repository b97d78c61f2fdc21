"""All controllers together: they come to rest, and a crash at any step is healed."""

from wharfinger.cluster import dockercfg
from wharfinger.cluster.kinds.core import NAMESPACE, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM
from wharfinger.errors import StorageFull

ACCOUNTS = ["builder", "default", "deployer"]


class FaultyStore(MemoryStore):
    """Refuses every write but the next `left`."""

    left = 10**9

    async def commit(self, write, committed):
        if self.left <= 0:
            raise StorageFull("cannot write")
        self.left -= 1
        return await super().commit(write, committed)


async def test_nothing_is_written_once_all_is_well(world):
    await world.project()
    revision = world.cache.revision

    await world.start().settle()
    assert world.cache.revision == revision


async def test_a_crash_at_any_step_is_healed_by_the_next_start(make_world):
    steps = 0
    while True:
        store = FaultyStore()
        world = await make_world(store)
        await world.objects.create(NAMESPACE, "", {"metadata": {"name": "p"}}, SYSTEM)
        store.left = steps
        try:
            await world.start().settle()
            break
        except StorageFull:
            store.left = 10**9
        again = await make_world(store)
        await again.start().settle()

        assert again.names(SERVICE_ACCOUNT) == ACCOUNTS
        assert len(again.names(SECRET)) == 3
        for name in ACCOUNTS:
            token = dockercfg.token(again.pull_secret(again.account(name)))
            assert again.authenticator.bearer(token)
        steps += 1
    assert steps > 10


async def test_a_new_role_joins_the_aggregated_ones(world):
    label = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    rule = {"apiGroups": ["own.test"], "resources": ["things"], "verbs": ["get"]}
    await world.make(CLUSTER_ROLE, "own-view", "", metadata={"labels": label}, rules=[rule])
    await world.provisioner.settle()
    for name in ("view", "edit", "admin"):
        assert rule in world.objects.get(CLUSTER_ROLE, "", name)["rules"]

    await world.objects.delete(CLUSTER_ROLE, "", "own-view", SYSTEM)
    await world.provisioner.settle()
    for name in ("view", "edit", "admin"):
        assert rule not in world.objects.get(CLUSTER_ROLE, "", name)["rules"]


async def test_the_provisioner_runs_until_the_cache_ends(world):
    await world.objects.create(NAMESPACE, "", {"metadata": {"name": "p"}}, SYSTEM)
    world.cache.end_watches()
    await world.provisioner.run()

    assert world.names(SERVICE_ACCOUNT) == ACCOUNTS
