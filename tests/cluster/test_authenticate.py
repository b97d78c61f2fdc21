"""A credential is worth what it names, as that is at this moment (faults.md 38)."""

import json

import pytest

from wharfinger.cluster.authenticate import ACCOUNTS, SECRETS, Authenticator
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.passwords import Passwords
from wharfinger.cluster.proofs import (
    AccountProof,
    AnonymousProof,
    BoundSecret,
    NotProven,
    PasswordProof,
)
from wharfinger.cluster.sessions import SESSIONS, Sessions
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import ANONYMOUS
from wharfinger.cluster.tokens import REGISTRY_AUDIENCE, SigningKey, Tokens, administrator_token

KEY = SigningKey.generate()


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Line:
    def __init__(self, password):
        self.hash = self.fingerprint = f"hash of {password}"
        self.matches = lambda given: given == password


class File:
    def __init__(self):
        self.lines = {"ada": Line("secret")}

    def entries(self):
        return self.lines


class World:
    """An authenticator and all that it looks at."""

    def __init__(self, store, cache):
        self.store, self.cache = store, cache
        self.clock, self.file = Clock(), File()
        self.tokens = Tokens(KEY, clock=self.clock)
        self.sessions = Sessions(cache, clock=self.clock)
        self.authenticator = Authenticator(
            cache,
            tokens=self.tokens,
            sessions=self.sessions,
            passwords=Passwords(self.file, clock=self.clock),
        )

    async def put(self, resource, name, uid):
        value = json.dumps({"metadata": {"name": name, "namespace": "p", "uid": uid}}).encode()
        await self.cache.commit(Write(Key(resource, "p", name), value, 0))

    async def remove(self, resource, name):
        found = self.cache.get(resource, "p", name)
        revision = int(found["metadata"]["resourceVersion"])
        await self.cache.commit(Write(Key(resource, "p", name), None, revision))

    def account_token(self, secret=None, **options):
        proof = AccountProof("p", "pusher", "uid-1", secret)
        return self.tokens.issue(proof, **{"lifetime": 600} | options).token

    async def session(self):
        identity = await self.authenticator.log_in("ada", "secret")
        return (await self.sessions.start(identity.proof)).token


@pytest.fixture
async def world():
    store = MemoryStore()
    world = World(store, await Cache.open(store))
    await world.put(ACCOUNTS, "pusher", "uid-1")
    return world


async def test_an_account_token_gives_the_account_with_its_groups(world):
    subject = world.authenticator.bearer(world.account_token())

    assert subject.name == "system:serviceaccount:p:pusher"
    assert subject.uid == "uid-1"
    assert set(subject.groups) == {
        "system:serviceaccounts",
        "system:serviceaccounts:p",
        "system:authenticated",
    }


async def test_a_deleted_account_ends_its_tokens_and_a_new_one_does_not_revive_them(world):
    token = world.account_token()
    assert world.authenticator.bearer(token)

    await world.remove(ACCOUNTS, "pusher")
    with pytest.raises(NotProven, match="deleted"):
        world.authenticator.bearer(token)
    await world.put(ACCOUNTS, "pusher", "uid-2")
    with pytest.raises(NotProven, match="deleted"):
        world.authenticator.bearer(token)


async def test_a_bound_token_ends_with_its_secret(world):
    await world.put(SECRETS, "s", "uid-s")
    token = world.account_token(BoundSecret("s", "uid-s"), lifetime=None)
    assert world.authenticator.bearer(token)

    await world.remove(SECRETS, "s")
    await world.put(SECRETS, "s", "uid-t")
    with pytest.raises(NotProven, match="secret"):
        world.authenticator.bearer(token)


async def test_a_token_that_was_good_a_moment_ago_expires_on_time(world):
    token = world.account_token()
    assert world.authenticator.bearer(token)

    world.clock.now += 600
    with pytest.raises(NotProven, match="expired"):
        world.authenticator.bearer(token)


@pytest.mark.parametrize("audience", ["registry", "vault", "https://wharfinger/", ""])
async def test_a_token_for_another_audience_is_refused_by_the_object_api(world, audience):
    token = world.account_token(audiences=[audience])

    with pytest.raises(NotProven, match="audience"):
        world.authenticator.bearer(token)


async def test_the_registry_takes_platform_tokens_and_those_made_for_it(world):
    for audiences in ([], [REGISTRY_AUDIENCE]):
        grant = world.authenticator.registry_bearer(world.account_token(audiences=audiences))
        assert (grant.subject.uid, grant.access) == ("uid-1", None)
    with pytest.raises(NotProven):
        world.authenticator.registry_bearer(world.account_token(audiences=["vault"]))


