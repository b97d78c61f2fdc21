"""
Sessions as objects, to be looked at and ended: `oc logout` deletes its own.

`useroauthaccesstokens` shows callers their own sessions. `oauthaccesstokens` shows all of them to
those who may read it; everybody may delete there, as OpenShift grants it, so deletion asks again
whose session it is. An object is named by the hash of its token. Older clients name a token by
itself, and whoever can do that has it.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from datetime import UTC, datetime
from typing import Final

from wharfinger.cluster import metadata, sessions
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectNotFound
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.openshift.oauth import (
    CLIENT,
    FULL,
    OAUTH_ACCESS_TOKEN,
    USER_OAUTH_ACCESS_TOKEN,
)
from wharfinger.cluster.objects import Deletion
from wharfinger.cluster.options import DeleteOptions
from wharfinger.cluster.sessions import PREFIX, SESSIONS, Sessions
from wharfinger.cluster.subject import Subject
from wharfinger.cluster.view import View

_SESSION: Final = Kind(
    group=SESSIONS.group,
    version="v1",
    kind="Session",
    plural=SESSIONS.resource,
    singular="session",
    namespaced=False,
    schema={},
)
"""Where sessions are stored; no path leads there."""


class AccessTokens(View):
    """Everybody's sessions."""

    def __init__(
        self,
        cache: Cache,
        sessions: Sessions,
        authorizer: Authorizer,
        kind: Kind = OAUTH_ACCESS_TOKEN,
    ) -> None:
        super().__init__(kind, cache, _SESSION)
        self._sessions = sessions
        self._authorizer = authorizer

    def show(self, stored: Object) -> Object:
        session = sessions.session_of(stored)
        begun = session.expires - self._sessions.lifetime
        name = name_of(stored["metadata"]["name"])
        return {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "metadata": {
                "name": name,
                "uid": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
                "resourceVersion": stored["metadata"]["resourceVersion"],
                "creationTimestamp": metadata.timestamp(datetime.fromtimestamp(begun, UTC)),
            },
            "clientName": CLIENT,
            "expiresIn": self._sessions.lifetime,
            "scopes": [FULL],
            "userName": session.user,
        }

    def stored_name(self, name: str) -> str:
        named = hash_of(name)
        if self._cache.get(SESSIONS, "", named) is not None:
            return named
        return sessions.digest(name)

    async def delete(
        self, subject: Subject, namespace: str, name: str, options: DeleteOptions
    ) -> Deletion:
        found = self._find(subject, namespace, name)
        if not self._may_end(subject, found, name):
            raise ObjectNotFound(self.kind.resource, name)
        shown = self.show(found)
        metadata.require_uid(self.kind, shown, options.uid)
        metadata.require_revision(self.kind, shown, options.resource_version)
        if not options.dry_run:
            await self._sessions.forget(found["metadata"]["name"])
        return Deletion(shown, removed=True)

    def _may_end(self, subject: Subject, found: Object, name: str) -> bool:
        if sessions.session_of(found).user == subject.name:
            return True
        if found["metadata"]["name"] == sessions.digest(name):
            return True  # named by the token itself
        resource = self.kind.resource
        access = Access("get", resource.group, resource.resource, name=name)
        return self._authorizer.decide(subject, access).allowed


class OwnAccessTokens(AccessTokens):
    """The caller's sessions."""

    def __init__(self, cache: Cache, sessions: Sessions, authorizer: Authorizer) -> None:
        super().__init__(cache, sessions, authorizer, USER_OAUTH_ACCESS_TOKEN)

    def sees(self, subject: Subject, stored: Object) -> bool:
        return sessions.session_of(stored).user == subject.name


def name_of(digest: str) -> str:
    """The name of the object for a hash in hexadecimal."""
    return PREFIX + base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def hash_of(name: str) -> str:
    """The hash in hexadecimal that an object is named by; "" if the name is none."""
    if not name.startswith(PREFIX):
        return ""
    try:
        return base64.b64decode(name.removeprefix(PREFIX) + "=", b"-_", validate=True).hex()
    except (binascii.Error, ValueError):
        return ""
