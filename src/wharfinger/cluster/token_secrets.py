"""
Long-lived tokens, for those who ask: secrets of type `kubernetes.io/service-account-token`.

Whoever makes such a secret names an account in its annotation; here it is filled with a token that
has no end, the authority's certificate and the namespace. The token is bound to the secret: it is
revoked by deleting the secret, and the secret goes when its account goes.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Hashable, Iterable

from wharfinger.cluster import metadata
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.kinds.secret import (
    ACCOUNT_NAME,
    ACCOUNT_UID,
    SECRET,
    SERVICE_ACCOUNT_TOKEN,
)
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions
from wharfinger.cluster.proofs import AccountProof, BoundSecret
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.tokens import Tokens
from wharfinger.cluster.watch import Event


class TokenSecrets:
    """A controller; its keys are namespace and name of secrets."""

    follows = (SECRET.resource, SERVICE_ACCOUNT.resource)

    def __init__(self, objects: Objects, tokens: Tokens, *, authority: str) -> None:
        """`authority` is the certificate (PEM) by which clients know us, "" without TLS."""
        self._objects = objects
        self._cache = objects.cache
        self._tokens = tokens
        self._authority = authority

    def everything(self) -> Iterable[Hashable]:
        return self._among(None)

    def concerned(self, event: Event) -> Iterable[Hashable]:
        if event.key.resource == SECRET.resource:
            return ((event.key.namespace, event.key.name),) if _holds_token(event.object) else ()
        return self._among(event.key.namespace) if event.deleted else ()

    async def reconcile(self, key: Hashable) -> float | None:
        assert isinstance(key, tuple)
        namespace, name = key
        secret = self._cache.get(SECRET.resource, namespace, name)
        if secret is None or metadata.deleting(secret) or not _holds_token(secret):
            return None
        wanted = annotations_of(secret)
        account = self._cache.get(SERVICE_ACCOUNT.resource, namespace, wanted.get(ACCOUNT_NAME, ""))
        known = account["metadata"]["uid"] if account is not None else None
        if account is None or wanted.get(ACCOUNT_UID, known) != known:
            same = DeleteOptions(uid=secret["metadata"]["uid"])
            await self._objects.delete(SECRET, namespace, name, SYSTEM, same)
            return None
        filled = self._filled(secret, account)
        if filled != secret:
            await self._objects.update(SECRET, namespace, name, filled, SYSTEM)
        return None

    def _among(self, namespace: str | None) -> list[Hashable]:
        return [
            (found["metadata"]["namespace"], found["metadata"]["name"])
            for found in self._cache.list(SECRET.resource, namespace)
            if _holds_token(found)
        ]

    def _filled(self, secret: Object, account: Object) -> Object:
        filled = copy.deepcopy(secret)
        owner, own = account["metadata"], secret["metadata"]
        filled["metadata"].setdefault("annotations", {})[ACCOUNT_UID] = owner["uid"]
        data = filled.setdefault("data", {})
        if not data.get("token"):
            bound = BoundSecret(own["name"], own["uid"])
            proof = AccountProof(own["namespace"], owner["name"], owner["uid"], bound)
            data["token"] = _encoded(self._tokens.issue(proof, lifetime=None).token)
        data["namespace"] = _encoded(own["namespace"])
        if self._authority:
            data["ca.crt"] = _encoded(self._authority)
        return filled


def _holds_token(secret: Object) -> bool:
    return secret.get("type") == SERVICE_ACCOUNT_TOKEN


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