async def test_a_registry_token_keeps_its_bound_and_opens_nothing_else(world):
    access = [{"type": "repository", "class": "", "name": "p/app", "actions": ["pull"]}]
    token = world.account_token(audiences=[REGISTRY_AUDIENCE], access=access)

    grant = world.authenticator.registry_bearer(token)
    assert grant.access == tuple(access)
    with pytest.raises(NotProven):
        world.authenticator.bearer(token)
    with pytest.raises(NotProven, match="registry only"):
        await world.authenticator.basic("any", token)


async def test_a_registry_token_ends_with_the_account_it_was_had_for(world):
    token = world.account_token(audiences=[REGISTRY_AUDIENCE], access=[])
    assert world.authenticator.registry_bearer(token)

    await world.remove(ACCOUNTS, "pusher")
    with pytest.raises(NotProven):
        world.authenticator.registry_bearer(token)


async def test_an_anonymous_registry_token_is_nobody(world):
    issued = world.tokens.issue(
        AnonymousProof(), audiences=[REGISTRY_AUDIENCE], lifetime=300, access=[]
    )
    grant = world.authenticator.registry_bearer(issued.token)
    assert grant.subject is ANONYMOUS


async def test_any_user_name_will_do_with_a_token_as_password(world):
    for name in ("unused", "serviceaccount", "<token>", ""):
        subject = await world.authenticator.basic(name, world.account_token())
        assert subject.name == "system:serviceaccount:p:pusher"
    session = await world.session()
    assert (await world.authenticator.basic("not-ada", session)).name == "ada"


async def test_a_user_is_in_the_groups_of_users(world):
    subject = await world.authenticator.basic("ada", "secret")

    assert subject.name == "ada"
    assert set(subject.groups) == {"system:authenticated", "system:authenticated:oauth"}


async def test_the_administrator_is_a_master(world):
    subject = world.authenticator.bearer(administrator_token(world.tokens))

    assert subject.name == "system:admin"
    assert "system:masters" in subject.groups


async def test_a_session_is_for_the_platform_and_no_other_audience(world):
    token = await world.session()

    assert world.authenticator.identify(token, (world.tokens.api_audience,)).subject.name == "ada"
    with pytest.raises(NotProven, match="audience"):
        world.authenticator.identify(token, ("vault",))


async def test_a_session_ends_at_logout_at_once(world):
    token = await world.session()
    assert (world.authenticator.bearer(token)).name == "ada"

    await world.sessions.end(token)
    with pytest.raises(NotProven, match="over"):
        world.authenticator.bearer(token)
    with pytest.raises(NotProven):
        await world.sessions.end(token)


async def test_a_session_ends_after_a_day_and_is_swept(world):
    token = await world.session()
    world.clock.now += 24 * 3600 - 1
    assert world.authenticator.bearer(token)

    world.clock.now += 1
    with pytest.raises(NotProven):
        world.authenticator.bearer(token)
    await world.sessions.sweep()
    assert not world.cache.list(SESSIONS)


async def test_a_changed_password_ends_sessions_and_registry_tokens(world):
    session = await world.session()
    proof = (await world.authenticator.credentials("ada", "secret")).proof
    assert isinstance(proof, PasswordProof)
    token = world.tokens.issue(proof, audiences=["registry"], lifetime=300, access=[]).token
    assert world.authenticator.registry_bearer(token)

    world.file.lines["ada"] = Line("changed")
    with pytest.raises(NotProven, match="password"):
        world.authenticator.bearer(session)
    with pytest.raises(NotProven, match="password"):
        world.authenticator.registry_bearer(token)


async def test_a_session_survives_a_restart_and_the_store_holds_no_token(world):
    token = await world.session()
    again = World(world.store, await Cache.open(world.store))
    kept = json.dumps(list(again.cache.list(SESSIONS)))

    assert (again.authenticator.bearer(token)).name == "ada"
    assert token not in kept
    assert token.removeprefix("sha256~") not in kept


@pytest.mark.parametrize("token", ["", "anonymous", "sha256~short", "sha256~" + "a" * 43, "\ud800"])
async def test_nonsense_proves_nobody(world, token):
    with pytest.raises(NotProven):
        world.authenticator.bearer(token)
    with pytest.raises(NotProven):
        world.authenticator.registry_bearer(token)
