"""
The recorded cases of the registry's access control.

Upstream asks a remote API who the caller is and what they may; we decide both in memory. So the
scripted answers of that API become an authenticator and an authorizer that say the same, and the
access records become the needs of our routes. A case that we decide otherwise on purpose is named
below with the reason.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.routing import Router

from wharfinger.cluster.authenticate import Grant, Identity
from wharfinger.cluster.authorize import Decision
from wharfinger.cluster.proofs import NotProven, PasswordProof
from wharfinger.cluster.subject import AUTHENTICATED, Subject
from wharfinger.cluster.tokens import SigningKey, Tokens
from wharfinger.errors import Unauthenticated, WharfingerError
from wharfinger.oci.names import RepositoryName
from wharfinger.registry import scope
from wharfinger.server import guard, oauth
from wharfinger.server.errors import ErrorEdge
from wharfinger.server.v2_policy import Need, Policy

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "registry_auth.json").read_text())

DIFFERENT = {
    "access-07": "an action that no route needs cannot be asked for: there is no such route",
    "d-three-part-name": "a repository may have more parts after its project",
    "d-pull-refused-with-push-same-repo": (
        "a push needs the right to push; every role that has it may pull too, and to ask for both "
        "would only hide which one is missing"
    ),
}
"""Cases that are decided otherwise, and why."""

DIFFERENT_OPERATIONS = {
    "verifyImageStreamAccess": "rights are decided in memory: no API stands between",
    "sarStatusText": "the text of a remote answer for a log; our decisions carry their own reason",
}
"""Operations that we have no use for, and why."""

DIFFERENT_REVIEWS = {
    ("repository", "delete"): (
        "whoever may delete the image stream may delete what is in it; the pruner may too"
    ),
}
"""Actions that stand on another right, and why."""

# Three differences run through many cases and are part of the translation:
# - a challenge is always Bearer with our token endpoint, as every client takes it, and a refused
#   caller who is known gets 403 or 404 instead of a challenge that would lead to the same refusal;
# - tokens are our own short-lived ones and never the platform token or the word "anonymous";
# - the catalog is filtered for each caller, so its scope is granted to everybody.

_NEEDS = {"pull": Need.PULL, "push": Need.PUSH, "delete": Need.DELETE}


def operation_of(case):
    return case["input"].get("op", "access")


def action_of(case):
    return (case["input"].get("type"), case["input"].get("action"))


def cases(operation):
    found = [
        case
        for case in CASES["cases"]
        if operation_of(case) == operation
        and case["id"] not in DIFFERENT
        and action_of(case) not in DIFFERENT_REVIEWS
    ]
    return pytest.mark.parametrize("case", found, ids=lambda case: case["id"])


class ScriptedAuthenticator:
    """Knows the caller if the first answer of the API does."""

    def __init__(self, api):
        self.user = api[0].get("user") if api and api[0]["status"] == 200 else None

    def registry_bearer(self, token):
        if self.user is None:
            raise NotProven("cannot use the token")
        return Grant(Subject(self.user, groups=(AUTHENTICATED,)), None)

    async def credentials(self, user, password, address=""):
        subject = self.registry_bearer(password).subject
        return Identity(subject, PasswordProof(subject.name, "entry"), None)


class ScriptedAuthorizer:
    """Answers as the reviews of the API do, by namespace."""

    def __init__(self, api):
        reviews = [answer["accessReview"] for answer in api if "accessReview" in answer]
        self.allowed = {review["namespace"] for review in reviews if review["allowed"]}

    def decide(self, subject, access):
        return Decision(access.namespace in self.allowed, "as scripted")


def request_with(authorization, api):
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    state = SimpleNamespace(authenticator=ScriptedAuthenticator(api))
    return Request(
        {
            "type": "http",
            "headers": headers,
            "client": ("192.0.2.7", 4711),
            "app": SimpleNamespace(state=state),
        }
    )


def check(policy, grant, records):
    """Do what the routes do for these records; return the repositories whose mount degrades."""
    pushed = {record["name"] for record in records if record["action"] == "push"}
    deferred = []
    if not records:
        policy.require_registry(grant, Need.LOGIN)
    for record in records:
        if record["type"] == "admin":
            continue  # the right to prune is one of those that a delete looks for
        name = RepositoryName.parse(record["name"])
        mounted = record["action"] == "pull" and pushed and record["name"] not in pushed
        if not mounted:
            policy.require(grant, _NEEDS[record["action"]], name, exists=True)
        elif not policy.may_pull(grant, name):
            deferred.append(record["name"])
    return deferred


@cases("access")
async def test_access_is_decided_as_recorded(case):
    given, expected = case["input"], case["expect"]
    request = request_with(given["authorization"], given["api"])
    policy = Policy(ScriptedAuthorizer(given["api"]), active=lambda _: True)
    if expected["error"] is None:
        grant = await guard.grant(request)
        assert check(policy, grant, given["access"]) == expected["deferredErrorsFor"]
        return

    with pytest.raises(WharfingerError) as refused:
        check(policy, await guard.grant(request), given["access"])
    if not expected["apiCalls"]:
        assert isinstance(refused.value, Unauthenticated)


@cases("accessToReview")
def test_actions_stand_on_the_recorded_rights(case):
    need = scope.NEEDS[action_of(case)][0]
    resource = f"{need.resource}/{need.subresource}".rstrip("/")
    assert {
        "verb": need.verb,
        "group": need.group,
        "resource": resource,
        "scope": "cluster" if need.clusterwide else "namespace",
    } == case["expect"]


@pytest.mark.parametrize("action", ["pull", "push"])
def test_the_token_endpoint_and_the_routes_ask_for_the_same_rights(action):
    asked = []

    class Recording:
        def decide(self, subject, access):
            asked.append(access)
            return Decision(True, "")

    name = RepositoryName.parse("job/api")
    grant = Grant(Subject("usr1", groups=(AUTHENTICATED,)), None)
    policy = Policy(Recording(), active=lambda _: True)
    policy.require(grant, _NEEDS[action], name, exists=True)
    oauth.granted_scopes(Recording(), grant.subject, scope.parse([f"repository:job/api:{action}"]))

    assert asked[0] == asked[1]


@cases("tokenEndpoint")
async def test_the_token_endpoint_answers_as_recorded(case, call):
    given, expected = case["input"], case["expect"]
    api = given.get("api", [])
    tokens = Tokens(SigningKey.generate())
    state = SimpleNamespace(
        authenticator=ScriptedAuthenticator(api),
        authorizer=ScriptedAuthorizer(api),
        tokens=tokens,
    )
    app = ErrorEdge(Router(oauth.ROUTES), {"openshift": oauth.error_body})
    query = "&".join(f"scope={one}" for one in given["scopes"])
    headers = {"authorization": given["authorization"]} if given["authorization"] else {}
    answer = await call(app, "GET", f"/openshift/token?{query}", headers=headers, state=state)

    assert answer.status == expected["status"]
    body = answer.json()
    if expected["status"] == 200:
        assert body["token"] == body["access_token"]
        assert tokens.read(body["token"]).audiences == ("registry",)
    elif expected["body"] and "details" in expected["body"]:
        assert body["details"] == expected["body"]["details"]


def test_every_case_is_run_or_named_as_different():
    run = {"access", "accessToReview", "tokenEndpoint"}

    assert {operation_of(case) for case in CASES["cases"]} <= run | set(DIFFERENT_OPERATIONS)
    assert set(DIFFERENT) <= {case["id"] for case in CASES["cases"]}
