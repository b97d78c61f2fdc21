"""
Another registry: asked with TLS, with what the site says of trust, and with the user's login if there
is one.

A registry that may be insecure is asked with TLS and any certificate first, then without TLS, as
Docker does. A redirect is followed on the same origin only, a few times. Logins go where `realm`
allows it.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from wharfinger.oci.credentials import Credential
from wharfinger.oci.reference import HUB, HUB_V2
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import challenge, origin, realm, transport
from wharfinger.remote.challenge import Challenge
from wharfinger.remote.errors import (
    LoginNeeded,
    NoAnswer,
    NotAllowed,
    NotUnderstood,
    Untrusted,
)
from wharfinger.remote.origin import InvalidAddress, Origin
from wharfinger.remote.realm import Realm
from wharfinger.remote.transport import Answer, Deadline

REDIRECTS: Final = 3
_CLIENT_ID: Final = "wharf"


@dataclass(frozen=True, slots=True)
class Peer:
    """A registry and what we need to speak to it. `authorities` are PEM, trusted besides those of
    the host; `client` is a certificate and its key, PEM.
    """

    registry: RegistryHost
    authorities: tuple[bytes, ...] = ()
    client: tuple[bytes, bytes] | None = field(default=None, repr=False)
    insecure: bool = False
    login: Credential | None = None

    def at(self, host: str) -> Peer:
        """The same under another host name."""
        registry = RegistryHost(host, self.registry.port)
        return Peer(registry, self.authorities, self.client, self.insecure, self.login)


class Registry:
    """One registry for the length of one question; `named` are token services that may see the login."""

    def __init__(self, peer: Peer, deadline: Deadline, *, named: Collection[str] = ()) -> None:
        hub = peer.registry == RegistryHost(HUB)
        self.peer = peer.at(HUB_V2) if hub else peer
        self._deadline, self._named = deadline, named
        self._found: tuple[Origin, ssl.SSLContext | None] | None = None
        self._authorization: str | None = None

    @property
    def origin(self) -> Origin:
        """Where it answers, once it has."""
        return Origin.of(self.peer.registry) if self._found is None else self._found[0]

    def afresh(self) -> Registry:
        """The same registry, reached in the way that was found, for a question with its own token."""
        other = Registry(self.peer, self._deadline, named=self._named)
        other._found = self._found
        return other

    def get(self, target: str) -> Answer:
        """GET a path and query, answering a challenge once. What comes back may be any status."""
        answer = self._follow(target)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._authorization is None:
            self._authorization = self._authorize(tuple(challenge.parse(answer.challenges)))
            if self._authorization is not None:
                answer = self._follow(target)
        return answer

    def json(self, target: str) -> tuple[Any, Answer]:
        """GET a document. Raise what stands in the way of it, as an error about this registry."""
        answer = self.get(target)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise self._login_needed()
        if answer.status == HTTPStatus.FORBIDDEN:
            raise NotAllowed(str(self.origin), "it does not allow this (403)")
        if answer.status != HTTPStatus.OK:
            raise NotUnderstood(str(self.origin), f"it answers {answer.status} to {_path(target)}")
        return document(answer, str(self.origin)), answer

    def _login_needed(self) -> LoginNeeded:
        if self.peer.login is None:
            host = self.peer.registry
            return LoginNeeded(
                str(self.origin), "it wants a login", remedy=f"log in with `podman login {host}`"
            )
        return LoginNeeded(str(self.origin), "it does not take the login")

    def _follow(self, target: str) -> Answer:
        for _ in range(REDIRECTS + 1):
            answer = self._send(target)
            if answer.status not in _REDIRECTS:
                return answer
            try:
                target = origin.within(self.origin, target, answer.headers.get("location", ""))
            except InvalidAddress:
                raise NotUnderstood(
                    str(self.origin), "it redirects to another host, which is not followed"
                ) from None
        raise NotUnderstood(str(self.origin), "it redirects again and again")

    def _send(self, target: str) -> Answer:
        if self._found is None:
            return self._first(target)
        where, trust = self._found
        headers = {} if self._authorization is None else {"Authorization": self._authorization}
        return transport.send(where, target, deadline=self._deadline, trust=trust, headers=headers)

    def _first(self, target: str) -> Answer:
        """Find out how it answers: each way in turn, and the trouble of the last if none does."""
        troubles: list[NoAnswer | Untrusted] = []
        for where, trust in self._ways():
            try:
                answer = transport.send(where, target, deadline=self._deadline, trust=trust)
            except (NoAnswer, Untrusted) as trouble:
                troubles.append(trouble)
            else:
                self._found = (where, trust)
                return answer
        raise troubles[-1]

    def _ways(self) -> Iterator[tuple[Origin, ssl.SSLContext | None]]:
        trust = self._trust(verified=not self.peer.insecure)
        yield Origin.of(self.peer.registry), trust
        if self.peer.insecure:
            yield Origin.of(self.peer.registry, scheme="http"), None

    def _trust(self, *, verified: bool = True) -> ssl.SSLContext:
        return transport.trust_of(self.peer.authorities, self.peer.client, verified=verified)

    # Logins

    def _authorize(self, challenges: tuple[Challenge, ...]) -> str | None:
        """The header that answers the challenges, `None` if we have nothing to say to them."""
        login = self.peer.login
        for one in challenges:
            if one.scheme == "bearer" and one.parameters.get("realm"):
                return f"Bearer {self._token(one.parameters)}"
            if one.scheme == "basic" and login is not None and login.password:
                return _basic(login)
        return None

    def _token(self, parameters: Mapping[str, str]) -> str:
        try:
            where, target = origin.parse(parameters["realm"])
        except InvalidAddress:
            raise NotUnderstood(str(self.origin), "its token service has no usable URL") from None
        verdict = realm.judge(self.origin, where, named=self._named)
        if verdict is Realm.REFUSED:
            raise NotUnderstood(
                str(self.origin), f"its token service {where} is elsewhere and has no TLS"
            )
        login = self.peer.login if verdict is Realm.WITH_LOGIN else None
        answer = self._ask_for_token(where, target, parameters, login)
        if answer.status != HTTPStatus.OK:
            raise self._no_token(where, withheld=verdict is Realm.ANONYMOUS)
        return _token_in(answer, str(where))

    def _ask_for_token(
        self, where: Origin, target: str, parameters: Mapping[str, str], login: Credential | None
    ) -> Answer:
        asked = [(key, parameters[key]) for key in ("service", "scope") if key in parameters]
        headers, body = {}, None
        if login is not None and login.identity_token:
            grant = [("grant_type", "refresh_token"), ("refresh_token", login.identity_token)]
            body = urlencode([*grant, *asked, ("client_id", _CLIENT_ID)]).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        else:
            query = urlencode(asked)
            target += ("&" if "?" in target else "?") + query if query else ""
            if login is not None and login.password:
                headers["Authorization"] = _basic(login)
        trust = self._found[1] if self._found and where == self.origin else self._trust()
        return transport.send(
            where, target, deadline=self._deadline, trust=trust, headers=headers, body=body
        )

    def _no_token(self, where: Origin, *, withheld: bool) -> LoginNeeded:
        if withheld and self.peer.login is not None:
            return LoginNeeded(
                str(self.origin),
                f"its token service is {where}, elsewhere, and was not shown the login",
                remedy=f"if that is right, give --token-server {where.host}",
            )
        return self._login_needed()


_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def document(answer: Answer, place: str) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise NotUnderstood(place, "its answer is not JSON") from None


def _token_in(answer: Answer, place: str) -> str:
    found = document(answer, place)
    token = (found.get("token") or found.get("access_token")) if isinstance(found, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise NotUnderstood(place, "it gives no token")
    return token


def _basic(login: Credential) -> str:
    pair = f"{login.username}:{login.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def _path(target: str) -> str:
    return target.partition("?")[0]
