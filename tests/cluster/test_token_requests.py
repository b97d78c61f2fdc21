"""Tokens of service accounts on request, and what a review says of them."""

import base64

import pytest

from wharfinger.cluster.errors import (
    ObjectConflict,
    ObjectInvalid,
    ObjectNotFound,
)
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.options import Options
from wharfinger.cluster.proofs import NotProven
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.tokens import ISSUER


async def account(world, name="pusher", namespace="default"):
    return await world.objects.create(
        SERVICE_ACCOUNT, namespace, {"metadata": {"name": name}}, SYSTEM
    )


async def token(world, name="pusher", **spec):
    endpoint = world.endpoints["serviceaccounts/token"]
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return await endpoint.create(world.ada, "default", name, request, Options())


async def test_a_requested_token_proves_its_account_for_an_hour(world):
    await account(world)
    answer = await token(world, audiences=None)

    assert answer["spec"]["audiences"] == [ISSUER]
    assert answer["status"]["expirationTimestamp"] == "2027-01-15T09:00:00Z"
    proven = world.authenticator.bearer(answer["status"]["token"])
    assert proven.name == "system:serviceaccount:default:pusher"
    world.clock.now += 3600
    with pytest.raises(NotProven):
        world.authenticator.bearer(answer["status"]["token"])


async def test_a_token_of_a_deleted_and_remade_account_is_void(world):
    await account(world)
    issued = (await token(world))["status"]["token"]
    await world.objects.delete(SERVICE_ACCOUNT, "default", "pusher", SYSTEM)
    await account(world)

    with pytest.raises(NotProven):
        world.authenticator.bearer(issued)
    with pytest.raises(ObjectNotFound):
        await token(world, "nobody")


async def test_a_token_may_be_bound_to_a_secret(world):
    await account(world)
    secret = await world.objects.create(SECRET, "default", {"metadata": {"name": "s"}}, SYSTEM)
    ref = {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": secret["metadata"]["uid"]}
    issued = (await token(world, boundObjectRef=ref))["status"]["token"]
    assert world.authenticator.bearer(issued)
    await world.objects.delete(SECRET, "default", "s", SYSTEM)

    with pytest.raises(NotProven):
        world.authenticator.bearer(issued)
    with pytest.raises(ObjectNotFound):
        await token(world, boundObjectRef=ref)
    await world.objects.create(SECRET, "default", {"metadata": {"name": "s"}}, SYSTEM)
    with pytest.raises(ObjectConflict):
        await token(world, boundObjectRef=ref)
    with pytest.raises(ObjectInvalid):
        await token(world, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "x"})


async def test_a_dry_run_gives_no_token(world):
    await account(world)
    answer = await world.ask(
        "serviceaccounts/token", {}, namespace="default", name="pusher", dry_run=True
    )
    assert answer["status"]["token"] == ""


async def test_a_token_review_says_whom_a_token_proves(world):
    await account(world)
    issued = (await token(world, audiences=["vault", "registry"]))["status"]["token"]
    refused = await world.ask("tokenreviews", {"token": issued})
    assert refused["status"]["authenticated"] is False
    assert "audience" in refused["status"]["error"]

    spec = {"token": issued, "audiences": ["vault", "else"]}
    good = await world.ask("tokenreviews", spec)
    assert good["status"]["authenticated"] is True
    assert good["status"]["audiences"] == ["vault"]
    assert good["status"]["user"]["username"] == "system:serviceaccount:default:pusher"
    nonsense = await world.ask("tokenreviews", {"token": base64.b64encode(b"x").decode()})
    assert nonsense["status"]["authenticated"] is False
