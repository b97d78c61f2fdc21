"""
A login to the registry for every service account, as a secret that its pods use by themselves.

Three steps, each found undone and taken up again after a crash: the account names its secret and
links it (`secrets`, `imagePullSecrets`), the secret is made, the secret is filled. Its token is
bound to the secret, so deleting the secret ends it and a new one with a new token takes its place.
Tokens are renewed after 60 % of their life.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Hashable, Iterable, Sequence

from wharfinger.cluster import dockercfg, metadata, validation
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.kinds.secret import ACCOUNT_NAME, ACCOUNT_UID, SECRET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions
from wharfinger.cluster.proofs import AccountProof, BoundSecret, NotProven
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.tokens import Clock, Statement, Tokens
from wharfinger.cluster.watch import Event

REFERENCE = "openshift.io/internal-registry-pull-secret-ref"
"""The annotation by which an account names its secret."""

BINDING = "openshift.io/internal-registry-auth-token.binding"
OF_ACCOUNT = "openshift.io/internal-registry-auth-token.service-account"
LIFETIME = 7 * 24 * 3600
RENEW_AFTER = 0.6
_LONGEST_PREFIX = 200


class PullSecrets:
    """A controller; its keys are namespace and name of accounts."""

    follows = (SERVICE_ACCOUNT.resource, SECRET.resource)

    def __init__(
        self,
        objects: Objects,
        tokens: Tokens,
        hosts: Sequence[str],
        *,
        suffix: Callable[[], str],
        clock: Clock = time.time,
    ) -> None:
        self._objects = objects
        self._cache = objects.cache
        self._tokens = tokens
        self._hosts = tuple(hosts)
        self._suffix = suffix
        self._clock = clock

    def everything(self) -> Iterable[Hashable]:
        return [_key(account) for account in self._cache.list(SERVICE_ACCOUNT.resource)]

    def concerned(self, event: Event) -> Iterable[Hashable]:
        if event.key.resource == SERVICE_ACCOUNT.resource:
            return ((event.key.namespace, event.key.name),)
        account = annotations_of(event.previous or event.object).get(OF_ACCOUNT)
        return ((event.key.namespace, account),) if account else ()

    async def reconcile(self, key: Hashable) -> float | None:
        assert isinstance(key, tuple)
        namespace, name = key
        account = self._cache.get(SERVICE_ACCOUNT.resource, namespace, name)
        if account is None or metadata.deleting(account):
            return None
        named = self._name(account)
        linked = link(account, named)
        if linked != account:
            await self._objects.update(SERVICE_ACCOUNT, namespace, name, linked, SYSTEM)
        secret = self._cache.get(SECRET.resource, namespace, named)
        if secret is None:
            secret = await self._objects.create(SECRET, namespace, empty(account, named), SYSTEM)
        elif annotations_of(secret).get(ACCOUNT_UID) != account["metadata"]["uid"]:
            same = DeleteOptions(uid=secret["metadata"]["uid"])
            await self._objects.delete(SECRET, namespace, named, SYSTEM, same)
            return 0.0
        return await self._fill(account, secret)

    def _name(self, account: Object) -> str:
        """The secret that the account names, or a new name if that cannot be one of ours.

        Whoever may write accounts need not be allowed to write secrets: a name that leads to
        somebody else's secret is not followed.
        """
        named = annotations_of(account).get(REFERENCE, "")
        found = self._cache.get(SECRET.resource, account["metadata"]["namespace"], named)
        foreign = found is not None and not _is_ours(found, account)
        if foreign or validation.subdomain(named):
            return self._free_name(account["metadata"]["name"])
        return named

    async def _fill(self, account: Object, secret: Object) -> float:
        statement = self._statement(account, secret)
        if statement is not None and (left := self._left(statement)) > 0:
            token = dockercfg.token(secret) or ""
        else:
            issued = self._tokens.issue(_proof(account, secret), lifetime=LIFETIME)
            token, left = issued.token, LIFETIME * RENEW_AFTER
        config = dockercfg.render(self._hosts, token)
        if dockercfg.held(secret) != config:
            filled = copy.deepcopy(secret)
            filled["data"] = {dockercfg.KEY: dockercfg.encode(config)}
            found = secret["metadata"]
            await self._objects.update(SECRET, found["namespace"], found["name"], filled, SYSTEM)
        return left

    def _statement(self, account: Object, secret: Object) -> Statement | None:
        """What the token in the secret says, if it is one that we would issue."""
        token = dockercfg.token(secret)
        if token is None:
            return None
        try:
            statement = self._tokens.read(token)
        except NotProven:
            return None
        return statement if statement.proof == _proof(account, secret) else None

    def _left(self, statement: Statement) -> float:
        """Seconds until the token is to be renewed."""
        if statement.expires is None:
            return 0.0
        life = statement.expires - statement.not_before
        return statement.not_before + life * RENEW_AFTER - self._clock()

    def _free_name(self, account: str) -> str:
        return f"{account[:_LONGEST_PREFIX].rstrip('-.')}-dockercfg-{self._suffix()}"


def link(account: Object, secret: str) -> Object:
    """The account as it names and links the secret; the same object if it does."""
    linked = copy.deepcopy(account)
    annotations = linked["metadata"].setdefault("annotations", {})
    annotations[REFERENCE] = secret
    for field in ("secrets", "imagePullSecrets"):
        links = linked.setdefault(field, [])
        if not any(one.get("name") == secret for one in links):
            links.append({"name": secret})
    return account if linked == account else linked


def empty(account: Object, name: str) -> Object:
    """The secret before it is filled; it goes when its account goes."""
    owner = account["metadata"]
    return {
        "metadata": {
            "name": name,
            "annotations": {
                ACCOUNT_NAME: owner["name"],
                ACCOUNT_UID: owner["uid"],
                OF_ACCOUNT: owner["name"],
                BINDING: "bound",
            },
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "ServiceAccount",
                    "name": owner["name"],
                    "uid": owner["uid"],
                    "controller": True,
                }
            ],
        },
        "type": dockercfg.TYPE,
        "data": {dockercfg.KEY: dockercfg.encode({})},
    }


def _is_ours(secret: Object, account: Object) -> bool:
    return (
        secret.get("type") == dockercfg.TYPE
        and annotations_of(secret).get(OF_ACCOUNT) == account["metadata"]["name"]
    )


def _proof(account: Object, secret: Object) -> AccountProof:
    owner, bound = account["metadata"], secret["metadata"]
    held = BoundSecret(bound["name"], bound["uid"])
    return AccountProof(owner["namespace"], owner["name"], owner["uid"], held)


def _key(account: Object) -> tuple[str, str]:
    return (account["metadata"]["namespace"], account["metadata"]["name"])
