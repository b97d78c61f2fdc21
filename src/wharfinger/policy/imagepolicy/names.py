"""
Which image a reference means: through image streams, by its digest, or by asking its registry.

    reference                           looked up as
    ImageStreamTag NAME:TAG             that tag, in its namespace or else that of the request
    ImageStreamImage NAME@DIGEST        that image of the stream
    name with a digest                  the image of the digest, whatever the registry
    name at the integrated registry     the tag of the stream with this namespace and name
    lone name (`mysql`, `mysql:5`)      a tag of a stream in the namespace of the request, if the
                                        stream lets its name be used so
    any name, if the object asks        the same, whatever the stream says
    anything else                       its registry, where the policy allows to ask other registries

A tag that is not there, of a stream that is, resolves to where the stream's images are: so a name does not
fall through to another registry while the first image is still being built.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from wharfinger.oci.image_stream_names import (
    InvalidImageStreamName,
    parse_image_name,
    parse_tag_name,
)
from wharfinger.oci.reference import (
    DEFAULT_TAG,
    ImageReference,
    InvalidReference,
    is_digest,
)
from wharfinger.policy.imagepolicy.model import Image, Lookup, LookupFailed
from wharfinger.policy.imagepolicy.places import DOCKER_IMAGE, Reference

STREAM_TAG: Final = "ImageStreamTag"
STREAM_IMAGE: Final = "ImageStreamImage"
SHOWN_LIMIT: Final = 600
"""No name of an image is as long."""
_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_STREAM: Final = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_OF: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:+.-]{0,255}")
_NO_STREAM: Final = frozenset({"imagestreamtags", "imagestreams"})


@dataclass(frozen=True, slots=True)
class Resolved:
    """`spec` is the exact pull specification."""

    spec: ImageReference
    image: Image | None
    integrated: bool = False
    """A stream of the integrated registry, or that registry itself, says what it is."""
    local: bool = False
    """A name without a registry has been found as that of a stream."""
    assumed: bool = False
    """The name has no registry; the one of a Docker client was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Resolves the references of one object."""

    lookup: Lookup
    namespace: str
    registry: str
    """The integrated one, "" if there is none."""
    forced: bool
    """The object asks that its names mean streams first."""
    remote: bool
    refuse: Callable[[ImageReference], str]
    """Why a registry may not even be asked, "" if it may."""

    async def resolve(self, reference: Reference) -> Resolved:
        """Find the image; raise `LookupFailed`."""
        match reference.kind:
            case "DockerImage":
                return await self._by_name(parse(reference.name))
            case "ImageStreamTag":
                return await self._by_tag_name(reference)
            case "ImageStreamImage":
                return await self._by_image_name(reference)
            case kind:
                raise LookupFailed(
                    f'image policy does not allow image references of kind "{shown(kind)}"'
                )

    async def _by_tag_name(self, reference: Reference) -> Resolved:
        try:
            name, tag = parse_tag_name(reference.name)
        except InvalidImageStreamName:
            raise _form(reference, "NAME:TAG") from None
        return await self._stream_tag(reference.namespace or self.namespace, name, tag)

    async def _by_image_name(self, reference: Reference) -> Resolved:
        try:
            name, digest = parse_image_name(reference.name)
        except InvalidImageStreamName:
            raise _form(reference, "NAME@DIGEST") from None
        namespace = reference.namespace or self.namespace
        _require_names("imagestreamimages", namespace, name, digest)
        image = await self.lookup.stream_image(namespace, name, digest)
        return Resolved(parse(image.reference), image, integrated=True)

    async def _by_name(self, name: ImageReference) -> Resolved:
        if name.id:
            return await self._by_digest(name)
        lone = self.forced or (not name.registry and not name.namespace and bool(name.name))
        if not lone and not self._is_integrated(name):
            return await self._elsewhere(name)
        namespace = self.namespace if self.forced else name.namespace or self.namespace
        tag = name.tag or DEFAULT_TAG
        try:
            return await self._stream_tag(namespace, name.name, tag, lone=lone)
        except _NotMeant as error:
            if self.remote and not self.forced and not self._is_integrated(name):
                return await self._elsewhere(name)
            raise LookupFailed(error.message, absent=error.absent) from None

    async def _by_digest(self, name: ImageReference) -> Resolved:
        try:
            image = await self.lookup.image(name.id)
        except LookupFailed as error:
            if not self.remote or not error.absent or self._is_integrated(name):
                raise
            return await self._elsewhere(name)
        return Resolved(name, image, integrated=self._is_integrated(name))

    async def _stream_tag(
        self, namespace: str, name: str, tag: str, *, lone: bool = False
    ) -> Resolved:
        _require_names("imagestreamtags", namespace, name, tag)
        try:
            image = await self.lookup.stream_tag(namespace, name, tag)
        except LookupFailed as error:
            if error.absent not in _NO_STREAM:
                raise
            return await self._pending(namespace, name, tag, error, lone=lone)
        if lone and not self.forced and not (await self.lookup.stream(namespace, name)).local:
            raise _NotMeant(
                "ImageStreamTag does not allow local references and the resource did not "
                "request image stream resolution"
            )
        where = parse(image.reference)
        spec = ImageReference(where.registry, where.namespace, where.name, id=image.digest)
        return Resolved(spec, image, integrated=True, local=lone)

    async def _pending(
        self, namespace: str, name: str, tag: str, error: LookupFailed, *, lone: bool
    ) -> Resolved:
        """A tag that is not there means the place where it will be, if the stream lends its name."""
        absent = _NotMeant(error.message, absent=error.absent)
        if error.absent != "imagestreamtags":
            raise absent
        try:
            stream = await self.lookup.stream(namespace, name)
        except LookupFailed as failure:
            # Who cannot tell whether there is a stream does not know either what the name means.
            raise absent if failure.absent else error from None
        if not (self.forced or stream.local):
            raise absent
        if not stream.repository:
            raise error
        spec = replace(parse(stream.repository), tag=tag)
        return Resolved(spec, None, integrated=not lone, local=True)

    async def _elsewhere(self, name: ImageReference) -> Resolved:
        if not self.remote or not name.name:
            raise LookupFailed(
                f"({name.exact()}) could not be resolved to an exact image reference"
            )
        full = name if name.registry else name.with_client_defaults()
        if reason := self.refuse(full):
            raise LookupFailed(reason)
        image = await self.lookup.remote(full, self.namespace)
        if not is_digest(image.digest) or name.id not in ("", image.digest):
            raise _nothing(name)
        spec = replace(full, tag="", id=image.digest)
        return Resolved(spec, image, assumed=not name.registry)

    def _is_integrated(self, name: ImageReference) -> bool:
        return is_integrated(name, self.registry)


class _NotMeant(LookupFailed):
    """A lone name is not that of a stream: it may be one of another registry."""


def is_integrated(name: ImageReference, registry: str) -> bool:
    """Whether a name is one at the integrated registry; the comparison is one of texts."""
    return bool(registry) and name.registry == registry


def parse(text: str) -> ImageReference:
    try:
        return _parsed(text)
    except InvalidReference as error:
        raise LookupFailed(error.reason) from None


_parsed = lru_cache(maxsize=4096)(ImageReference.parse)
"""A cluster runs the same images again and again."""


def written(reference: Reference) -> ImageReference | None:
    """What a name says by itself, for whoever has to judge what was not resolved."""
    if reference.kind != DOCKER_IMAGE:
        return None
    try:
        found = _parsed(reference.name)
    except InvalidReference:
        return None
    if found.name:
        return found
    # A lone `quay.io` is a host by the grammar. Runtimes take it for an image of that name at Docker
    # Hub, so it must not pass as one from quay.io.
    name, _, tag = found.registry.partition(":")
    return ImageReference(name=name, tag=tag)


def _nothing(name: ImageReference) -> LookupFailed:
    return LookupFailed(f"the registry of {name.exact()} answered with another image")


def shown(text: str) -> str:
    """A text of somebody else, for a message: of bounded length, and without marks that steer."""
    short = text if len(text) <= SHOWN_LIMIT else f"{text[:SHOWN_LIMIT]}..."
    return short if short.isprintable() else ascii(short)[1:-1]


def _form(reference: Reference, form: str) -> LookupFailed:
    return LookupFailed(f"references of kind {reference.kind} must be of the form {form}")


def _require_names(resource: str, namespace: str, name: str, of: str) -> None:
    """Look nothing up by what can be no name: it would be part of a path somewhere."""
    if not (_NAMESPACE.fullmatch(namespace) and _STREAM.fullmatch(name) and _OF.fullmatch(of)):
        raise _NotMeant(f'{resource} "{shown(name)}" not found', absent=resource)
