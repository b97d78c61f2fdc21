"""
With which secrets a pod would pull its images: those that it lists, and those of its account.

A pod that names no account runs under `default`. Where an object holds a template of pods, the
template says it; a build names one secret, or uses what its account may pull with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from wharfinger.images.importing import secrets
from wharfinger.oci.credentials import Credentials, Keyring

DEFAULT: Final = "default"
BUILDER: Final = "builder"
_MOST_SECRETS: Final = 32
_TEMPLATES: Final = (
    (),
    ("template",),
    ("spec", "template"),
    ("spec", "jobTemplate", "spec", "template"),
)
_STRATEGIES: Final = ("sourceStrategy", "dockerStrategy", "customStrategy")


class Cluster(Protocol):
    """What is asked of the API of a cluster. Each may raise a `WharfingerError`: nobody can say."""

    async def get(
        self, group: str, version: str, resource: str, namespace: str, name: str
    ) -> dict[str, Any] | None:
        """One object; None if it is not there, or we may not read it."""
        ...

    async def serves(self, group: str, version: str) -> bool: ...


Get = Callable[[str, str, str], Awaitable[dict[str, Any] | None]]
"""Reads an object of the core group: resource, namespace, name."""


@dataclass(frozen=True, slots=True)
class PullAccount:
    """Who pulls: an account of the namespace, and secrets named beside it."""

    account: str = DEFAULT
    secrets: tuple[str, ...] = ()


def of_object(found: Mapping[str, Any]) -> PullAccount:
    """Nothing of an object is taken for granted: it has not been validated yet."""
    for path in _TEMPLATES:
        spec = _mapping(_at(found, *path, "spec"))
        if "containers" in spec or "initContainers" in spec or "ephemeralContainers" in spec:
            names = tuple(_names(spec.get("imagePullSecrets")))
            account = spec.get("serviceAccountName") or spec.get("serviceAccount")
            return PullAccount(account if isinstance(account, str) else DEFAULT, names)
    strategy = _mapping(_at(found, "spec", "strategy"))
    if strategy:
        pulls = [_mapping(_at(strategy, kind, "pullSecret")) for kind in _STRATEGIES]
        account = _at(found, "spec", "serviceAccount")
        secrets = tuple(_names(pulls))
        return PullAccount(account if isinstance(account, str) and account else BUILDER, secrets)
    return PullAccount()


async def keyring(get: Get, namespace: str, puller: PullAccount) -> Keyring:
    """The logins in all of the secrets; one that is absent or unreadable has none."""
    names = [*puller.secrets]
    account = await get("serviceaccounts", namespace, puller.account)
    names += _names((account or {}).get("imagePullSecrets"))
    files: list[Credentials] = []
    for name in dict.fromkeys(names[:_MOST_SECRETS]):
        secret = await get("secrets", namespace, name)
        if secret is not None:
            files.append(secrets.read(secret))
    return Keyring(files)


def _at(found: Any, *path: str) -> Any:
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _names(references: Any) -> Iterator[str]:
    for one in references if isinstance(references, list) else ():
        name = one.get("name") if isinstance(one, dict) else None
        if isinstance(name, str) and name:
            yield name
