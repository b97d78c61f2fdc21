"""Sessions as objects: to be seen by their users, and ended by who has them."""

import base64
import hashlib

import pytest

from wharfinger.cluster.errors import ObjectConflict, ObjectNotFound
from wharfinger.cluster.openshift import access_tokens
from wharfinger.cluster.options import DeleteOptions, ListOptions, WatchOptions
from wharfinger.cluster.proofs import PasswordProof
from wharfinger.cluster.subject import SYSTEM


@pytest.fixture
async def started(world):
    """The tokens of two sessions of ada and one of bob."""
    sessions = world.authenticator.sessions
    return [
        (await sessions.start(PasswordProof(user, "entry"))).token for user in ("ada", "ada", "bob")
    ]


def named(token):
    """As `oc logout` names a token."""
    secret = token.removeprefix("sha256~").encode()
    hashed = base64.urlsafe_b64encode(hashlib.sha256(secret).digest()).decode()
    return "sha256~" + hashed.rstrip("=")


def shown(page):
    return {one["metadata"]["name"] for one in page.items}


async def test_each_sees_their_own_and_an_administrator_all(world, started):
    own, every = (world.endpoints[f"{who}oauthaccesstokens"] for who in ("user", ""))

    assert shown(await own.list(world.ada, None, ListOptions())) == set(map(named, started[:2]))
    assert shown(await own.list(world.bob, None, ListOptions())) == {named(started[2])}
    assert shown(await every.list(SYSTEM, None, ListOptions())) == set(map(named, started))
    with pytest.raises(ObjectNotFound):
        await own.get(world.bob, "", named(started[0]))


async def test_sessions_come_in_pages(world, started):
    every = world.endpoints["oauthaccesstokens"]
    names, token = [], ""
    for _ in started:
        page = await every.list(SYSTEM, None, ListOptions(limit=1, continue_token=token))
        names += shown(page)
        token = page.continue_token

    assert (set(names), token) == (set(map(named, started)), "")


async def test_a_token_is_not_in_what_is_shown(world, started):
    found = await world.endpoints["useroauthaccesstokens"].get(world.ada, "", named(started[0]))

    assert (found["kind"], found["userName"]) == ("UserOAuthAccessToken", "ada")
    assert (found["expiresIn"], found["scopes"]) == (86400, ["user:full"])
    assert found["metadata"]["creationTimestamp"] == "2027-01-15T08:00:00Z"
    for token in started:
        assert token.removeprefix("sha256~") not in str(found)


@pytest.mark.parametrize("by", [named, str])
async def test_logout_ends_a_session_by_its_name_or_by_its_token(world, started, by):
    every = world.endpoints["oauthaccesstokens"]
    deletion = await every.delete(world.ada, "", by(started[0]), DeleteOptions())

    assert deletion.removed
    left = await every.list(SYSTEM, None, ListOptions())
    assert shown(left) == set(map(named, started[1:]))
    with pytest.raises(ObjectNotFound):
        await every.delete(world.ada, "", by(started[0]), DeleteOptions())


async def test_nobody_ends_the_session_of_another_by_its_name(world, started):
    every = world.endpoints["oauthaccesstokens"]
    with pytest.raises(ObjectNotFound):
        await every.delete(world.bob, "", named(started[0]), DeleteOptions())
    await every.delete(SYSTEM, "", named(started[0]), DeleteOptions())

    assert len((await every.list(SYSTEM, None, ListOptions())).items) == 2


async def test_a_deletion_may_be_rehearsed_or_bound_to_a_version(world, started):
    every = world.endpoints["oauthaccesstokens"]
    await every.delete(world.ada, "", named(started[0]), DeleteOptions(dry_run=True))
    for stale in (DeleteOptions(uid="other"), DeleteOptions(resource_version="1")):
        with pytest.raises(ObjectConflict):
            await every.delete(world.ada, "", named(started[0]), stale)

    assert len((await every.list(SYSTEM, None, ListOptions())).items) == 3


async def test_a_watch_tells_of_ones_own_sessions_alone(world, started):
    own = world.endpoints["useroauthaccesstokens"]
    feed = await own.watch(world.ada, None, WatchOptions(bookmarks=True, initial_events=True))
    events = list(await feed.batch(within=5))
    assert [event.type for event in events] == ["ADDED", "ADDED", "BOOKMARK"]
    assert {event.object["kind"] for event in events} == {"UserOAuthAccessToken"}

    every = world.endpoints["oauthaccesstokens"]
    for subject, token in ((world.bob, started[2]), (world.ada, started[0])):
        await every.delete(subject, "", named(token), DeleteOptions())
    (event,) = await feed.batch(within=5)
    assert (event.type, event.object["metadata"]["name"]) == ("DELETED", named(started[0]))


@pytest.mark.parametrize("name", ["", "x", "sha256~", "sha256~!", "sha256~é", "sha256~" + "a" * 42])
async def test_what_names_no_session_is_not_found(world, name):
    with pytest.raises(ObjectNotFound):
        await world.endpoints["oauthaccesstokens"].get(SYSTEM, "", name)


def test_a_name_and_a_hash_are_one_to_one():
    digest = hashlib.sha256(b"x").hexdigest()

    assert access_tokens.hash_of(access_tokens.name_of(digest)) == digest
