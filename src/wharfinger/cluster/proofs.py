"""
What a credential proves, and how a token states it.

A token of ours never states rights or groups. It states a proof: this account with that uid, this
session, this line of the password file. Whoever receives the token checks the proof against the
present state, so that deleting what it names ends every token at once, however long it was to
live. A registry token repeats the proof of the credential it was had for, and ends with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.cluster.subject import AUTHENTICATED, MASTERS, Subject
from wharfinger.errors import Unauthenticated

ADMINISTRATOR = Subject("system:admin", groups=(MASTERS, AUTHENTICATED))

_ACCOUNT = "kubernetes.io"
_SESSION = "wharfinger/session"
_LOGIN = "wharfinger/login"
_ADMINISTRATOR = "wharfinger/administrator"
_ANONYMOUS = "wharfinger/anonymous"


class NotProven(Unauthenticated):
    """The credential is malformed, not ours, over, or names something that is gone."""

    code = "not-proven"


@dataclass(frozen=True, slots=True)
class BoundSecret:
    """The secret with which a token ends."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class AccountProof:
    namespace: str
    name: str
    uid: str
    secret: BoundSecret | None = None


@dataclass(frozen=True, slots=True)
class SessionProof:
    user: str
    session: str  # the hash under which the session is kept


@dataclass(frozen=True, slots=True)
class PasswordProof:
    user: str
    entry: str  # fingerprint of the line of the password file


@dataclass(frozen=True, slots=True)
class AdministratorProof:
    """Holder of the kubeconfig that the first start wrote; ends with the signing key."""


@dataclass(frozen=True, slots=True)
class AnonymousProof:
    """Nobody: a registry client asked for a token without credentials."""


Proof = AccountProof | SessionProof | PasswordProof | AdministratorProof | AnonymousProof


def encode(proof: Proof) -> dict[str, Any]:
    """Write a proof as claims, `sub` among them."""
    match proof:
        case AccountProof(namespace, name, uid, secret):
            account: dict[str, Any] = {
                "namespace": namespace,
                "serviceaccount": {"name": name, "uid": uid},
            }
            if secret is not None:
                account["secret"] = {"name": secret.name, "uid": secret.uid}
            return {"sub": f"system:serviceaccount:{namespace}:{name}", _ACCOUNT: account}
        case SessionProof(user, session):
            return {"sub": user, _SESSION: session}
        case PasswordProof(user, entry):
            return {"sub": user, _LOGIN: entry}
        case AdministratorProof():
            return {"sub": ADMINISTRATOR.name, _ADMINISTRATOR: True}
        case AnonymousProof():
            return {"sub": "system:anonymous", _ANONYMOUS: True}


def decode(claims: Mapping[str, Any]) -> Proof:
    """Read the proof in verified claims; raise `NotProven` unless there is exactly one."""
    readers: dict[str, Callable[[], Proof]] = {
        _ACCOUNT: lambda: _account(claims[_ACCOUNT]),
        _SESSION: lambda: SessionProof(claims["sub"], claims[_SESSION]),
        _LOGIN: lambda: PasswordProof(claims["sub"], claims[_LOGIN]),
        _ADMINISTRATOR: AdministratorProof,
        _ANONYMOUS: AnonymousProof,
    }
    stated = [read for claim, read in readers.items() if claim in claims]
    if len(stated) != 1:
        raise NotProven("cannot use the token: it does not say whose it is")
    return stated[0]()


def _account(claim: Mapping[str, Any]) -> AccountProof:
    account, secret = claim["serviceaccount"], claim.get("secret")
    bound = BoundSecret(secret["name"], secret["uid"]) if secret is not None else None
    return AccountProof(claim["namespace"], account["name"], account["uid"], bound)
