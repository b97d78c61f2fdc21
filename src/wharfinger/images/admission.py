"""
Image policy in our own API: each write of an object with images is judged, and names are rewritten.

The policy is the one in force at that moment. A write is refused with the words and causes that clients
of OpenShift know; why, in words for a person, goes to the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from wharfinger.cluster.admission import NAMESPACES, Operation
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectForbidden, ObjectInvalid
from wharfinger.cluster.kind import FieldError, Kind, Object
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.images.lookup import pull_accounts
from wharfinger.images.lookup.pull_accounts import PullAccount
from wharfinger.images.lookup.remote_images import RemoteImages
from wharfinger.images.lookup.remote_lookup import RemoteLookup, Streams
from wharfinger.oci.credentials import Keyring
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.model import Outcome, Question

SECONDS: Final = 10.0
"""How long a write may wait for other registries."""

_MAX_PREFIX: Final = 58
_READ: Final = {"secrets": SECRET.resource, "serviceaccounts": SERVICE_ACCOUNT.resource}

logger = logging.getLogger(__name__)


class ImagePolicyReview:
    """A `Review`; `registry` is our own `host[:port]`, as pods name it."""

    def __init__(
        self,
        policy: Callable[[], Policy],
        cache: Cache,
        streams: Streams,
        images: RemoteImages,
        *,
        registry: str = "",
    ) -> None:
        self._policy, self._cache = policy, cache
        self._streams, self._images, self._registry = streams, images, registry
        self._keyrings = OwnKeyrings(cache)

    async def review(
        self,
        operation: Operation,
        kind: Kind,
        namespace: str,
        new: Object,
        old: Object | None,
        subresource: str,
        /,
    ) -> None:
        name = "" if operation is Operation.CREATE and _generated(new) else _name(new)
        question = Question(
            operation=operation,
            group=kind.group,
            resource=kind.plural,
            subresource=subresource,
            kind=kind.kind,
            namespace=namespace,
            name=name,
            object=new,
            old=old,
            ignored_rules=self._ignored_rules(namespace),
        )
        lookup = RemoteLookup(
            images=self._images,
            streams=self._streams,
            keyrings=self._keyrings,
            puller=pull_accounts.of_object(new),
            until=asyncio.get_running_loop().time() + SECONDS,
        )
        outcome = await decision.decide(question, self._policy(), lookup, registry=self._registry)
        if outcome.forbidden:
            raise ObjectForbidden(kind.resource, name, outcome.forbidden)
        if not outcome.allowed:
            _log(kind, namespace, name, outcome)
            raise ObjectInvalid(kind, name, causes(outcome))
        if outcome.object is not new:
            rewritten = dict(outcome.object)
            new.clear()
            new.update(rewritten)

    def _ignored_rules(self, namespace: str) -> frozenset[str]:
        found = self._cache.get(NAMESPACES, "", namespace) if namespace else None
        return decision.ignored_rules(found or {})


class OwnKeyrings:
    """The logins in the pull secrets that we keep ourselves."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def keyring(
        self, namespace: str, puller: PullAccount, _until: float | None = None
    ) -> Keyring:
        return await pull_accounts.keyring(self._get, namespace, puller)

    async def _get(self, resource: str, namespace: str, name: str) -> Object | None:
        return self._cache.get(_READ[resource], namespace, name)


def _name(new: Object) -> str:
    return new["metadata"].get("name") or ""


def _generated(new: Object) -> bool:
    """Whether the name is one that we have just made up.

    A refusal does not tell it: nothing has that name, and it is another one each time, so that a
    controller that writes down why it cannot make a pod would write for ever.
    """
    prefix = new["metadata"].get("generateName")
    return bool(prefix) and _name(new).startswith(prefix[:_MAX_PREFIX])


def causes(outcome: Outcome) -> list[FieldError]:
    return [FieldError.forbidden(refused.place, refused.message) for refused in outcome.refused]


def _log(kind: Kind, namespace: str, name: str, outcome: Outcome) -> None:
    for refused in outcome.refused[:10]:
        logger.info(
            "image policy refuses %s %s/%s at %s: %s",
            kind.kind,
            namespace,
            name,
            refused.place,
            refused.reason,
        )
