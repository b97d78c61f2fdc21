"""
A `certs.d` tree: for each registry a directory with the authorities that vouch for it, and with the
certificate that a client shows.

Docker, the containers tools and containerd know one layout: what ends in `.crt` is an authority, and
a `.cert` is a client certificate whose key ends in `.key`. Only the end of the name counts: an authority
called `ca.cert` is taken for a client certificate without a key, and Docker then refuses each
request to that registry (`keyless` finds them). https://docs.docker.com/engine/security/certificates/

A directory is named exactly as the registry stands in an image name, port and brackets included. The
grammar of `RegistryHost` has neither "/" nor "..", so it never leads out of the tree.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.site.model import RegistryTrust
from wharfinger.hosts.wanted import Effect, WantedFile
from wharfinger.oci.registry_host import RegistryHost

CLIENT = "wharfinger.cert"
KEY = "wharfinger.key"
REASON = "trust.registries"
OURS = "wharfinger-"
"""How the names of our authorities begin."""


def files(
    root: str,
    trust: Mapping[RegistryHost, RegistryTrust],
    facts: Facts,
    *,
    directory: Callable[[RegistryHost], str] = str,
    effects: tuple[Effect, ...] = (),
    by_name: bool = False,
) -> tuple[WantedFile, ...]:
    """What shall stand below `root`: what the site trusts, and nothing else of ours.

    `directory` names the directory of a registry, for a runtime that asks under another name. An
    authority that somebody else's file there has already is left to that file, unless the runtime
    reads files `by_name`.
    """
    wanted = {
        file.path: file
        for registry, one in trust.items()
        for file in _of_registry(posixpath.join(root, directory(registry)), registry, one, effects)
        if by_name or not held_by_others(file, facts)
    }
    gone = (
        WantedFile(path, None, REASON, effects, secret=path.endswith(".key"))
        for path in ours(root, facts)
        if path not in wanted
    )
    return (*wanted.values(), *gone)


def _of_registry(
    folder: str, registry: RegistryHost, trust: RegistryTrust, effects: tuple[Effect, ...]
) -> Iterator[WantedFile]:
    reason = f"{REASON}: {registry}"
    for authority in trust.authorities:
        yield WantedFile(f"{folder}/{authority_name(authority)}", authority, reason, effects)
    if trust.client is not None:
        yield WantedFile(f"{folder}/{CLIENT}", trust.client.certificate, reason, effects)
        yield WantedFile(
            f"{folder}/{KEY}", trust.client.key, reason, effects, mode=0o600, secret=True
        )


@lru_cache(maxsize=1024)
def authority_name(pem: bytes) -> str:
    """What a file of ours with this authority is called. Remembered, since hosts share them."""
    from wharfinger.hosts import certificates  # it takes a while, and many sites name none

    return certificates.read(pem, "the site")[0].file_name


def ours(root: str, facts: Facts) -> Iterator[str]:
    """The files below `root` that an earlier apply of ours put there."""
    for path in facts.files:
        name = posixpath.basename(path)
        if _is_below(path, root) and (
            name in (CLIENT, KEY) or (name.startswith(OURS) and name.endswith(".crt"))
        ):
            yield path


def held_by_others(wanted: WantedFile, facts: Facts) -> bool:
    """Is the authority in a file beside it that is not ours?"""
    folder, block = posixpath.dirname(wanted.path), (wanted.content or b"").strip()
    return wanted.path.endswith(".crt") and any(
        posixpath.dirname(path) == folder and path.endswith(".crt") and block in found.content
        for path, found in facts.files.items()
        if found.content is not None and not posixpath.basename(path).startswith(OURS)
    )


def keyless(root: str, facts: Facts) -> Iterator[str]:
    """Client certificates below `root` without their key: most often authorities, misnamed."""
    for path in facts.files:
        key = f"{path[: -len('.cert')]}.key"
        if _is_below(path, root) and path.endswith(".cert") and key not in facts.files:
            yield path


def _is_below(path: str, root: str) -> bool:
    """Is it a file in a directory of the tree?"""
    return posixpath.dirname(posixpath.dirname(path)) == root
