"""Docker's token protocol and the sessions of people, over what proves and decides for real."""

import base64
import json
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
from starlette.routing import Router

from wharfinger.cluster.authenticate import ACCOUNTS, Authenticator
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kinds import openshift as kinds
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.openshift.codes import Codes, challenge_of
from wharfinger.cluster.passwords import GUESSES, Passwords
from wharfinger.cluster.proofs import AccountProof, NotProven
from wharfinger.cluster.rbac import CLUSTER_ROLES, ROLE_BINDINGS, RbacAuthorizer
from wharfinger.cluster.sessions import Sessions
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import ANONYMOUS, UNAUTHENTICATED
from wharfinger.cluster.tokens import SigningKey, Tokens, administrator_token
from wharfinger.oci.names import RepositoryName
from wharfinger.server import oauth
from wharfinger.server.addresses import Addresses
from wharfinger.server.errors import ErrorEdge
from wharfinger.server.settings import Listen
from wharfinger.server.v2_policy import Need, good_for

KEY = SigningKey.generate()
IMAGES = "image.openshift.io"
APP = ErrorEdge(
    Router(oauth.ROUTES), dict.fromkeys(("oauth", "openshift", ".well-known"), oauth.error_body)
)


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Line:
    def __init__(self, password):
        self.hash = self.fingerprint = f"hash of {password}"
        self.matches = lambda given: given == password


class World:
    def __init__(self, cache, call):
        self.cache, self._call = cache, call
        self.clock = Clock()
        self.lines = {"ada": Line("secret")}
        self.tokens = Tokens(KEY, clock=self.clock)
        self.sessions = Sessions(cache, clock=self.clock)
        self.codes = Codes(clock=self.clock)
        self.authorizer = RbacAuthorizer(cache)
        self.authenticator = Authenticator(
            cache,
            tokens=self.tokens,
            sessions=self.sessions,
            passwords=Passwords(self, clock=self.clock),
        )
        self.objects = Objects(cache)
        self.addresses = Addresses(Listen("127.0.0.1", 5000), "https", ("registry.test",))

    def entries(self):
        return self.lines

    async def put(self, resource, name, namespace="", **fields):
        metadata = {"name": name, "namespace": namespace, "uid": f"uid of {name}"}
        value = json.dumps({"metadata": metadata, **fields}).encode()
        await self.cache.commit(Write(Key(resource, namespace, name), value, 0))

    async def grant(self, namespace, subject, *verbs):
        """Let a subject do these verbs on the layers of a project."""
        rule = {"apiGroups": [IMAGES], "resources": ["imagestreams/layers"], "verbs": list(verbs)}
        name = f"grant-{self.cache.revision}"
        await self.put(CLUSTER_ROLES, name, rules=[rule])
        ref = {"kind": "ClusterRole", "name": name}
        await self.put(ROLE_BINDINGS, name, namespace, roleRef=ref, subjects=[subject])

    async def account_token(self, name="pusher", **options):
        await self.put(ACCOUNTS, name, "p")
        proof = AccountProof("p", name, f"uid of {name}")
        return self.tokens.issue(proof, **{"lifetime": 3600} | options).token

    async def call(self, method, target, **options):
        return await self._call(APP, method, target, state=self, **options)

    async def get(self, *scopes, headers=None, path="/oauth/token"):
        query = urlencode([("service", "registry"), *(("scope", scope) for scope in scopes)])
        return await self.call("GET", f"{path}?{query}", headers=headers)

    async def post(self, **form):
        return await self.call("POST", "/oauth/token", body=urlencode(form).encode())

    def grant_of(self, answer):
        return self.authenticator.registry_bearer(answer.json()["token"])

    def good_for(self, answer, name, *needs):
        found = self.grant_of(answer)
        return [good_for(found, need, RepositoryName.parse(name)) for need in needs]


USER = {"kind": "User", "name": "ada"}


def basic(user, password):
    text = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {text}"}


@pytest.fixture
async def world(call):
    return World(await Cache.open(MemoryStore()), call)


async def test_nobody_gets_a_token_for_nobody(world):
    answer = await world.get()

    assert answer.status == 200
    assert answer.json()["token"] == answer.json()["access_token"]
    assert answer.json()["expires_in"] == 300
    assert answer.json()["issued_at"] == "2027-01-15T08:00:00Z"
    assert answer.headers["cache-control"] == "no-store"
    assert world.grant_of(answer).subject is ANONYMOUS


