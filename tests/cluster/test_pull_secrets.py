"""Every account has a login to the registry that renews itself."""

import json

import pytest

from wharfinger.cluster import dockercfg, pull_secrets
from wharfinger.cluster.kinds import ALL
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.proofs import NotProven
from wharfinger.cluster.subject import SYSTEM


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
    moved = world.start(hosts=["new.test:5000"])
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


async def test_no_secret_stands_in_an_annotation_or_a_name(world):
    await world.project()
    tokens = [
        dockercfg.token(world.pull_secret(world.account(name)))
        for name in world.names(SERVICE_ACCOUNT)
    ]
    metadata = json.dumps(
        [one["metadata"] for kind in ALL for one in world.cache.list(kind.resource)]
    )

    assert not any(token in metadata for token in tokens)


async def annotated(world, **annotations):
    account = world.account("default")
    changed = {**account, "metadata": {**account["metadata"], "annotations": annotations}}
    await world.objects.update(SERVICE_ACCOUNT, "p", "default", changed, SYSTEM)
    await world.provisioner.settle()


@pytest.mark.parametrize("name", ["theirs", "Not a name", "../x", ""])
async def test_a_name_that_leads_elsewhere_is_not_followed(world, name):
    await world.project()
    theirs = await world.make(SECRET, "theirs", stringData={"key": "value"})
    await annotated(world, **{pull_secrets.REFERENCE: name})

    assert world.objects.get(SECRET, "p", "theirs") == theirs
    assert dockercfg.token(world.pull_secret(world.account("default")))


async def test_an_account_that_has_no_room_stops_nothing_else(world):
    await world.project()
    await world.make(
        SERVICE_ACCOUNT, "full", metadata={"annotations": {"own.test/all": "x" * 262_132}}
    )
    await world.provisioner.settle()
    await world.make(SERVICE_ACCOUNT, "next")
    await world.provisioner.settle()

    assert pull_secrets.REFERENCE not in world.account("full")["metadata"]["annotations"]
    assert dockercfg.token(world.pull_secret(world.account("next")))


async def test_the_longest_names_of_accounts_give_names_of_secrets(world):
    await world.project()
    name = "a" * 199 + ".b"
    await world.make(SERVICE_ACCOUNT, name)
    await world.provisioner.settle()

    assert dockercfg.token(world.pull_secret(world.account(name)))
