"""
Tokens for clients: the registry's own for `docker`, sessions for people who log in.

    GET, POST  /oauth/token      registry token (also /openshift/token): docker's token protocol;
                                 session for a code
    GET        /oauth/authorize  code for a session, for user and password, as `oc login` asks for it
    POST       /oauth/session    the same in plain JSON
    DELETE     /oauth/session    end the session of the bearer (also POST /oauth/logout)

A registry token lives five minutes, repeats the proof it was had for and says what it is good for
at most: what was asked for, less what its holder may not do at this moment. Whoever sends no
credentials gets a token for nobody; wrong ones are refused and never taken for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope as Connection

from wharfinger.cluster.authenticate import Identity
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.openshift import codes, users
from wharfinger.cluster.proofs import AnonymousProof, PasswordProof
from wharfinger.cluster.subject import ANONYMOUS, Subject
from wharfinger.cluster.tokens import REGISTRY_AUDIENCE, Issued
from wharfinger.errors import BadInput, Unauthenticated, WharfingerError
from wharfinger.registry import scope
from wharfinger.registry.scope import NEEDS, REPOSITORY, BadScope, Need, Scope
from wharfinger.server import errors, guard
from wharfinger.server.state import Services

LIFETIME = 300
DISCOVERY = "/.well-known/oauth-authorization-server"
_EVERY_ACTION = ("pull", "push", "delete")
_CATALOG = Scope("registry", "catalog", "*")
_NOBODY = Identity(ANONYMOUS, AnonymousProof(), None)
_NO_STORE = {"cache-control": "no-store"}
_CHALLENGE = {"www-authenticate": 'Basic realm="wharfinger"'}
_BEARER = {"token_type": "Bearer", "scope": "user:full"}
_MOST_FIELDS = 100


class BadGrant(BadInput):
    """A form that asks for a token in no way that we know."""

    code = "bad-grant"


class NeedsPassword(Unauthenticated):
    code = "needs-password"


async def get_token(request: Request) -> Response:
    """A registry token for what the query asks, and for whom the header proves."""
    services: Services = request.app.state
    asked = scope.parse(request.query_params.getlist("scope"))
    scope.require_names(asked)
    identity = await _from_header(services, request)
    granted = granted_scopes(services.authorizer, identity.subject, asked)
    return _answer(_issue(services, identity, granted))


async def post_token(request: Request) -> Response:
    """The same with a form (OAuth 2), as containerd and newer clients ask; or a session."""
    services: Services = request.app.state
    form = await _form(request)
    if form.get("grant_type") == ["authorization_code"]:
        return await _redeem(services, form, _implicit(request))
    asked = scope.parse(form.get("scope", ()))
    scope.require_names(asked)
    identity = await _from_form(services, form, _address(request))
    granted = granted_scopes(services.authorizer, identity.subject, asked)
    more: dict[str, Any] = {"token_type": "Bearer", "scope": _spell(granted)}
    refresh = await _refresh_token(services, form, identity)
    if refresh is not None:
        more["refresh_token"] = refresh
    return _answer(_issue(services, identity, granted), more)


async def authorize(request: Request) -> Response:
    """
    Redirect to an address that carries a code for a session, or the session's token itself.

    `oc login` asks for a code; scripts and older clients ask for the token.
    """
    query = request.query_params
    if "x-csrf-token" not in request.headers:
        raise BadGrant("cannot authorize without the header X-CSRF-Token")
    match query.get("response_type"):
        case "code":
            carried = f"?{urlencode(await _login_code(request))}"
        case "token":
            started = await _start_session(request)
            fragment = {"access_token": started.token, "expires_in": _seconds(started), **_BEARER}
            carried = f"#{urlencode(fragment)}"
        case _:
            raise BadGrant("cannot authorize: response_type must be code or token")
    return RedirectResponse(_implicit(request) + carried, 302, headers=_NO_STORE)


async def start_session(request: Request) -> Response:
    started = await _start_session(request)
    return _answer(started, {"token_type": "Bearer"}, status=201)


async def end_session(request: Request) -> Response:
    services: Services = request.app.state
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NeedsPassword("cannot log out: the request carries no session token")
    await services.sessions.end(token.strip())
    return Response(status_code=204)


async def to_console(_: Request) -> Response:
    """Where `oc login` sends people who gave no name: the page says how to log in."""
    return RedirectResponse("../../console/", 307)


async def discovery(request: Request) -> Response:
    """RFC 8414, as far as `oc login` reads it."""
    services: Services = request.app.state
    base = services.addresses.base_for(request.headers.get("host"))
    return JSONResponse(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "response_types_supported": ["code", "token"],
            "grant_types_supported": [
                "authorization_code",
                "implicit",
                "password",
                "refresh_token",
            ],
            "code_challenge_methods_supported": [codes.METHOD],
        }
    )


def granted_scopes(
    authorizer: Authorizer, subject: Subject, asked: Iterable[Scope]
) -> tuple[Scope, ...]:
    """What of the asked the subject may do now; the catalog shows each what they may see."""
    return tuple(
        one
        for wanted in asked
        for one in _spelled_out(wanted)
        if one == _CATALOG or _may(authorizer, subject, one)
    )


def error_body(_: Connection, error: WharfingerError) -> Response:
    """An error in the words of the registry, OpenShift (`details`) and OAuth at once."""
    status = 401 if isinstance(error, BadScope) else errors.status_of(error)
    body = {
        "errors": [{"code": _code(status), "message": error.message}],
        "details": error.message,
        "error": "invalid_grant" if status == 401 else "invalid_request",
        "error_description": error.remedy or error.message,
    }
    headers = dict(_NO_STORE)
    if isinstance(error, Unauthenticated):
        headers |= _CHALLENGE
    if retry_after := getattr(error, "retry_after", None):
        headers["retry-after"] = str(retry_after)
    return JSONResponse(body, status, headers=headers)


ROUTES = (
    Route("/oauth/token", get_token, methods=["GET"]),
    Route("/oauth/token", post_token, methods=["POST"]),
    Route("/openshift/token", get_token, methods=["GET"]),
    Route("/openshift/token", post_token, methods=["POST"]),
    Route("/oauth/token/request", to_console, methods=["GET"]),
    Route("/oauth/authorize", authorize, methods=["GET"]),
    Route("/oauth/session", start_session, methods=["POST"]),
    Route("/oauth/session", end_session, methods=["DELETE"]),
    Route("/oauth/logout", end_session, methods=["POST"]),
    Route(DISCOVERY, discovery, methods=["GET"]),
)
"""None needs a right: each proves for itself who is asking."""


async def _from_header(services: Services, request: Request) -> Identity:
    header = request.headers.get("authorization")
    if header is None:
        return _NOBODY
    user, password = _basic(header)
    return await services.authenticator.credentials(user, password, _address(request))


async def _from_form(services: Services, form: Mapping[str, list[str]], address: str) -> Identity:
    grant = _field(form, "grant_type")
    if grant == "password":
        user, password = _field(form, "username"), _field(form, "password")
        return await services.authenticator.credentials(user, password, address)
    if grant == "refresh_token":
        return await services.authenticator.credentials("", _field(form, "refresh_token"), address)
    raise BadGrant(
        "cannot grant a token: grant_type must be authorization_code, password or refresh_token"
    )


async def _refresh_token(
    services: Services, form: Mapping[str, list[str]], identity: Identity
) -> str | None:
    """What to keep in place of a password: a session, or the token that was sent as password."""
    if "refresh_token" in form:
        return _field(form, "refresh_token")
    if form.get("access_type") != ["offline"]:
        return None
    if isinstance(identity.proof, PasswordProof):
        return (await services.sessions.start(identity.proof)).token
    return _field(form, "password")


async def _login_code(request: Request) -> dict[str, str]:
    query = request.query_params
    challenge = query.get("code_challenge", "")
    if query.get("code_challenge_method") != codes.METHOD or not codes.looks_like_challenge(
        challenge
    ):
        raise BadGrant(f"cannot authorize: a code needs a code_challenge by {codes.METHOD}")
    if query.get("redirect_uri") != _implicit(request):
        raise BadGrant(f"cannot authorize: the only redirect_uri is {_implicit(request)}")
    services: Services = request.app.state
    carried = {"code": services.codes.issue(await _log_in(request), challenge)}
    if "state" in query:
        carried["state"] = query["state"]
    return carried


async def _redeem(services: Services, form: Mapping[str, list[str]], redirect_uri: str) -> Response:
    if _field(form, "redirect_uri") != redirect_uri:
        raise BadGrant("cannot redeem the code: the redirect_uri is another")
    proof = services.codes.redeem(_field(form, "code"), _field(form, "code_verifier"))
    return _answer(await services.sessions.start(proof), _BEARER)


async def _start_session(request: Request) -> Issued:
    services: Services = request.app.state
    return await services.sessions.start(await _log_in(request))


async def _log_in(request: Request) -> PasswordProof:
    header = request.headers.get("authorization")
    if header is None:
        raise NeedsPassword("cannot log in without user name and password")
    user, password = _basic(header)
    services: Services = request.app.state
    identity = await services.authenticator.log_in(user, password, _address(request))
    assert isinstance(identity.proof, PasswordProof)
    await users.remember(services.objects, identity.proof.user)
    return identity.proof


def _implicit(request: Request) -> str:
    """Where clients are led that only read the address: there is nothing."""
    services: Services = request.app.state
    return f"{services.addresses.base_for(request.headers.get('host'))}/oauth/token/implicit"


def _issue(services: Services, identity: Identity, granted: Iterable[Scope]) -> Issued:
    return services.tokens.issue(
        identity.proof,
        audiences=(REGISTRY_AUDIENCE,),
        lifetime=LIFETIME,
        not_after=identity.expires,
        access=scope.encode(granted),
    )


def _answer(
    issued: Issued, more: Mapping[str, Any] | None = None, *, status: int = 200
) -> Response:
    body = {
        "token": issued.token,
        "access_token": issued.token,
        "expires_in": _seconds(issued),
        "issued_at": datetime.fromtimestamp(issued.issued, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **(more or {}),
    }
    return JSONResponse(body, status, headers=_NO_STORE)


async def _form(request: Request) -> Mapping[str, list[str]]:
    try:
        text = (await request.body()).decode()
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise BadGrant("cannot read the form") from error


def _field(form: Mapping[str, list[str]], name: str) -> str:
    values = form.get(name, [])
    if len(values) != 1 or not values[0]:
        raise BadGrant(f"cannot grant a token: the form needs one {name}")
    return values[0]


def _basic(header: str) -> tuple[str, str]:
    scheme, _, credentials = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise NeedsPassword("cannot take the credentials: they must be Basic")
    return guard.decode_basic(credentials.strip())


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _spelled_out(wanted: Scope) -> Iterable[Scope]:
    if wanted.type != REPOSITORY or wanted.action != "*":
        return (wanted,)
    return (Scope(wanted.type, wanted.name, action, wanted.klass) for action in _EVERY_ACTION)


def _may(authorizer: Authorizer, subject: Subject, wanted: Scope) -> bool:
    needs = NEEDS.get((wanted.type, wanted.action), ())
    return any(authorizer.decide(subject, _access(need, wanted)).allowed for need in needs)


def _access(need: Need, wanted: Scope) -> Access:
    project, name = ("", "") if need.clusterwide else scope.split(wanted.name)
    return Access(need.verb, need.group, need.resource, need.subresource, project, name)


def _spell(granted: Iterable[Scope]) -> str:
    entries = scope.encode(granted)
    return " ".join(f"{one['type']}:{one['name']}:{','.join(one['actions'])}" for one in entries)


def _seconds(issued: Issued) -> int:
    assert issued.expires is not None
    return issued.expires - issued.issued


def _code(status: int) -> str:
    codes = {401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS", 503: "UNAVAILABLE"}
    return codes.get(status, "UNSUPPORTED")