async def test_a_password_gives_a_token_for_what_was_asked_and_is_allowed(world):
    await world.grant("p", USER, "get")
    answer = await world.get("repository:p/app:pull,push", headers=basic("ada", "secret"))

    assert world.grant_of(answer).subject.name == "ada"
    assert world.good_for(answer, "p/app", Need.PULL, Need.PUSH) == [True, False]
    assert world.good_for(answer, "p/other", Need.PULL) == [False]


async def test_a_scope_of_one_repository_opens_no_other(world):
    await world.grant("p", USER, "get", "update")
    answer = await world.get(
        "repository:p/a:pull repository:p/b:push", headers=basic("ada", "secret")
    )

    assert world.good_for(answer, "p/a", Need.PULL, Need.PUSH) == [True, False]
    assert world.good_for(answer, "p/b", Need.PULL, Need.PUSH) == [False, True]


@pytest.mark.parametrize(
    "scope",
    [
        "repository:p/app:*",
        "repository(plugin):p/app:pull,push,delete,admin",
        "repository:q/app:pull,push",
        "registry:catalog:* repository:p/app:delete",
        "admin:x:prune",
        "metrics:x:get",
        "repository:p/app:pull:push",
    ],
)
async def test_no_scope_gives_more_than_the_role(world, scope):
    await world.grant("p", USER, "get")
    answer = await world.get(scope, headers=basic("ada", "secret"))
    granted = [
        (entry["name"], action)
        for entry in world.grant_of(answer).access
        for action in entry["actions"]
        if entry["type"] != "registry"
    ]
    assert granted in ([], [("p/app", "pull")])


async def test_a_star_stands_for_the_actions_that_are_allowed(world):
    await world.grant("p", USER, "get", "update")
    answer = await world.get("repository:p/app:*", headers=basic("ada", "secret"))

    needs = (Need.PULL, Need.PUSH, Need.DELETE)
    assert world.good_for(answer, "p/app", *needs) == [True, True, False]


async def test_anonymous_pull_works_only_after_the_grant(world):
    before = await world.get("repository:p/app:pull")
    await world.grant("p", {"kind": "Group", "name": UNAUTHENTICATED}, "get")
    after = await world.get("repository:p/app:pull")

    assert world.good_for(before, "p/app", Need.PULL) == [False]
    assert world.good_for(after, "p/app", Need.PULL) == [True]


@pytest.mark.parametrize("path", ["/oauth/token", "/openshift/token"])
async def test_any_user_name_will_do_with_a_token(world, path):
    token = await world.account_token()
    answer = await world.get(headers=basic("unused", token), path=path)

    assert world.grant_of(answer).subject.name == "system:serviceaccount:p:pusher"


async def test_a_registry_token_does_not_outlive_its_credential(world):
    token = await world.account_token(lifetime=60)
    answer = await world.get(headers=basic("unused", token))

    assert answer.json()["expires_in"] == 60


async def test_a_registry_token_ends_after_five_minutes(world):
    answer = await world.get(headers=basic("ada", "secret"))
    world.clock.now += 300

    with pytest.raises(NotProven):
        world.grant_of(answer)


async def test_a_registry_token_renews_nothing(world):
    token = (await world.get(headers=basic("ada", "secret"))).json()["token"]

    assert (await world.get(headers=basic("ada", token))).status == 401
    assert (await world.post(grant_type="refresh_token", refresh_token=token)).status == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer token",
        "Basic",
        "Basic !",
        "Basic YWRh",
        "Basic YWRhOg==",
        "Negotiate abc",
        "Basic " + base64.b64encode(b"ada:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:secret").decode(),
        "Basic " + base64.b64encode(b"ada:a.b.c").decode(),
    ],
)
async def test_credentials_that_do_not_hold_are_never_taken_for_none(world, authorization):
    answer = await world.get(headers={"authorization": authorization})

    assert answer.status == 401
    assert "token" not in answer.json()
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"


async def test_a_wrong_password_and_an_unknown_user_are_answered_alike(world):
    wrong = await world.get(headers=basic("ada", "wrong"))
    unknown = await world.get(headers=basic("nobody", "wrong"))

    assert (wrong.status, wrong.body) == (unknown.status, unknown.body)


async def test_a_repository_outside_a_project_is_refused_in_openshifts_words(world):
    answer = await world.get("repository:job:pull")

    assert answer.status == 401
    assert answer.json()["details"] == (
        'repository name "job" is invalid: it must be of the format <project>/<name>'
    )


