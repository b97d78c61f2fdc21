"""
The keys of daemon.json that dockerd does not forget.

On SIGHUP dockerd takes the lists of registries that stand in its file. For a list whose key is gone
it goes on with what it had, as seen with 20.10: so a file that is back to what it was before would
leave a registry insecure. Shown the key as an empty list first, it forgets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.states import State

_INSECURE: Final = "insecure-registries"
_MIRRORS: Final = "registry-mirrors"
LOOPBACK: Final = frozenset({"127.0.0.0/8", "::1/128"})
"""What dockerd lists as insecure by itself."""


def insecure(info: Mapping[str, Any]) -> set[str]:
    """What the daemon that gives this `GET /info` takes for insecure."""
    registries = info.get("RegistryConfig") or {}
    indexes = registries.get("IndexConfigs") or {}
    networks = {*(registries.get("InsecureRegistryCIDRs") or [])} - LOOPBACK
    return networks | {name for name, index in indexes.items() if not index.get("Secure")}


def mirrors(info: Mapping[str, Any]) -> set[str]:
    """The mirrors that it asks, without the slash that it adds."""
    registries = info.get("RegistryConfig") or {}
    return {mirror.rstrip("/") for mirror in registries.get("Mirrors") or []}


def kept(info: Mapping[str, Any], file: State) -> list[str]:
    """The keys that the daemon still has something of, and that are not in its file."""
    document = _document(file)
    if document is None:
        return []
    has = {_INSECURE: insecure(info), _MIRRORS: mirrors(info)}
    return [key for key, values in has.items() if values and key not in document]


def emptied(file: State) -> State | None:
    """The file with an empty list for each of these keys that it lacks; `None` if it lacks none, or
    is not one that dockerd would read."""
    document = _document(file)
    lacking: dict[str, list[str]] = {
        key: [] for key in (_INSECURE, _MIRRORS) if key not in (document or {})
    }
    if document is None or not lacking:
        return None
    content = json.dumps({**document, **lacking}).encode()
    if file.kind == "absent":
        return states.file(file.path, content, mode=0o644, uid=0, gid=0)
    return replace(file, content=content, digest=states.digest(content))


def is_emptied(found: State, file: State) -> bool:
    """Is `found` what a killed reload has left of `file`?"""
    shown = emptied(file)
    return shown is not None and found.is_as(shown)


def _document(file: State) -> dict[str, Any] | None:
    if file.kind == "absent":
        return {}
    try:
        document = json.loads(file.content or b"{}")
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
