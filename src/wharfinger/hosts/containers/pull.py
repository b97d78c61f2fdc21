"""
What the tools will do when they are asked for an image: which names they try, where they ask, and
whether they are allowed to.

A short name is written out by an alias, else by each registry of the search list (Podman, Buildah and
CRI-O; Skopeo takes Docker Hub). For each name `registries.conf` gives the places to ask. A place that
a `[[registry]]` blocks is passed over: the place, and not the name, so a mirror answers for a blocked
registry. What a place has is then judged by `policy.json`, by the name that was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from wharfinger.hosts.containers import policy, registries
from wharfinger.hosts.containers.policy import Policy, Section
from wharfinger.hosts.containers.registries import ENFORCING, Registries, Registry
from wharfinger.hosts.formats.registries_conf import Named, Place
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.oci.reference import DEFAULT_TAG, HUB, HUB_V1, ImageReference, InvalidReference


@dataclass(frozen=True, slots=True)
class Files:
    """All that decides, read once."""

    registries: Registries
    policy: Policy
    remembered: Mapping[str, Named] = field(default_factory=dict)


def read(facts: Facts) -> Files:
    """Raise `UnreadableFile` where the tools would refuse a file."""
    return Files(registries.read(facts), policy.read(facts), registries.remembered_aliases(facts))


@dataclass(frozen=True, slots=True)
class Source:
    """A place that is asked, with the name the image has there; `blocked` is what forbids to ask.

    The tools give up at once if one of the names is none: a mirror for `a.test` makes `b.test/hub:5000`
    out of `a.test:5000`.
    """

    name: str
    insecure: bool
    place: Place | None = None
    blocked: Registry | None = None

    @property
    def is_name(self) -> bool:
        try:
            return bool(ImageReference.parse(self.name).registry)
        except InvalidReference:
            return False

    @property
    def host(self) -> str:
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One full name: where it is asked for, and what decides on it."""

    image: ImageReference
    sources: tuple[Source, ...]
    section: Section

    @property
    def blocked(self) -> Registry | None:
        """What forbids the last place where it could be had; `None` if one may be asked."""
        blocked = [source.blocked for source in self.sources]
        return blocked[-1] if all(blocked) else None

    @property
    def misnamed(self) -> Source | None:
        """The first source whose name is none."""
        return next((source for source in self.sources if not source.is_name), None)

    @property
    def allowed(self) -> bool:
        return self.misnamed is None and self.blocked is None and not self.section.refuses


@dataclass(frozen=True, slots=True)
class Names:
    """The full names that an image name stands for, in order. `asks` means that the tools let a
    person choose, and refuse where there is no terminal.
    """

    images: tuple[ImageReference, ...]
    place: Place | None = None
    asks: bool = False


def names(files: Files, image: ImageReference) -> Names:
    """Write a name out. Without an alias and a search list there is none."""
    image = _named(image)
    if image.registry:
        return Names((written_out(image),))
    alias = files.remembered.get(image.repository) or files.registries.aliases.get(image.repository)
    if alias is not None and alias.name:
        target = ImageReference.parse(alias.name)
        return Names((written_out(replace(target, tag=image.tag, id=image.id)),), alias.place)
    hosts = files.registries.search or ()
    found = tuple(written_out(replace(image, registry=host.name.rstrip("/"))) for host in hosts)
    mode = files.registries.mode
    asks = len(found) > 1 and mode is not None and mode.name == ENFORCING
    return Names(found, hosts[0].place if hosts else None, asks)


def attempt(files: Files, image: ImageReference) -> Attempt:
    """What comes of one name that is written out."""
    name = f"{image.registry}/{image.repository}"
    found = files.registries.find(name) or registries.plain(name)
    sources = (
        _source(files, found.rewritten(name, endpoint), endpoint.insecure, found.place)
        for endpoint in found.endpoints(digest=bool(image.id))
    )
    return Attempt(image, tuple(sources), files.policy.section(image))


def _source(files: Files, name: str, insecure: bool, place: Place | None) -> Source:
    there = files.registries.find(name)
    blocked = there if there is not None and there.blocked else None
    return Source(name, insecure, place, blocked)


_LIBRARY: Final = "library"


def written_out(image: ImageReference) -> ImageReference:
    """The name as the library compares it: with registry, namespace, and a tag or else a digest.

    A host in capitals stays so.
    """
    registry = HUB if image.registry in ("", HUB_V1) else image.registry
    namespace = image.namespace or (_LIBRARY if registry == HUB else "")
    tag = "" if image.id else image.tag or DEFAULT_TAG
    return replace(image, registry=registry, namespace=namespace, tag=tag)


def _named(image: ImageReference) -> ImageReference:
    """`quay.io` alone is a short name to these tools, and so is `localhost:5000` with its tag."""
    if image.name:
        return image
    name, _, tag = image.registry.partition(":")
    return ImageReference(name=name, tag=tag)
