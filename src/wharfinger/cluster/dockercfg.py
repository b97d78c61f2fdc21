"""
The `.dockercfg` of a service account's secret: one login under every address of the registry.

Pure. The form is that of OpenShift's controllers, since clients look credentials up in it by the
registry's address as they write it: with the port, and for the default ports without it too. IPv6
addresses are left out, as image names of that form are not understood everywhere.
"""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Iterable, Iterator
from typing import Any

from wharfinger.cluster.kind import Object

KEY = ".dockercfg"
TYPE = "kubernetes.io/dockercfg"
USER = "serviceaccount"
_EMAIL = "serviceaccount@example.org"
_LEGACY_TOKEN = "openshift.io/token-secret.value"  # noqa: S105 - the name of an annotation
_DEFAULT_PORTS = ("443", "80")


def addresses(hosts: Iterable[str]) -> list[str]:
    """Spell the registry's `host[:port]` addresses in every way that a client may."""
    return list(dict.fromkeys(spelled for host in hosts for spelled in _spellings(host)))


def render(hosts: Iterable[str], token: str) -> dict[str, dict[str, str]]:
    """Write the login for these addresses."""
    auth = base64.b64encode(f"{USER}:{token}".encode()).decode()
    login = {"username": USER, "password": token, "email": _EMAIL, "auth": auth}
    return {address: dict(login) for address in addresses(hosts)}


def encode(config: dict[str, dict[str, str]]) -> str:
    """Write the file as a secret holds it."""
    return base64.b64encode(json.dumps(config, separators=(",", ":")).encode()).decode()


def held(secret: Object) -> dict[str, Any]:
    """Read the file that a secret holds; what cannot be read holds nothing."""
    encoded = (secret.get("data") or {}).get(KEY, "")
    try:
        config = json.loads(base64.b64decode(encoded))
    except (ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def token(secret: Object) -> str | None:
    """The token that a secret has: in an annotation (OpenShift 3), or as password of any entry."""
    annotations = secret["metadata"].get("annotations") or {}
    if annotations.get(_LEGACY_TOKEN):
        return str(annotations[_LEGACY_TOKEN])
    entries = [entry for entry in held(secret).values() if isinstance(entry, dict)]
    return next((str(entry["password"]) for entry in entries if entry.get("password")), None)


def _spellings(host: str) -> Iterator[str]:
    name, _, port = _split(host)
    plain = _plain(name)
    if plain is None:
        return
    if not port:
        yield plain
        return
    yield f"{plain}:{port}"
    if port in _DEFAULT_PORTS:
        yield plain


def _split(host: str) -> tuple[str, str, str]:
    """Part a port from a name; an IPv6 address has brackets if a port follows."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, ":", rest.removeprefix(":")
    return (host, "", "") if host.count(":") > 1 else host.partition(":")


def _plain(name: str) -> str | None:
    """The name, an IPv4 address in IPv6 notation as IPv4, and None for other IPv6."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped) if address.ipv4_mapped is not None else None
