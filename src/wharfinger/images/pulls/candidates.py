"""
Where else the content of a stream may be had: the repositories that its images came from.

Those of the newest events come first, since there the image is most likely still to be; those of older
events only make up for what is missing. A repository that answers with TLS is asked before one that
need not; of equal ones the name decides, so that two of us ask in one order. One insecure tag makes
its whole registry insecure: nobody can say which of its repositories was meant.

Mirrors stand before the place that they mirror. Names of record never change by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.openshift.image_sources import is_insecure
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.policy.import_policy import MirrorRule


@dataclass(frozen=True, slots=True)
class Candidate:
    """A repository, with the image for which the stream knows it."""

    reference: ImageReference
    insecure: bool

    @property
    def repository(self) -> str:
        return self.reference.as_repository().exact()


def of_stream(stream: Object, *, own: Collection[str], older: bool = False) -> list[Candidate]:
    """The repositories of the newest events, or those that only older ones name, in order.

    `own` are the hosts of our registry: it is not asked through itself.
    """
    found = list(_told(stream, own, older=older))
    insecure = {one.reference.registry for one in found if one.insecure}
    newest = {one.repository for one in _told(stream, own, older=False)} if older else set()
    by_name = {
        one.repository: Candidate(one.reference, one.reference.registry in insecure)
        for one in found
        if one.repository not in newest
    }
    return sorted(by_name.values(), key=lambda one: (one.insecure, one.repository))


def mirrored(reference: ImageReference, rules: Sequence[MirrorRule]) -> list[ImageReference]:
    """The repositories to ask for an image, in order; the last is its own unless that is blocked.

    One mirror that cannot be read makes all of them doubtful: then only the source is asked.
    """
    source = reference.with_client_defaults().as_repository()
    repository = source.exact()
    fitting = [rule for rule in rules if f"{repository}/".startswith(f"{rule.source}/")]
    try:
        found = [
            ImageReference.parse(mirror + repository.removeprefix(rule.source))
            for rule in fitting
            for mirror in rule.mirrors
            if reference.id or not rule.digest_only
        ]
    except InvalidReference:
        return [source]
    places = found if any(rule.blocked for rule in fitting) else [*found, source]
    return list(dict.fromkeys(places))


def _told(stream: Object, own: Collection[str], *, older: bool) -> Iterator[Candidate]:
    flagged = {
        tag.get("name"): bool((tag.get("importPolicy") or {}).get("insecure"))
        for tag in (stream.get("spec") or {}).get("tags") or ()
    }
    for tag in (stream.get("status") or {}).get("tags") or ():
        items = tag.get("items") or ()
        insecure = is_insecure(stream) or flagged.get(tag.get("tag"), False)
        for event in items[1:] if older else items[:1]:
            reference = _reference(event)
            if reference is not None and reference.registry not in own:
                yield Candidate(reference.with_client_defaults(), insecure)


def _reference(event: Mapping[str, Any]) -> ImageReference | None:
    try:
        return ImageReference.parse(event.get("dockerImageReference") or "")
    except InvalidReference:
        return None
