"""A project is filled with accounts and their rights, and stays filled."""

from wharfinger.cluster import dockercfg
from wharfinger.cluster.authorize import Access
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.rbac import ROLE_BINDING
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.subject import SYSTEM

ACCOUNTS = ["builder", "default", "deployer"]


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
        assert list(dockercfg.held(secret)) == [*world.hosts, "registry.test"]


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
