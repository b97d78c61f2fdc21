"""
Tokens of service accounts, asked for below the account (`serviceaccounts/NAME/token`).

A token is for an audience and for a time; bound to a secret it ends with that too. It names the
uid of its account, so an account that is deleted and made again has none of the old tokens.
"""

# ruff: noqa: ARG002 (an endpoint need not look at all that it is told)

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wharfinger.cluster import metadata
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectConflict, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.kind import FieldError, Object
from wharfinger.cluster.kinds.authentication import TOKEN_REQUEST
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.proofs import AccountProof, BoundSecret
from wharfinger.cluster.reviews import question
from wharfinger.cluster.subject import Subject
from wharfinger.cluster.tokens import Issued, Tokens


class TokenRequests(Endpoint):
    def __init__(self, objects: Objects, tokens: Tokens) -> None:
        super().__init__(SERVICE_ACCOUNT, "token")
        self._objects = objects
        self._tokens = tokens

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        request = question(TOKEN_REQUEST, namespace, name, obj, options)
        account = self._objects.get(SERVICE_ACCOUNT, namespace, name)
        spec = request["spec"]
        audiences = list(spec.get("audiences") or ()) or [self._tokens.api_audience]
        secret = self._bound(namespace, name, spec.get("boundObjectRef"))
        issued = self._tokens.issue(
            AccountProof(namespace, name, account["metadata"]["uid"], secret),
            audiences=audiences,
            lifetime=spec["expirationSeconds"],
        )
        made = metadata.timestamp(datetime.fromtimestamp(issued.issued, UTC))
        return request | {
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": made},
            "spec": {**spec, "audiences": audiences},
            "status": _status(issued, options),
        }

    def _bound(
        self, namespace: str, account: str, ref: Mapping[str, Any] | None
    ) -> BoundSecret | None:
        """Find the secret that the token shall end with."""
        if ref is None:
            return None
        if (ref.get("apiVersion") or "v1", ref.get("kind")) != ("v1", "Secret"):
            kind = f"{ref.get('apiVersion') or ''}, Kind={ref.get('kind') or ''}"
            cause = FieldError.unsupported("spec.boundObjectRef.kind", kind, ("v1, Kind=Secret",))
            raise ObjectInvalid(TOKEN_REQUEST, account, (cause,))
        name = ref.get("name") or ""
        found = self._objects.cache.get(SECRET.resource, namespace, name)
        if found is None:
            raise ObjectNotFound(SECRET.resource, name)
        uid = found["metadata"]["uid"]
        if ref.get("uid") not in (None, "", uid):
            reason = (
                f"the UID in the bound object reference ({ref['uid']}) does not match "
                f"the UID in record ({uid}). The object might have been deleted and then recreated"
            )
            raise ObjectConflict(SECRET.resource, name, reason)
        return BoundSecret(name, uid)


def _status(issued: Issued, options: Options) -> dict[str, str]:
    """What the client gets; a dry run shows when the token would end, and no token."""
    assert issued.expires is not None
    ends = metadata.timestamp(datetime.fromtimestamp(issued.expires, UTC))
    return {"token": "" if options.dry_run else issued.token, "expirationTimestamp": ends}
