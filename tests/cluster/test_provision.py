"""Projects fill themselves, stay filled, and leave nothing behind."""

import base64
import json

import pytest

from wharfinger.cluster import bootstrap, dockercfg, pull_secrets
from wharfinger.cluster.admission import NamespaceLifecycle
from wharfinger.cluster.authenticate import Authenticator
from wharfinger.cluster.authorize import Access
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectForbidden
from wharfinger.cluster.escalation import EscalationCheck
from wharfinger.cluster.kinds import ALL
from wharfinger.cluster.kinds.core import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE, ROLE_BINDING
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions, Propagation
from wharfinger.cluster.passwords import Passwords
from wharfinger.cluster.proofs import NotProven
from wharfinger.cluster.provision import Provisioner
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.sessions import Sessions
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.tokens import SigningKey, Tokens
from wharfinger.errors import StorageFull

KEY = SigningKey.generate()
HOSTS = ("127.0.0.1:5000", "registry.test:443")
ACCOUNTS = ["builder", "default", "deployer"]


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


class World:
    def __init__(self, cache, clock):
        self.cache, self.clock = cache, clock
        self.authorizer = RbacAuthorizer(cache)
        self.objects = Objects(cache, [NamespaceLifecycle(cache), EscalationCheck(self.authorizer)])
        self.tokens = Tokens(KEY, clock=clock)
        self.authenticator = Authenticator(
            cache,
            tokens=self.tokens,
            sessions=Sessions(cache, clock=clock),
            passwords=Passwords(clock=clock),
        )
        self.deleted = []
        self.provisioner = self.start()

    def start(self):
        return Provisioner(
            self.objects,
            tokens=self.tokens,
            hosts=HOSTS,
            on_project_deleted=self.on_deleted,
            authority="CERTIFICATE",
            clock=self.clock,
        )

    async def on_deleted(self, project):
        self.deleted.append(project)

    async def project(self, name="p"):
        await self.objects.create(NAMESPACE, "", {"metadata": {"name": name}}, SYSTEM)
        await self.provisioner.settle()

    def account(self, name, namespace="p"):
        return self.objects.get(SERVICE_ACCOUNT, namespace, name)

    def pull_secret(self, account):
        name = account["metadata"]["annotations"][pull_secrets.REFERENCE]
        return self.objects.get(SECRET, account["metadata"]["namespace"], name)

    def names(self, kind, namespace="p"):
        return [one["metadata"]["name"] for one in self.cache.list(kind.resource, namespace)]

    async def make(self, kind, name, namespace="p", **fields):
        metadata = fields.pop("metadata", {}) | {"name": name}
        return await self.objects.create(kind, namespace, {"metadata": metadata, **fields}, SYSTEM)


@pytest.fixture
async def world():
    world = World(await Cache.open(MemoryStore()), Clock())
    await bootstrap.bootstrap(world.objects)
    await world.provisioner.settle()
    return world


async def test_a_project_gets_accounts_bindings_and_secrets(world):
    await world.project()

    assert world.names(SERVICE_ACCOUNT) == ACCOUNTS
    assert world.names(ROLE_BINDING) == [
        "system:deployers",
        "system:image-builders",
        "system:image-pullers",
    ]
    for name in ACCOUNTS:
        account = world.account(name)
        secret = world.pull_secret(account)
        linked = [{"name": secret["metadata"]["name"]}]
        assert account["secrets"] == account["imagePullSecrets"] == linked
        assert secret["metadata"]["name"].startswith(f"{name}-dockercfg-")
        assert secret["type"] == "kubernetes.io/dockercfg"
        assert list(dockercfg.held(secret)) == [*HOSTS, "registry.test"]


async def test_the_accounts_have_their_rights_through_their_secrets(world):
    await world.project()

    def may(account, verb, namespace="p"):
        token = dockercfg.token(world.pull_secret(world.account(account)))
        subject = world.authenticator.bearer(token)
        access = Access(verb, "image.openshift.io", "imagestreams", "layers", namespace, "app")
        return world.authorizer.decide(subject, access).allowed

    assert [may(name, "get") for name in ACCOUNTS] == [True, True, True]
    assert [may(name, "update") for name in ACCOUNTS] == [True, False, False]
    assert not may("default", "get", "other")


async def test_nothing_is_written_once_all_is_well(world):
    await world.project()
    revision = world.cache.revision

    await world.start().settle()
    assert world.cache.revision == revision


async def test_what_is_deleted_comes_back(world):
    await world.project()
    await world.objects.delete(ROLE_BINDING, "p", "system:image-pullers", SYSTEM)
    await world.objects.delete(SERVICE_ACCOUNT, "p", "builder", SYSTEM)
    await world.provisioner.settle()

    assert world.names(SERVICE_ACCOUNT) == ACCOUNTS
    assert "system:image-pullers" in world.names(ROLE_BINDING)
    assert len(world.names(SECRET)) == 3


async def test_an_emptied_binding_stays_empty(world):
    await world.project()
    found = world.objects.get(ROLE_BINDING, "p", "system:image-pullers")
    emptied = {**found, "subjects": []}
    await world.objects.update(ROLE_BINDING, "p", "system:image-pullers", emptied, SYSTEM)
    await world.provisioner.settle()

    assert not world.objects.get(ROLE_BINDING, "p", "system:image-pullers").get("subjects")


