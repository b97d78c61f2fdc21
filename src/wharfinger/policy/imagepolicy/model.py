"""
What a decision on images is asked with, what it may look up, and what it answers.

The decision itself (`decision.py`) is the same for our own API, for a webhook, for a file; they
differ in the `Lookup` that they bring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wharfinger.oci.reference import ImageReference

Object = dict[str, Any]
"""An object of a Kubernetes API as decoded JSON."""


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of one image: from an `Image` object, or from a manifest and its config."""

    digest: str
    reference: str
    """Where it is, as a pull specification (`dockerImageReference`)."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    config_labels: Mapping[str, str] | None = None
    """Of the image's config (`LABEL` in a Dockerfile); None: nothing is known of the config."""
    config_readable: bool = True
    """False for a config that is there and cannot be decoded."""


@dataclass(frozen=True, slots=True)
class Stream:
    """`local`: a lone name in a pod may mean this stream. `repository` is where its images are
    (`status.dockerImageRepository`), "" if that is not known.
    """

    local: bool
    repository: str


@dataclass(frozen=True, slots=True)
class SignatureKey:
    """A public key, PEM, under the name by which a policy calls it."""

    name: str
    pem: bytes


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """`key` is the name of the key that signed; `reason` says in words why it counts or not."""

    signed: bool
    key: str
    reason: str


class LookupFailed(Exception):
    """An image cannot be found; `message` is the text that a user is shown.

    `absent` names the resource that is not there (`imagestreamtags`, `imagestreams`, `images`), and
    is "" for a failure of another kind: then nobody knows.
    """

    def __init__(self, message: str, *, absent: str = "") -> None:
        super().__init__(message)
        self.message, self.absent = message, absent


class Lookup(Protocol):
    """What a decision may ask of the world. Every method may raise `LookupFailed`."""

    async def stream(self, namespace: str, name: str) -> Stream: ...

    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image:
        """The image that a tag of a stream means now."""
        ...

    async def stream_image(self, namespace: str, name: str, digest: str) -> Image: ...

    async def image(self, digest: str) -> Image:
        """The image of a digest, in whatever repository."""
        ...

    async def remote(self, reference: ImageReference, namespace: str) -> Image:
        """What the registry that the reference names has there, with the secrets of the namespace.

        Asked only where the policy allows it (`Policy.remote`).
        """
        ...

    async def signature(
        self, image: ImageReference, keys: Sequence[SignatureKey], namespace: str
    ) -> SignatureVerdict:
        """Whether one of the keys has signed the digest that `image` names, there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A write that is asked for; `object` and `old` are shared: they are never changed."""

    operation: str
    """CREATE, UPDATE or DELETE."""
    group: str
    resource: str
    subresource: str = ""
    kind: str
    namespace: str
    name: str = ""
    object: Object
    old: Object | None = None
    ignored_rules: frozenset[str] = frozenset()
    """Rules that the annotation of the namespace switches off."""
    validating: bool = False
    """Nothing may be changed any more: what is there is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided on one image of an object."""

    place: str
    """Where it stands, as `spec.containers[0].image`."""
    written: str
    allowed: bool
    rule: str = ""
    """The rule that decided, "" if none did."""
    resolved: str = ""
    """The exact image, as a pull specification; "" if it was not resolved."""
    rewritten: str = ""
    """What stands in its place now; "" if it stays."""
    message: str = ""
    """Of a refusal: the text of the field error that clients of OpenShift know."""
    reason: str = ""
    """Why, in words for a person."""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`object` is the one asked about, with what was rewritten in it."""

    verdicts: tuple[Verdict, ...]
    object: Object
    forbidden: str = ""
    """Set if the object as a whole cannot be judged: the text of a 403."""

    @property
    def allowed(self) -> bool:
        return not self.forbidden and all(one.allowed for one in self.verdicts)

    @property
    def refused(self) -> tuple[Verdict, ...]:
        return tuple(one for one in self.verdicts if not one.allowed)
