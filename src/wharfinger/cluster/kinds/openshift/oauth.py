"""
Sessions as OpenShift shows them: `oauth.openshift.io/v1` access tokens.

An object is named after the hash of its token, so it can be shown; the token itself is nowhere.
`useroauthaccesstokens` are those of the caller, `oauthaccesstokens` are everybody's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from wharfinger.cluster.kind import Column, Kind, Object
from wharfinger.cluster.kinds.columns import NAME, created
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import integer, text, texts

GROUP: Final = "oauth.openshift.io"
CLIENT: Final = "openshift-challenging-client"
"""As `oc login` calls itself; our sessions all begin in its way, with user and password."""

FULL: Final = "user:full"
"""The scope of a session: all that its user may do."""

_FIELDS: Final = {
    "clientName": text("The program that asked for the token."),
    "expiresIn": integer("How many seconds after its creation the token ends.", bits=64),
    "scopes": texts("What the token is good for."),
    "redirectURI": text("Where the token was handed over."),
    "userName": text("Whose token it is."),
    "userUID": text("The identity of the user object, if there was one."),
    "authorizeToken": text("Not in use: no token is had for another."),
    "refreshToken": text("Not in use: a session is not prolonged."),
    "inactivityTimeoutSeconds": integer("Not in use: a session does not end for want of use."),
}


def _expires(obj: Object, _: datetime) -> str:
    begun = created(obj)
    if not begun:
        return ""
    end = datetime.fromisoformat(begun) + timedelta(seconds=_seconds(obj))
    return end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(obj: Object) -> int:
    return min(max(obj.get("expiresIn") or 0, 0), 10**9)


_COLUMNS: Final = (
    NAME,
    Column("Client Name", lambda obj, _: obj.get("clientName") or "", description="The program."),
    Column("Created", lambda obj, _: created(obj), description="When the session began."),
    Column("Expires", _expires, description="When the session ends."),
    Column(
        "Redirect URI",
        lambda obj, _: obj.get("redirectURI") or "",
        description="Where it was handed over.",
    ),
    Column(
        "Scopes", lambda obj, _: ",".join(obj.get("scopes") or ()), description="Good for what."
    ),
)
_USER: Final = Column("User Name", lambda obj, _: obj.get("userName") or "", description="Whose.")


def _tokens(kind: str, summary: str, **more: Any) -> Kind:
    return Kind(
        group=GROUP,
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}s",
        singular=kind.lower(),
        namespaced=False,
        schema=top(f"com.github.openshift.api.oauth.v1.{kind}", summary, _FIELDS),
        selectable={
            "clientName": lambda obj: str(obj.get("clientName") or ""),
            "userName": lambda obj: str(obj.get("userName") or ""),
        },
        **more,
    )


OAUTH_ACCESS_TOKEN = _tokens(
    "OAuthAccessToken",
    "A session of somebody.",
    verbs=("delete", "get", "list", "watch"),
    columns=(_COLUMNS[0], _USER, *_COLUMNS[1:]),
)
USER_OAUTH_ACCESS_TOKEN = _tokens(
    "UserOAuthAccessToken",
    "A session of the caller.",
    verbs=("delete", "get", "list", "watch"),
    columns=_COLUMNS,
)
