"""Who is asking, once proven: the values that rights are decided on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
OAUTH = "system:authenticated:oauth"
MASTERS = "system:masters"
SERVICE_ACCOUNTS = "system:serviceaccounts"


@dataclass(frozen=True, slots=True)
class Subject:
    """A user, a service account (`system:serviceaccount:NS:NAME`) or nobody (`ANONYMOUS`)."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def anonymous(self) -> bool:
        return UNAUTHENTICATED in self.groups


ANONYMOUS = Subject("system:anonymous", groups=(UNAUTHENTICATED,))
SYSTEM = Subject("system:wharfinger", groups=(MASTERS, AUTHENTICATED))
"""We ourselves: the controllers that fill a project."""


def service_account(namespace: str, name: str, uid: str) -> Subject:
    groups = (SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}", AUTHENTICATED)
    return Subject(f"system:serviceaccount:{namespace}:{name}", uid, groups)
