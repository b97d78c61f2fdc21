"""What each statement of a site means for its hosts, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from wharfinger.hosts.site.model import Insecure, Registries, RegistryTrust, Site
from wharfinger.hosts.site.storage import RootVolume, Storage, ThinPool
from wharfinger.policy.access import ALL

UNSAID: Final = "not said: hosts keep what they have"


def of(site: Site) -> Iterator[tuple[str, str]]:
    """Each statement that a site can make, by its place in the file, and its meaning."""
    lists = site.registries
    yield "registries.search", _search(lists)
    yield "registries.allow", _allow(lists)
    yield "registries.block", _block(lists)
    yield "registries.insecure", UNSAID if lists.insecure is None else _insecure(lists.insecure)
    yield "registries.mirrors", _mirrors(lists)
    yield "registries.shortNames", UNSAID if lists.short_names is None else lists.short_names
    yield "trust.registries", _trust(site)
    system = site.trust.system
    yield (
        "trust.system",
        UNSAID if system is None else f"{_count(len(system), 'authority')} of ours",
    )
    yield from _storage(site.storage)
    for name in site.later:
        yield name, "kept for other commands; no host changes by it"


def _search(lists: Registries) -> str:
    if lists.search is None:
        return UNSAID
    return _listed(lists.search, ", then ") or "none: an image has to be named with its registry"


def _allow(lists: Registries) -> str:
    if lists.allow is None:
        return "not said: what is not blocked is allowed" if lists.access else UNSAID
    return f"only {_listed(lists.allow)}" if lists.allow else "nothing at all"


def _block(lists: Registries) -> str:
    if lists.block is None:
        return UNSAID if lists.allow is None else "not said: allow decides"
    named = _listed(lists.block)
    if not lists.block_all:
        return named or "none"
    beside = f"; {named} even then" if named else ""
    return f"{ALL}: everything that allow does not list{beside}"


def _insecure(insecure: Insecure) -> str:
    networks = _listed(insecure.networks)
    named = _listed(insecure.registries)
    told = (named, f"network {networks} (Docker only)" if networks else "")
    return _listed(part for part in told if part) or "none: each registry proves who it is"


def _mirrors(lists: Registries) -> str:
    if lists.mirrors is None:
        return UNSAID
    told = (
        f"{pattern} by {_listed((mirror.location for mirror in mirrors), ', then ') or 'nobody'}"
        for pattern, mirrors in lists.mirrors.items()
    )
    return "; ".join(told) or "none"


def _trust(site: Site) -> str:
    if site.trust.registries is None:
        return UNSAID
    told = (f"{registry} ({_of_one(trust)})" for registry, trust in site.trust.registries.items())
    return ", ".join(told) or "none of ours"


def _of_one(trust: RegistryTrust) -> str:
    client = "" if trust.client is None else ", client certificate"
    return _count(len(trust.authorities), "authority") + client


def _storage(storage: Storage | None) -> Iterator[tuple[str, str]]:
    if storage is None:
        yield "storage", UNSAID
        return
    yield "storage.driver", storage.driver or UNSAID
    group = f"{storage.volume_group} of " if storage.volume_group else ""
    disks = _listed(storage.devices) or "the disks that it has"
    yield "storage.volumeGroup", f"{group}{disks}" if group else UNSAID
    yield "storage.thinPool", UNSAID if storage.thin_pool is None else _pool(storage.thin_pool)
    yield (
        "storage.rootVolume",
        UNSAID if storage.root_volume is None else _volume(storage.root_volume),
    )


def _pool(pool: ThinPool) -> str:
    extend = pool.auto_extend
    grows = (
        "never grows by itself"
        if extend is None
        else f"grows by {extend.percent}% of itself once {extend.threshold}% are full"
    )
    return f"{pool.name}, {pool.data_size}; {grows}"


def _volume(volume: RootVolume) -> str:
    return f"{volume.name}, {volume.size}, {volume.filesystem} at {volume.mount_path}"


def _listed(values: Iterable[object], between: str = ", ") -> str:
    return between.join(map(str, values))


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number or 'no'} {noun.removesuffix('y')}ies"