async def test_guessing_is_slowed_down(world):
    for number in range(GUESSES):
        assert (await world.get(headers=basic("ada", f"guess{number}"))).status == 401
    answer = await world.get(headers=basic("ada", "secret"))

    assert answer.status == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_a_form_gives_a_token_too(world):
    await world.grant("p", USER, "get")
    answer = await world.post(
        grant_type="password",
        username="ada",
        password="secret",
        service="registry",
        client_id="containerd",
        scope="repository:p/app:pull,push",
    )

    assert answer.json()["scope"] == "repository:p/app:pull"
    assert world.good_for(answer, "p/app", Need.PULL) == [True]
    assert "refresh_token" not in answer.json()


async def test_offline_access_gives_a_session_in_place_of_the_password(world):
    form = {"grant_type": "password", "username": "ada", "password": "secret"}
    refresh = (await world.post(**form, access_type="offline")).json()["refresh_token"]
    assert "secret" not in refresh
    answer = await world.post(grant_type="refresh_token", refresh_token=refresh)

    assert world.grant_of(answer).subject.name == "ada"
    assert answer.json()["refresh_token"] == refresh


async def test_offline_access_with_a_token_gives_that_token_back(world):
    token = await world.account_token()
    form = {"grant_type": "password", "username": "x", "password": token}

    assert (await world.post(**form, access_type="offline")).json()["refresh_token"] == token


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "client_credentials"},
        {"grant_type": "password", "username": "ada"},
        {"grant_type": "password", "username": "ada", "password": ""},
        {"grant_type": "refresh_token"},
        {f"field{number}": "x" for number in range(200)},
    ],
)
async def test_a_form_that_asks_for_nothing_we_know_is_refused(world, form):
    answer = await world.post(**form)

    assert answer.status == 400
    assert answer.json()["error"] == "invalid_request"


async def test_a_form_that_is_no_text_is_refused(world):
    assert (await world.call("POST", "/oauth/token", body=b"\xff\xfe")).status == 400


IMPLICIT = "https://127.0.0.1:5000/oauth/token/implicit"
VERIFIER = "only who asks knows this"
CODE = {
    "client_id": "openshift-challenging-client",
    "response_type": "code",
    "redirect_uri": IMPLICIT,
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


async def authorize(world, headers, **query):
    query = urlencode({"client_id": "openshift-challenging-client"} | query)
    return await world.call("GET", f"/oauth/authorize?{query}", headers=headers)


async def redeem(world, code, form=()):
    grant = {"grant_type": "authorization_code", "redirect_uri": IMPLICIT, "code": code}
    return await world.post(**grant | {"code_verifier": VERIFIER} | dict(form))


async def code_for(world, **query):
    """Log in as `oc login` does; the code is in the address that the answer names."""
    headers = {"x-csrf-token": "1"} | basic("ada", "secret")
    target = urlsplit((await authorize(world, headers, **CODE | query)).headers["location"])
    assert target._replace(query="").geturl() == IMPLICIT
    return parse_qs(target.query)


async def test_oc_login_is_challenged_and_gets_a_session_for_a_code(world):
    challenged = await authorize(world, {"x-csrf-token": "1"}, **CODE)
    assert challenged.status == 401
    assert challenged.headers["www-authenticate"].startswith("Basic ")

    carried = await code_for(world, state="kept as it is &")
    assert carried["state"] == ["kept as it is &"]
    answer = await redeem(world, carried["code"][0])

    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert (found["token_type"], found["scope"]) == ("Bearer", "user:full")
    assert found["expires_in"] == 86400
    assert "error" not in found
    assert world.authenticator.bearer(found["access_token"]).name == "ada"


async def test_a_code_is_good_once_and_for_its_asker(world):
    (code,) = (await code_for(world))["code"]
    assert (await redeem(world, code)).status == 200
    (stolen,) = (await code_for(world))["code"]

    for spent, form in ((code, {}), (stolen, {"code_verifier": "guessed"}), ("guessed", {})):
        answer = await redeem(world, spent, form)
        assert (answer.status, answer.json()["error"]) == (401, "invalid_grant")


@pytest.mark.parametrize("missing", ["code", "code_verifier", "redirect_uri"])
async def test_a_code_is_redeemed_with_all_that_belongs_to_it(world, missing):
    (code,) = (await code_for(world))["code"]

    assert (await redeem(world, code, {missing: ""})).status == 400


async def test_a_password_that_changed_meanwhile_ends_the_login(world):
    (code,) = (await code_for(world))["code"]
    world.lines["ada"] = Line("changed")
    token = (await redeem(world, code)).json()["access_token"]

    with pytest.raises(NotProven):
        world.authenticator.bearer(token)


@pytest.mark.parametrize(
    "query",
    [
        {"response_type": "id_token"},
        {"code_challenge": ""},
        {"code_challenge": "guessed"},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"redirect_uri": "https://evil.test/oauth/token/implicit"},
        {"redirect_uri": f"{IMPLICIT}/elsewhere"},
        {"redirect_uri": ""},
    ],
)
async def test_a_login_that_is_not_safe_is_refused_before_a_password_is_asked_for(world, query):
    for who in ({}, basic("ada", "secret")):
        answer = await authorize(world, {"x-csrf-token": "1"} | who, **CODE | query)

        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
        assert not {"location", "www-authenticate"} & set(answer.headers)


