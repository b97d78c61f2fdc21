"""
Which secrets a service account uses: pure edits of the account's two lists.

`imagePullSecrets` are for pulling images, `secrets` are what may be mounted, and what builds push
with. An edit keeps the order and everything else; what is so already is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wharfinger.cli.client import Object
from wharfinger.cli.errors import UsageError

PULL = "imagePullSecrets"
MOUNT = "secrets"
_LISTS = {"pull": PULL, "mount": MOUNT}


def add(account: Object, names: Sequence[str], *, pull: bool, mount: bool) -> Object:
    edited = dict(account)
    for key, wanted in ((PULL, pull), (MOUNT, mount)):
        present = list(account.get(key) or ())
        missing = [name for name in dict.fromkeys(names) if {"name": name} not in present]
        if wanted and missing:
            edited[key] = present + [{"name": name} for name in missing]
    return edited


def remove(account: Object, names: Collection[str]) -> Object:
    edited = dict(account)
    for key in (PULL, MOUNT):
        if key in account:
            entries = account[key] or ()
            edited[key] = [entry for entry in entries if entry.get("name") not in names]
    return edited


def linked(account: Object, use: str) -> list[str]:
    """The secrets that an account has for `pull` or for `mount`, in their order."""
    if use not in _LISTS:
        raise UsageError(f"unknown for: {use}", remedy="give pull or mount")
    entries = account.get(_LISTS[use]) or ()
    return [str(entry["name"]) for entry in entries if entry.get("name")]


def secret_name(text: str) -> str:
    """`NAME`, `secret/NAME` or `secrets/NAME`."""
    kind, slash, name = text.partition("/")
    if not slash:
        return text
    if kind not in {"secret", "secrets"}:
        raise UsageError(f'expected resource of type secret, got "{kind}"')
    return name
