"""
Which token service may see a login: a decision from two origins.

A registry answers 401 and names a URL, the realm, where a token is to be fetched with the user's name
and password. Whoever can make the registry say so names any URL (CVE-2026-33540: a pull-through cache
sent the upstream's password wherever the upstream pointed). So the login goes only

- to the registry's own origin: same scheme, host and port; it could ask for the password itself; or
- with TLS and a certificate that holds, to another port of the same host, to a domain that the
  registry's host is below (`registry.gitlab.com` names `gitlab.com`), to Docker Hub's own service for
  Docker Hub, or to a host that the user has named for this.

Any other realm that has TLS is asked without a login. One without TLS on another origin is not asked.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto
from typing import Final

from wharfinger.oci.reference import HUBS
from wharfinger.remote.origin import Origin

HUB_REALM: Final = "auth.docker.io"


class Realm(Enum):
    WITH_LOGIN = auto()
    ANONYMOUS = auto()
    REFUSED = auto()


def judge(registry: Origin, realm: Origin, *, named: Collection[str] = ()) -> Realm:
    """May the login for `registry` go to `realm`? `named` are hosts that the user vouches for."""
    if realm == registry:
        return Realm.WITH_LOGIN
    if realm.scheme != "https":
        return Realm.REFUSED
    hub = registry.host in HUBS and realm.host == HUB_REALM
    if hub or realm.host in named or realm.host == registry.host or _is_above(realm, registry):
        return Realm.WITH_LOGIN
    return Realm.ANONYMOUS


def _is_above(realm: Origin, registry: Origin) -> bool:
    """Is the realm's host a domain of two labels or more that the registry's host is below?"""
    names = not realm.is_address and not registry.is_address and "." in realm.host
    return names and registry.host.endswith(f".{realm.host}")
