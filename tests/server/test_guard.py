import base64

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from wharfinger.cluster.authorize import Access
from wharfinger.cluster.subject import AUTHENTICATED, OAUTH
from wharfinger.server import guard
from wharfinger.server.errors import ErrorEdge


def basic(text):
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


async def whoami(scope, receive, send):
    subject = await guard.subject(Request(scope))
    body = {"name": subject.name, "uid": subject.uid, "groups": subject.groups}
    await JSONResponse(body)(scope, receive, send)


@pytest.fixture
def who(call):
    async def ask(state, headers):
        return await call(ErrorEdge(whoami, {}), "GET", "/", headers=headers, state=state)

    return ask


async def test_nobody_is_anonymous(who, services):
    assert (await who(services(), {})).json()["name"] == "system:anonymous"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_bearer_token_proves_its_holder(who, services, scheme):
    answer = await who(services(tokens={"t": "ada"}), {"authorization": f"{scheme} t"})

    assert answer.json()["name"] == "ada"


async def test_a_password_may_hold_colons(who, services):
    assert (await who(services(), basic("ada:password:ada"))).json()["name"] == "ada"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": ""},
        {"authorization": "Digest x"},
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic /w=="},
        basic("ada"),
        basic("ada:"),
        basic("ada:wrong"),
        basic("ada\n:password:ada"),
    ],
)
async def test_a_proof_that_does_not_hold_is_never_taken_for_none(who, services, headers):
    assert (await who(services(tokens={"t": "ada"}), headers)).status == 401


async def test_the_rights_of_who_asks_are_required(call, services):
    access = Access("get", path="/metrics")

    async def guarded(scope, receive, send):
        subject = await guard.require(Request(scope), access)
        await JSONResponse(subject.name)(scope, receive, send)

    state = services(tokens={"t": "ada", "u": "bob"}, allowed=[("ada", access)])

    async def status(headers):
        app = ErrorEdge(guarded, {})
        return (await call(app, "GET", "/metrics", headers=headers, state=state)).status

    assert await status({"authorization": "Bearer t"}) == 200
    assert await status({"authorization": "Bearer u"}) == 403
    assert await status({}) == 401


IMPERSONATE_BOB = Access("impersonate", "", "users", name="bob")


async def test_who_may_put_on_a_user_is_answered_as_that_user(who, services):
    state = services(tokens={"t": "ada"}, allowed=[("ada", IMPERSONATE_BOB)])

    answer = await who(state, {"authorization": "Bearer t", "Impersonate-User": "bob"})

    assert answer.json() == {"name": "bob", "uid": "", "groups": [AUTHENTICATED]}


async def test_who_may_not_put_on_a_user_is_refused(who, services):
    state = services(tokens={"t": "ada"})

    answer = await who(state, {"authorization": "Bearer t", "Impersonate-User": "bob"})

    assert answer.status == 403


@pytest.mark.parametrize(
    "header",
    [
        {"Impersonate-Group": "system:masters"},
        {"Impersonate-Uid": "1"},
        {"Impersonate-Extra-scopes": "all"},
    ],
)
async def test_each_group_uid_and_extra_needs_a_right_of_its_own(who, services, header):
    state = services(tokens={"t": "ada"}, allowed=[("ada", IMPERSONATE_BOB)])
    headers = {"authorization": "Bearer t", "Impersonate-User": "bob"} | header

    assert (await who(state, headers)).status == 403


async def test_a_group_without_a_user_is_refused(who, services):
    headers = {"authorization": "Bearer t", "Impersonate-Group": "system:masters"}

    assert (await who(services(tokens={"t": "ada"}), headers)).status == 400


async def test_a_service_account_is_put_on_with_its_groups(who, services):
    access = Access("impersonate", "", "serviceaccounts", namespace="team", name="builder")
    state = services(tokens={"t": "ada"}, allowed=[("ada", access)])
    name = "system:serviceaccount:team:builder"

    answer = await who(state, {"authorization": "Bearer t", "Impersonate-User": name})

    assert "system:serviceaccounts:team" in answer.json()["groups"]
    assert OAUTH not in answer.json()["groups"]


async def test_the_refusal_is_worded_as_by_kubernetes(who, services):
    state = services(tokens={"t": "ada"})

    answer = await who(state, {"authorization": "Bearer t", "Impersonate-User": "bob"})

    assert answer.json()["detail"] == (
        'users "bob" is forbidden: User "ada" cannot impersonate resource "users" '
        'in API group "" at the cluster scope'
    )
