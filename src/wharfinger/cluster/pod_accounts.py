"""
Give each new pod an account of its namespace, and the account's secrets to pull with.

A pod that names no account gets `default`. The account must be there: what runs under it is decided
by its rights. A pod that lists no pull secrets gets those of its account. No token is mounted into
the containers, unlike in a cluster with nodes: nothing runs here, so nobody would read it.
"""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.admission import Operation
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectForbidden
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.pods import POD
from wharfinger.cluster.subject import Subject

DEFAULT: Final = "default"
MIRROR: Final = "kubernetes.io/config.mirror"
"""The annotation by which an agent shows a pod that it runs by itself, under no account."""


class PodAccounts:
    """An admission: it changes pods that are made, and no others."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def admit(
        self,
        operation: Operation,
        kind: Kind,
        namespace: str,
        name: str,
        new: Object | None,
        _old: Object | None,
        _subject: Subject,
        /,
    ) -> None:
        if operation is not Operation.CREATE or kind is not POD or new is None:
            return
        if MIRROR in (new["metadata"].get("annotations") or {}):
            return
        spec = new["spec"]
        account = spec.get("serviceAccountName") or DEFAULT
        spec["serviceAccountName"] = spec["serviceAccount"] = account
        found = self._cache.get(SERVICE_ACCOUNT.resource, namespace, account)
        if found is None:
            reason = (
                f"error looking up service account {namespace}/{account}: "
                f'serviceaccount "{account}" not found'
            )
            raise ObjectForbidden(POD.resource, name, reason)
        secrets = found.get("imagePullSecrets") or ()
        if secrets and not spec.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(secret) for secret in secrets]
