"""
Who is asking, and may they: asked once to a request, in one place.

A bearer token is a token; Basic carries a user's password, or any user name with a token as
password; nothing at all is `ANONYMOUS`, whose rights are then decided like anybody's. A proof
that does not hold is never taken for no proof. Who would be another (`impersonation.py`) and may
not is refused, since one who asks to be less must not be answered as more.
"""

from __future__ import annotations

import base64
import binascii

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from wharfinger.cluster.authenticate import Grant
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.errors import ObjectForbidden
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.subject import ANONYMOUS, Subject
from wharfinger.errors import Forbidden, Unauthenticated
from wharfinger.server import impersonation
from wharfinger.server.state import Services

SUBJECT = "wharfinger.subject"
"""Where the scope of a request keeps who asked, for its handlers and for the access log."""

PROVEN = "wharfinger.proven"
"""Where it keeps who that was before another was put on, who may have been refused that."""


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
        connection.scope[PROVEN] = proven
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
    wanted = impersonation.wanted(headers)
    if wanted is None:
        return asking
    for access in impersonation.needed(wanted, headers):
        if not authorizer.decide(asking, access).allowed:
            raise refused(asking, access)
    return wanted


def refused(subject: Subject, access: Access) -> ObjectForbidden:
    """What a subject is told that may not do this with a resource, in the words of Kubernetes."""
    resource = f"{access.resource}/{access.subresource}" if access.subresource else access.resource
    where = f'in the namespace "{access.namespace}"' if access.namespace else "at the cluster scope"
    reason = (
        f'User "{subject.name}" cannot {access.verb} resource "{resource}" '
        f'in API group "{access.group}" {where}'
    )
    return ObjectForbidden(GroupResource(access.group, access.resource), access.name, reason)
