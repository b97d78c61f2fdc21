"""
What a request shows so that a registry lets it in: an answer to a challenge.

Basic shows the login itself, Bearer a token that is fetched with the login, or without one, from the
service that the challenge names; `realm` says which services may see the login. A token is asked for
what we mean to do. The registry's own wording of that is taken only if it is about the same
repositories: a token for another one is none of its business.

https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urlencode

from wharfinger.oci.credentials import Credential
from wharfinger.remote import origin, realm
from wharfinger.remote.challenge import Challenge
from wharfinger.remote.errors import LoginNeeded, NotUnderstood, RemoteError, WrongLogin
from wharfinger.remote.exchange import Scopes, document
from wharfinger.remote.origin import InvalidAddress, Origin
from wharfinger.remote.realm import Realm

_CLIENT_ID: Final = "wharf"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    status: int
    body: bytes = field(repr=False)


class TokenService(Protocol):
    async def __call__(
        self, where: Origin, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> TokenAnswer:
        """GET, or POST with a body; follow no redirect. Raise `RemoteError`."""
        ...


class Authorization:
    """The logins for one registry. `named` are hosts of token services that may see them, too."""

    def __init__(
        self,
        registry: Origin,
        logins: Sequence[Credential],
        ask: TokenService,
        *,
        named: Collection[str] = (),
    ) -> None:
        self._registry, self._ask, self._named = registry, ask, named
        self._logins = [one for one in logins if one.password or one.identity_token]

    async def answers(self, challenges: Sequence[Challenge], scopes: Scopes) -> AsyncIterator[str]:
        """Headers to try, in the order of the logins. What stands in the way of all of them is
        raised at the end.
        """
        trouble: RemoteError | None = None
        logins: list[Credential | None] = [*self._logins] or [None]
        for login in logins:
            try:
                shown = await self._answer(challenges, scopes, login)
            except LoginNeeded as error:
                trouble = error
            else:
                if shown is not None:
                    yield shown
        if trouble is not None:
            raise trouble

    def refused(self) -> LoginNeeded:
        """The error for a registry that lets nothing of this count."""
        place = str(self._registry)
        if self._logins:
            return WrongLogin(place, "it does not take the login")
        host = str(self._registry).partition("://")[2]
        remedy = f"log in with `podman login {host}`"
        return LoginNeeded(place, "it wants a login", remedy=remedy)

    async def _answer(
        self, challenges: Sequence[Challenge], scopes: Scopes, login: Credential | None
    ) -> str | None:
        for one in challenges:
            if one.scheme == "bearer" and one.parameters.get("realm"):
                return f"Bearer {await self._token(one.parameters, scopes, login)}"
            if one.scheme == "basic" and login is not None and login.password:
                return _basic(login)
        return None

    async def _token(
        self, parameters: Mapping[str, str], scopes: Scopes, login: Credential | None
    ) -> str:
        place = str(self._registry)
        if not all(text.isascii() and text.isprintable() for text in parameters.values()):
            raise NotUnderstood(place, "what it asks for has characters that no scope has")
        try:
            where, target = origin.parse(parameters["realm"])
        except InvalidAddress:
            raise NotUnderstood(place, "its token service has no usable URL") from None
        verdict = realm.judge(self._registry, where, named=self._named)
        if verdict is Realm.REFUSED:
            raise NotUnderstood(place, f"its token service {where} is elsewhere and has no TLS")
        shown = login if verdict is Realm.WITH_LOGIN else None
        answer = await self._ask(where, *_question(target, parameters, scopes, shown))
        if answer.status != HTTPStatus.OK:
            raise self._no_token(where, withheld=login is not None and shown is None)
        return _token_in(answer.body, str(where))

    def _no_token(self, where: Origin, *, withheld: bool) -> LoginNeeded:
        if withheld:
            return LoginNeeded(
                str(self._registry),
                f"its token service is {where}, elsewhere, and was not shown the login",
                remedy=f"if that is right, give --token-server {where.host}",
            )
        return self.refused()


def _question(
    target: str, parameters: Mapping[str, str], scopes: Scopes, login: Credential | None
) -> tuple[str, dict[str, str], bytes | None]:
    """Target, headers and body of the request for a token."""
    asked = [("service", parameters["service"])] if "service" in parameters else []
    asked += [("scope", scope) for scope in _scopes(parameters.get("scope", ""), scopes)]
    if login is not None and login.identity_token:
        grant = [("grant_type", "refresh_token"), ("refresh_token", login.identity_token)]
        scope = [("scope", " ".join(value for key, value in asked if key == "scope"))]
        rest = [pair for pair in asked if pair[0] != "scope"]
        body = urlencode([*grant, *rest, *scope, ("client_id", _CLIENT_ID)]).encode()
        return target, {"Content-Type": _FORM}, body
    query = urlencode(asked)
    target += ("&" if "?" in target else "?") + query if query else ""
    return target, {} if login is None else {"Authorization": _basic(login)}, None


def _scopes(offered: str, wanted: Scopes) -> Scopes:
    """The registry's wording where it is about nothing else than what we want, ours otherwise.

    To take a blob over, some name only the repository that it shall be in.
    """
    found = {_resource(scope): scope for scope in offered.split()}
    ours = {_resource(scope): scope for scope in wanted}
    return tuple({**ours, **found}.values()) if found.keys() <= ours.keys() else wanted


def _resource(scope: str) -> str:
    return scope.rpartition(":")[0]


def _token_in(body: bytes, place: str) -> str:
    found = document(body, place)
    token = (found.get("token") or found.get("access_token")) if isinstance(found, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise NotUnderstood(place, "it gives no token")
    return token


def _basic(login: Credential) -> str:
    pair = f"{login.username}:{login.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()