async def test_clients_from_before_codes_get_the_token_itself(world):
    plain = {"x-csrf-token": "1"}
    assert (await authorize(world, plain, response_type="token")).status == 401

    answer = await authorize(world, plain | basic("ada", "secret"), response_type="token")
    assert answer.status == 302
    target = urlsplit(answer.headers["location"])
    assert target._replace(fragment="").geturl() == IMPLICIT
    fragment = parse_qs(target.fragment)
    assert fragment["expires_in"] == ["86400"]
    assert world.authenticator.bearer(fragment["access_token"][0]).name == "ada"


async def test_who_logs_in_is_kept_as_a_user_with_an_identity(world):
    for _ in range(2):
        await authorize(world, {"x-csrf-token": "1"} | basic("ada", "secret"), **CODE)
    await authorize(world, {"x-csrf-token": "1"} | basic("bob", "wrong"), **CODE)

    (user,) = world.cache.list(kinds.USER.resource)
    (identity,) = world.cache.list(kinds.IDENTITY.resource)
    assert (user["metadata"]["name"], user["identities"]) == ("ada", ["htpasswd:ada"])
    assert identity["user"] == {"name": "ada", "uid": user["metadata"]["uid"]}


async def test_a_browser_is_never_challenged(world):
    for kind in ("code", "token"):
        answer = await authorize(world, basic("ada", "secret"), **CODE | {"response_type": kind})

        assert answer.status == 400
        assert "www-authenticate" not in answer.headers


async def test_who_looks_for_a_token_in_a_browser_is_led_to_the_page(world):
    answer = await world.call("GET", "/oauth/token/request")

    assert answer.status == 307
    assert urljoin("/oauth/token/request", answer.headers["location"]) == "/console/"


async def test_a_session_needs_a_password_and_no_token(world):
    token = await world.account_token()
    for headers in ({}, basic("ada", token), basic("ada", "wrong")):
        assert (await world.call("POST", "/oauth/session", headers=headers)).status == 401


@pytest.mark.parametrize("end", [("DELETE", "/oauth/session"), ("POST", "/oauth/logout")])
async def test_logout_ends_a_session_and_the_registry_tokens_had_for_it(world, end):
    started = await world.call("POST", "/oauth/session", headers=basic("ada", "secret"))
    assert started.status == 201
    token = started.json()["token"]
    registry = await world.get(headers=basic("any", token))
    assert world.grant_of(registry)

    bearer = {"authorization": f"Bearer {token}"}
    assert (await world.call(*end, headers=bearer)).status == 204
    assert (await world.call(*end, headers=bearer)).status == 401
    assert (await world.call(*end)).status == 401
    with pytest.raises(NotProven):
        world.grant_of(registry)
    with pytest.raises(NotProven):
        world.authenticator.bearer(token)


async def test_the_administrator_may_log_in_to_the_registry(world):
    token = administrator_token(world.tokens)
    answer = await world.get("repository:p/app:*", headers=basic("admin", token))

    needs = (Need.PULL, Need.PUSH, Need.DELETE)
    assert world.good_for(answer, "p/app", *needs) == [True, True, True]


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("registry.test:5000", "https://registry.test:5000"),
        ("evil.test", "https://127.0.0.1:5000"),
        ("registry.test@evil.test", "https://127.0.0.1:5000"),
    ],
)
async def test_clients_are_sent_to_names_of_our_own_only(world, host, base):
    found = (await world.call("GET", oauth.DISCOVERY, headers={"host": host})).json()

    assert found["authorization_endpoint"] == f"{base}/oauth/authorize"
    assert found["token_endpoint"] == f"{base}/oauth/token"
    login = basic("ada", "secret") | {"x-csrf-token": "1", "host": host}
    ours = CODE | {"redirect_uri": f"{base}/oauth/token/implicit"}
    for query in (ours, {"response_type": "token"}):
        answer = await authorize(world, login, **query)
        assert answer.headers["location"].startswith(f"{base}/oauth/token/implicit")
