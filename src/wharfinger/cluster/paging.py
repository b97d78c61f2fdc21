"""
Lists in pages, all pages of one list as of one revision.

The token that goes on with a list holds that revision and the last name delivered, never
anything that widens what the caller may see. When the revision is forgotten, the client gets
`Expired` with a token that goes on from the same name in the present.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import msgspec

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import BadRequest, Expired, RevisionTooLarge
from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.options import ListOptions
from wharfinger.cluster.selector import Selector
from wharfinger.cluster.states import States

_TOO_OLD: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)
_PRESENT: Final = -1


@dataclass(frozen=True, slots=True)
class Page:
    """`remaining` is None where it is not known: at the end, or under a selector."""

    items: Sequence[Object]
    revision: int
    continue_token: str = ""
    remaining: int | None = None


class Continuation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a list goes on: after this name, as of this revision (-1: the present)."""

    rv: int
    namespace: str
    name: str

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str) -> Self:
        padded = token + "=" * (-len(token) % 4)
        try:
            found = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True), type=cls)
        except (binascii.Error, ValueError, msgspec.DecodeError) as error:
            raise BadRequest(f"continue key is not valid: {error}") from None
        if found.rv < _PRESENT:
            raise BadRequest("continue key is not valid: incorrect encoded start resourceVersion")
        return found


def read(
    cache: Cache, resource: GroupResource, namespace: str | None, options: ListOptions
) -> Page:
    """The page that `options` asks for."""
    if options.limit < 0:
        raise BadRequest(f"invalid limit {options.limit}: must not be negative")
    if not options.continue_token:
        revision, objects = _first(cache, resource, namespace, options)
        return cut(objects, revision, options)
    if options.resource_version not in ("", "0"):
        raise BadRequest("specifying resource version is not allowed when using continue")
    goes_on = Continuation.parse(options.continue_token)
    revision, objects = _then(cache, resource, namespace, goes_on)
    return cut(objects, revision, options)


def cut(objects: Sequence[Object], revision: int, options: ListOptions) -> Page:
    """Select from `objects` and cut at the limit."""
    selector = options.selector
    selected = _selected(objects, selector) if selector else objects
    if not options.limit or len(selected) <= options.limit:
        return Page(selected, revision)
    items = selected[: options.limit]
    token = str(Continuation(revision, *_names(items[-1])))
    return Page(items, revision, token, None if selector else len(selected) - options.limit)


def parse_revision(text: str) -> int:
    """A resourceVersion that a client sent back to us."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest(f'invalid resource version "{text}": must be a whole number')
    return int(text)


def require_reached(cache: Cache, resource_version: str) -> None:
    """Raise unless we have come as far as the client has seen."""
    if resource_version and (asked := parse_revision(resource_version)) > cache.revision:
        raise RevisionTooLarge(asked, cache.revision)


def _first(
    cache: Cache, resource: GroupResource, namespace: str | None, options: ListOptions
) -> tuple[int, Sequence[Object]]:
    match = options.resource_version_match
    if match not in ("", "Exact", "NotOlderThan"):
        raise BadRequest(f'resourceVersionMatch: Unsupported value: "{match}"')
    if match and not options.resource_version:
        raise BadRequest(
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
            "unless resourceVersion is provided"
        )
    require_reached(cache, options.resource_version)
    if match != "Exact":
        return cache.revision, cache.list(resource, namespace)
    revision = parse_revision(options.resource_version)
    if revision == 0:
        raise BadRequest(
            'resourceVersionMatch: Forbidden: "Exact" is forbidden for resourceVersion "0"'
        )
    return revision, cache.list_at(resource, revision, namespace)


def _then(
    cache: Cache, resource: GroupResource, namespace: str | None, goes_on: Continuation
) -> tuple[int, Sequence[Object]]:
    after = (goes_on.namespace, goes_on.name)
    if goes_on.rv == _PRESENT:
        return cache.revision, cache.list(resource, namespace, after=after)
    try:
        return goes_on.rv, cache.list_at(resource, goes_on.rv, namespace, after=after)
    except Expired:
        instead = Continuation(_PRESENT, goes_on.namespace, goes_on.name)
        raise Expired(_TOO_OLD, str(instead)) from None


def _selected(objects: Sequence[Object], selector: Selector) -> Sequence[Object]:
    if isinstance(objects, States):
        return objects.where(selector.matches)
    return [obj for obj in objects if selector.matches(obj)]


def _names(obj: Object) -> tuple[str, str]:
    metadata = obj["metadata"]
    return (metadata.get("namespace", ""), metadata["name"])
