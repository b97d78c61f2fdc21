"""
What registries have that matches a term, all of them asked at once.

Two ways lead there. `GET /v1/search` is the old one, which Docker Hub and some others serve. Where it
is not, the list of repositories (`GET /v2/_catalog`) is read page by page and held against the term,
where the registry allows that. Answers, pages, texts and time are bounded, and a page that would lead to
another origin is not asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from wharfinger.oci.credentials import Credential
from wharfinger.oci.reference import HUB, HUB_V1, ImageReference, InvalidReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote.endpoint import Endpoint
from wharfinger.remote.errors import (
    LoginNeeded,
    NoAnswer,
    NotAllowed,
    NotUnderstood,
    RemoteError,
    ServerFailed,
)
from wharfinger.remote.exchange import Answer, Follow, Request, document
from wharfinger.remote.pages import next_page
from wharfinger.remote.registries import Registries

AT_ONCE: Final = 32
PAGE: Final = 1_000
PAGES: Final = 50
TEXT: Final = 500
"""Characters of a description."""

_CATALOG: Final = ("registry:catalog:*",)


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


@dataclass(frozen=True, slots=True)
class Peer:
    """A registry that is asked."""

    registry: RegistryHost
    login: Credential | None = None
    insecure: bool = False


async def every(
    registries: Registries, peers: Sequence[Peer], term: str, *, limit: int, seconds: float
) -> list[Matches | RemoteError]:
    """The answer of each, in their order, or the error in its place; none takes longer than `seconds`
    once it is asked.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def ask(peer: Peer) -> Matches | RemoteError:
        async with places:
            try:
                async with asyncio.timeout(seconds):
                    return await search(registries, peer, term, limit=limit)
            except RemoteError as error:
                return error
            except TimeoutError:
                remedy = "give a longer --timeout"
                reason = f"no answer within {seconds:g} s"
                return NoAnswer(str(peer.registry), reason, remedy=remedy)

    return await asyncio.gather(*map(ask, peers))


async def search(registries: Registries, peer: Peer, term: str, *, limit: int) -> Matches:
    """Ask one registry. Raise `RemoteError`; how long it takes is for the caller to bound."""
    hub = peer.registry == RegistryHost(HUB)
    endpoint = registries.endpoint(
        RegistryHost(HUB_V1) if hub else peer.registry,
        logins=[] if peer.login is None else [peer.login],
        insecure=peer.insecure,
    )
    answer = await _v1(endpoint, f"/v1/search?{urlencode({'q': term, 'n': limit})}")
    if answer is not None:
        found = tuple(_v1_matches(peer.registry, answer))
        return Matches(found[:limit], cut=len(found) > limit)
    if hub:
        raise NotUnderstood(endpoint.place, "it does not answer to a search")
    return await _of_catalog(endpoint, peer.registry, term, limit)


async def _v1(endpoint: Endpoint, target: str) -> list[Any] | None:
    """The results of the old search, `None` where a registry has none."""
    try:
        answer = await endpoint.ask(Request(target=target, follow=Follow.HERE), seconds=None)
        found = document(answer.body, endpoint.place)
    except (LoginNeeded, NotAllowed, NotUnderstood, ServerFailed):
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


async def _of_catalog(endpoint: Endpoint, host: RegistryHost, term: str, limit: int) -> Matches:
    found: list[Match] = []
    target: str | None = f"/v2/_catalog?{urlencode({'n': PAGE})}"
    for _ in range(PAGES):
        assert target is not None
        request = Request(target=target, scopes=_CATALOG, follow=Follow.HERE)
        answer = await endpoint.ask(request, seconds=None)
        if answer.status != HTTPStatus.OK:
            raise endpoint.unexpected(answer.status, target)
        found += _holding(term, host, _repositories(answer, endpoint.place))
        target = next_page(endpoint, target, answer)
        if target is None or len(found) > limit:
            break
    return Matches(tuple(found[:limit]), cut=target is not None or len(found) > limit)


def _repositories(answer: Answer, place: str) -> list[Any]:
    listed = document(answer.body, place)
    found = listed.get("repositories", "") if isinstance(listed, dict) else ""
    if found is None:  # an empty catalog, as some registries write it
        return []
    if not isinstance(found, list):
        raise NotUnderstood(place, "its catalog is no list of repositories")
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
