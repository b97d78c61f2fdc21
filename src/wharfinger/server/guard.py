"""
Who is asking, and may they: asked once to a request, in one place.

A bearer token is a token; Basic carries a user's password, or any user name with a token as
password; nothing at all is `ANONYMOUS`, whose rights are then decided like anybody's. A proof
that does not hold is never taken for no proof. Impersonation follows Kubernetes: each name that
is put on needs `impersonate` on it, and without that right the request is refused, since one who
asks to be less must not be answered as more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from wharfinger.cluster.authenticate import Grant
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.subject import ANONYMOUS, AUTHENTICATED, Subject, service_account
from wharfinger.errors import BadInput, Forbidden, Unauthenticated
from wharfinger.server.state import Services

SUBJECT = "wharfinger.subject"
"""Where the scope of a request keeps who asked, for its handlers and for the access log."""

_SERVICE_ACCOUNT = "system:serviceaccount:"
_EXTRA = "impersonate-extra-"


class CannotAuthenticate(Unauthenticated):
    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot authenticate: {reason}", remedy="give a valid token or password")


class MayNot(Forbidden):
    """The answer for URLs and headers; objects and repositories word their own."""

    def __init__(self, subject: Subject, access: Access, reason: str) -> None:
        thing = f"path {access.path!r}" if access.path else f"resource {access.resource!r}"
        super().__init__(f"cannot {access.verb} {thing} as {subject.name!r}: {reason}")
        self.subject, self.access = subject, access


async def subject(connection: HTTPConnection) -> Subject:
    """Prove who is asking; the second call of a request costs nothing."""
    known: Subject | None = connection.scope.get(SUBJECT)
    if known is None:
        services: Services = connection.app.state
        proven = await _identify(services, connection)
        known = impersonated(services.authorizer, proven, connection.headers)
        connection.scope[SUBJECT] = known
    return known


async def require(connection: HTTPConnection, access: Access) -> Subject:
    """Return who is asking, or raise that they may not (nobody: that they should say who)."""
    who = await subject(connection)
    services: Services = connection.app.state
    decision = services.authorizer.decide(who, access)
    if decision.allowed:
        return who
    if who.anonymous:
        raise CannotAuthenticate("this needs credentials")
    raise MayNot(who, access, decision.reason)


async def grant(connection: HTTPConnection) -> Grant:
    """As `subject`, for the registry: its own tokens are taken too, with the bound they carry."""
    services: Services = connection.app.state
    scheme, credentials = _credentials(connection.headers.get("authorization"))
    match scheme:
        case "":
            proven = Grant(ANONYMOUS, None)
        case "bearer":
            proven = services.authenticator.registry_bearer(credentials)
        case _:
            user, password = decode_basic(credentials)
            address = _address(connection)
            identity = await services.authenticator.credentials(user, password, address)
            proven = Grant(identity.subject, None)
    connection.scope[SUBJECT] = proven.subject
    return proven


async def _identify(services: Services, connection: HTTPConnection) -> Subject:
    scheme, credentials = _credentials(connection.headers.get("authorization"))
    match scheme:
        case "":
            return ANONYMOUS
        case "bearer":
            return services.authenticator.bearer(credentials)
        case _:
            user, password = decode_basic(credentials)
            return await services.authenticator.basic(user, password, _address(connection))


def _credentials(authorization: str | None) -> tuple[str, str]:
    """The scheme in lower case (`bearer`, `basic`, or nothing at all) and what follows it."""
    if authorization is None:
        return "", ""
    scheme, _, credentials = authorization.strip().partition(" ")
    if scheme.lower() not in ("bearer", "basic") or not credentials.strip():
        raise CannotAuthenticate("the Authorization header is neither Bearer nor Basic")
    return scheme.lower(), credentials.strip()


def _address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client is not None else ""


def decode_basic(credentials: str) -> tuple[str, str]:
    """User and password of RFC 7617; the password may hold colons, and may not be empty."""
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise CannotAuthenticate("the Basic credentials do not decode") from None
    user, colon, password = text.partition(":")
    if not colon or not password or not text.isprintable():
        raise CannotAuthenticate("the Basic credentials are not of the form user:password")
    return user, password


def impersonated(authorizer: Authorizer, asking: Subject, headers: Headers) -> Subject:
    """The subject that the `Impersonate-*` headers put on, or `asking` without any."""
    named = [name for name in headers if name.startswith("impersonate-")]
    if not named:
        return asking
    user = headers.get("impersonate-user")
    if not user:
        raise BadInput("cannot impersonate a group, uid or extra without Impersonate-User")
    wanted = _wanted(user, headers)
    for access in _needed(wanted, headers):
        decision = authorizer.decide(asking, access)
        if not decision.allowed:
            raise MayNot(asking, access, decision.reason)
    return wanted


def _wanted(user: str, headers: Headers) -> Subject:
    groups = tuple(headers.getlist("impersonate-group"))
    uid = headers.get("impersonate-uid", "")
    extra: dict[str, tuple[str, ...]] = {}
    for name in headers:
        if name.startswith(_EXTRA):
            extra[unquote(name.removeprefix(_EXTRA))] = tuple(headers.getlist(name))
    if user == ANONYMOUS.name:
        return ANONYMOUS
    namespace, _, account = user.removeprefix(_SERVICE_ACCOUNT).partition(":")
    if user.startswith(_SERVICE_ACCOUNT) and not groups:
        groups = service_account(namespace, account, uid).groups
    return Subject(user, uid, tuple(dict.fromkeys((*groups, AUTHENTICATED))), extra)


def _needed(wanted: Subject, headers: Headers) -> Iterator[Access]:
    if wanted.name.startswith(_SERVICE_ACCOUNT):
        namespace, _, account = wanted.name.removeprefix(_SERVICE_ACCOUNT).partition(":")
        yield Access("impersonate", "", "serviceaccounts", namespace=namespace, name=account)
    else:
        yield Access("impersonate", "", "users", name=wanted.name)
    for group in headers.getlist("impersonate-group"):
        yield Access("impersonate", "", "groups", name=group)
    if wanted.uid:
        yield Access("impersonate", "authentication.k8s.io", "uids", name=wanted.uid)
    for key, values in wanted.extra.items():
        for value in values:
            yield Access("impersonate", "authentication.k8s.io", "userextras", key, name=value)
