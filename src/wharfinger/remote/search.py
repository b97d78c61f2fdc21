"""
What a registry has that matches a term.

Two ways lead there. `GET /v1/search` is the old one, which Docker Hub and some others serve. Where it
is not, the list of repositories (`GET /v2/_catalog`) is read page by page and held against the term,
where the registry allows that. Answers, pages and texts are bounded, and a page that would lead to
another origin is not asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from wharfinger.oci.reference import HUB, HUB_V1, ImageReference, InvalidReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import origin
from wharfinger.remote.errors import LoginNeeded, NotUnderstood
from wharfinger.remote.origin import InvalidAddress
from wharfinger.remote.registry import Peer, Registry, document
from wharfinger.remote.transport import Answer, Deadline

PAGE: Final = 1_000
PAGES: Final = 50
TEXT: Final = 500
"""Characters of a description."""

_NEXT: Final = re.compile(
    r'\s*<([^<>]*)>\s*;(?:[^,]*;)?\s*rel="?next"?\s*(?:[;,]|\Z)', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Match:
    """`image` has its registry filled in, and no tag."""

    image: ImageReference
    description: str = ""
    stars: int = 0
    official: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """`cut` says that the registry has more than we looked at."""

    found: tuple[Match, ...] = field(default_factory=tuple)
    cut: bool = False


def search(
    peer: Peer, term: str, *, limit: int, deadline: Deadline, named: Collection[str] = ()
) -> Matches:
    """Ask one registry. Raise `RemoteError`."""
    hub = peer.registry == RegistryHost(HUB)
    registry = Registry(peer.at(HUB_V1) if hub else peer, deadline, named=named)
    answer = _v1(registry, f"/v1/search?{urlencode({'q': term, 'n': limit})}")
    if answer is not None:
        found = tuple(_v1_matches(peer.registry, answer))
        return Matches(found[:limit], cut=len(found) > limit)
    if hub:
        raise NotUnderstood(str(registry.origin), "it does not answer to a search")
    return _of_catalog(registry.afresh(), peer.registry, term, limit)


def _v1(registry: Registry, target: str) -> list[Any] | None:
    """The results of the old search, `None` where a registry has none."""
    try:
        answer = registry.get(target)
        found = document(answer, str(registry.origin))
    except (LoginNeeded, NotUnderstood):
        return None
    if answer.status != HTTPStatus.OK:
        return None
    results = found.get("results") if isinstance(found, dict) else None
    return results if isinstance(results, list) else None


def _v1_matches(registry: RegistryHost, results: list[Any]) -> Iterator[Match]:
    for one in results:
        name = one.get("name") if isinstance(one, dict) else None
        image = _image(registry, name)
        if image is not None:
            stars = one.get("star_count")
            yield Match(
                image,
                str(one.get("description") or "")[:TEXT],
                stars if isinstance(stars, int) else 0,
                one.get("is_official") is True,
            )


def _of_catalog(registry: Registry, host: RegistryHost, term: str, limit: int) -> Matches:
    found: list[Match] = []
    target: str | None = f"/v2/_catalog?{urlencode({'n': PAGE})}"
    for _ in range(PAGES):
        assert target is not None
        listed, answer = registry.json(target)
        found += _holding(term, host, _repositories(listed, registry))
        target = _next(registry, target, answer)
        if target is None or len(found) > limit:
            break
    return Matches(tuple(found[:limit]), cut=target is not None or len(found) > limit)


def _repositories(listed: Any, registry: Registry) -> list[Any]:
    found = listed.get("repositories", "") if isinstance(listed, dict) else ""
    if found is None:  # an empty catalog, as some registries write it
        return []
    if not isinstance(found, list):
        raise NotUnderstood(str(registry.origin), "its catalog is no list of repositories")
    return found


def _holding(term: str, host: RegistryHost, names: list[Any]) -> Iterator[Match]:
    wanted = term.lower()
    for name in names:
        if isinstance(name, str) and wanted in name and (image := _image(host, name)) is not None:
            yield Match(image)


def _image(registry: RegistryHost, name: Any) -> ImageReference | None:
    """A repository of `registry`; `None` for a name that nobody could pull."""
    if not isinstance(name, str):
        return None
    try:
        image = ImageReference.parse(f"{registry}/{name.removeprefix(f'{registry}/')}")
    except InvalidReference:
        return None
    return None if image.tag or image.id or not image.name else image


def _next(registry: Registry, target: str, answer: Answer) -> str | None:
    found = _NEXT.match(answer.headers.get("link", ""))
    if found is None:
        return None
    try:
        return origin.within(registry.origin, target, found[1])
    except InvalidAddress:
        raise NotUnderstood(
            str(registry.origin), "its next page is on another host, which is not asked"
        ) from None
