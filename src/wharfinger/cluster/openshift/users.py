"""
Users: records of who has logged in, and under the name `~` whoever asks.

Not everybody who asks has an object: a service account and the administrator have none. They get
one that is made up from what their request has proven, so `users/~` answers all who are known.
"""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.endpoint import Stored
from wharfinger.cluster.errors import ObjectExists, ObjectForbidden
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.openshift.users import IDENTITY, SELF, USER, name_errors
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.subject import SYSTEM, Subject

PROVIDER: Final = "htpasswd"
"""What proves a user, as identities name it."""


class Users(Stored):
    def __init__(self, objects: Objects) -> None:
        super().__init__(objects, USER)

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        if name != SELF:
            return await super().get(subject, namespace, name)
        if subject.anonymous:
            raise ObjectForbidden(USER.resource, SELF, "requests to ~ must be authenticated")
        found = self._objects.cache.get(USER.resource, "", subject.name)
        return caller(subject, found)


def caller(subject: Subject, found: Object | None) -> Object:
    """The caller as an object; groups are those that this request has."""
    if found is not None:
        return {**found, "groups": list(subject.groups)}
    metadata: Object = {"name": subject.name, "creationTimestamp": None}
    if subject.uid:
        metadata["uid"] = subject.uid
    return {
        "apiVersion": USER.api_version,
        "kind": USER.kind,
        "metadata": metadata,
        "identities": None,
        "groups": list(subject.groups),
    }


async def remember(objects: Objects, name: str) -> None:
    """Keep that somebody has logged in; a name that no object can have is not kept."""
    if name_errors(name):
        return
    identity = f"{PROVIDER}:{name}"
    wanted: Object = {"metadata": {"name": name}, "identities": [identity]}
    user = await _ensure(objects, USER, wanted)
    if identity not in (user.get("identities") or ()):
        linked = {**user, "identities": [*(user.get("identities") or ()), identity]}
        user = await objects.update(USER, "", name, linked, SYSTEM)
    proof: Object = {
        "metadata": {"name": identity},
        "providerName": PROVIDER,
        "providerUserName": name,
        "user": {"name": name, "uid": user["metadata"]["uid"]},
    }
    await _ensure(objects, IDENTITY, proof)


async def _ensure(objects: Objects, kind: Kind, wanted: Object) -> Object:
    """The object of this name, made if it is not there."""
    name = wanted["metadata"]["name"]
    found = objects.cache.get(kind.resource, "", name)
    if found is not None:
        return found
    try:
        return await objects.create(kind, "", wanted, SYSTEM)
    except ObjectExists:
        return objects.get(kind, "", name)  # two logins at once
