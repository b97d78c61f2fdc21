"""Long-lived tokens, on request and until their secret is deleted."""

import base64

import pytest

from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.proofs import NotProven
from wharfinger.cluster.subject import SYSTEM


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