async def test_a_deleted_pull_secret_is_made_again_and_its_token_is_void(world):
    await world.project()
    secret = world.pull_secret(world.account("default"))
    token = dockercfg.token(secret)
    await world.objects.delete(SECRET, "p", secret["metadata"]["name"], SYSTEM)
    with pytest.raises(NotProven):
        world.authenticator.bearer(token)
    await world.provisioner.settle()

    fresh = dockercfg.token(world.pull_secret(world.account("default")))
    assert world.authenticator.bearer(fresh).name == "system:serviceaccount:p:default"
    with pytest.raises(NotProven):
        world.authenticator.bearer(token)


async def test_tokens_are_renewed_well_before_they_end(world):
    await world.project()
    before = dockercfg.token(world.pull_secret(world.account("default")))
    world.clock.now += pull_secrets.LIFETIME * 0.6 - 1
    await world.provisioner.settle()
    assert dockercfg.token(world.pull_secret(world.account("default"))) == before

    world.clock.now += 2
    await world.provisioner.settle()
    after = dockercfg.token(world.pull_secret(world.account("default")))
    assert after != before
    assert world.authenticator.bearer(before)
    world.clock.now += pull_secrets.LIFETIME * 0.5
    await world.provisioner.settle()
    assert world.authenticator.bearer(after)


async def test_other_addresses_rewrite_the_secrets_and_keep_their_tokens(world):
    await world.project()
    before = dockercfg.token(world.pull_secret(world.account("default")))
    moved = Provisioner(
        world.objects,
        tokens=world.tokens,
        hosts=["new.test:5000"],
        on_project_deleted=world.on_deleted,
        clock=world.clock,
    )
    await moved.settle()

    secret = world.pull_secret(world.account("default"))
    assert list(dockercfg.held(secret)) == ["new.test:5000"]
    assert dockercfg.token(secret) == before


async def test_an_account_of_ones_own_gets_a_secret_and_keeps_its_links(world):
    await world.project()
    await world.make(SERVICE_ACCOUNT, "pusher", secrets=[{"name": "mine"}])
    await world.provisioner.settle()

    account = world.account("pusher")
    assert next(one["name"] for one in account["secrets"]) == "mine"
    assert len(account["secrets"]) == 2


class FaultyStore(MemoryStore):
    """Refuses every write but the next `left`."""

    left = 10**9

    async def commit(self, write):
        if self.left <= 0:
            raise StorageFull("cannot write")
        self.left -= 1
        return await super().commit(write)


async def test_a_crash_at_any_step_is_healed_by_the_next_start():
    steps = 0
    while True:
        store = FaultyStore()
        world = World(await Cache.open(store), Clock())
        await bootstrap.bootstrap(world.objects)
        await world.objects.create(NAMESPACE, "", {"metadata": {"name": "p"}}, SYSTEM)
        store.left = steps
        try:
            await world.start().settle()
            break
        except StorageFull:
            store.left = 10**9
        again = World(await Cache.open(store), Clock())
        await again.start().settle()

        assert again.names(SERVICE_ACCOUNT) == ACCOUNTS
        assert len(again.names(SECRET)) == 3
        for name in ACCOUNTS:
            token = dockercfg.token(again.pull_secret(again.account(name)))
            assert again.authenticator.bearer(token)
        steps += 1
    assert steps > 10


async def long_lived(world, account="default", name="t", **annotations):
    named = {"kubernetes.io/service-account.name": account, **annotations}
    return await world.make(
        SECRET,
        name,
        type="kubernetes.io/service-account-token",
        metadata={"annotations": named},
    )


def data(secret, key):
    return base64.b64decode(secret["data"][key]).decode()


async def test_a_token_secret_is_filled_and_revoked_by_its_deletion(world):
    await world.project()
    await long_lived(world)
    await world.provisioner.settle()

    secret = world.objects.get(SECRET, "p", "t")
    assert data(secret, "namespace") == "p"
    assert data(secret, "ca.crt") == "CERTIFICATE"
    token = data(secret, "token")
    world.clock.now += 10 * 365 * 24 * 3600
    assert world.authenticator.bearer(token).name == "system:serviceaccount:p:default"
    await world.objects.delete(SECRET, "p", "t", SYSTEM)
    with pytest.raises(NotProven):
        world.authenticator.bearer(token)


async def test_a_token_secret_goes_with_its_account_and_never_serves_a_new_one(world):
    await world.project()
    await long_lived(world)
    await world.provisioner.settle()
    token = data(world.objects.get(SECRET, "p", "t"), "token")
    await world.objects.delete(SERVICE_ACCOUNT, "p", "default", SYSTEM)
    await world.provisioner.settle()

    assert "t" not in world.names(SECRET)
    assert world.account("default")
    with pytest.raises(NotProven):
        world.authenticator.bearer(token)


async def test_a_token_secret_for_another_uid_or_nobody_is_removed(world):
    await world.project()
    await long_lived(world, name="a", **{"kubernetes.io/service-account.uid": "another"})
    await long_lived(world, name="b", account="nobody")
    await world.provisioner.settle()

    assert not {"a", "b"} & set(world.names(SECRET))


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


async def test_no_secret_stands_in_an_annotation_or_a_name(world):
    await world.project()
    tokens = [dockercfg.token(world.pull_secret(world.account(name))) for name in ACCOUNTS]
    metadata = json.dumps(
        [one["metadata"] for kind in ALL for one in world.cache.list(kind.resource)]
    )

    assert not any(token in metadata for token in tokens)


async def test_the_provisioner_runs_until_the_cache_ends(world):
    await world.objects.create(NAMESPACE, "", {"metadata": {"name": "p"}}, SYSTEM)
    world.cache.end_watches()
    await world.provisioner.run()

    assert world.names(SERVICE_ACCOUNT) == ACCOUNTS
