"""
What is known of an image when it is judged, and the ruling on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import LookupFailed
from wharfinger.policy.imagepolicy.names import STREAM_IMAGE, Resolved, shown
from wharfinger.policy.imagepolicy.places import DOCKER_IMAGE, Reference

PROHIBITED: Final = "this image is prohibited by policy"


class Ruling(NamedTuple):
    """What was decided on an image, and why; see `Verdict`."""

    allowed: bool
    rule: str
    reason: str
    message: str = ""
    remedy: str = ""

    @classmethod
    def refusal(cls, rule: str, reason: str, remedy: str) -> Self:
        """Refuse by what OpenShift does not have: the message tells the reason, too."""
        return cls(False, rule, reason, f"{PROHIBITED}: {reason}", remedy)


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a reference when it is judged."""

    reference: Reference
    written: ImageReference | None
    resolved: Resolved | None = None
    failure: LookupFailed | None = None
    rewritten: bool = False

    @property
    def standing(self) -> ImageReference | None:
        """What a runtime will be told to run, None if nobody can say."""
        if self.resolved is None or (self.written is not None and not self.rewritten):
            return self.written
        return self.resolved.spec

    @property
    def pinned(self) -> bool:
        """Whether what stands there is one image for ever."""
        fixed = self.rewritten or self.reference.kind in (DOCKER_IMAGE, STREAM_IMAGE)
        return fixed and self.standing is not None and bool(self.standing.id)

    @property
    def names(self) -> list[ImageReference]:
        """All names of registries that the image goes by. A lone name of a stream is none."""
        if self.resolved is None:
            return [] if self.written is None else [self.written]
        if self.written is None or self.resolved.local:
            return [self.resolved.spec]
        return [self.written, self.resolved.spec]

    @property
    def shown(self) -> str:
        return shown(self.reference.name) or '""'

    @property
    def why_unresolved(self) -> str:
        return (self.failure and self.failure.message) or "there is no such image"


def unresolved_message(failure: LookupFailed) -> str:
    # That nothing was found is a text that is empty: clients of OpenShift compare it.
    return f"{PROHIBITED}: {'' if failure.absent else failure.message}"
