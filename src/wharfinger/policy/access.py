"""
May this image be pulled or pushed, by the site's allow and block lists?

The most exact pattern that covers an image decides; of two equally exact ones the block does. What
none covers is decided by the lists as a whole: an allow list that is there means "only these", and
so does `all` on the block list; with neither, what is not blocked is allowed.

Part of what is shipped to hosts: standard library only, Python 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from wharfinger.errors import BadInput
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.patterns import RegistryPattern, registry_of

ALL: Final = "all"
"""On a block list: everything that the allow list does not cover."""


@dataclass(frozen=True)
class AccessVerdict:
    """`rule` is the line that decides, as `list: pattern`, and empty where none did."""

    allowed: bool
    image: str
    rule: str
    reason: str


@dataclass(frozen=True)
class AccessPolicy:
    """`allow` is `None` where the site has no allow list; an empty one allows nothing."""

    allow: tuple[RegistryPattern, ...] | None = None
    block: tuple[RegistryPattern, ...] = ()
    block_all: bool = False

    @classmethod
    def from_lists(cls, allow: list[str] | None, block: list[str]) -> AccessPolicy:
        patterns = tuple(RegistryPattern.parse(line) for line in block if line != ALL)
        allowed = None if allow is None else tuple(map(RegistryPattern.parse, allow))
        return cls(allowed, patterns, ALL in block)

    @classmethod
    def from_json(cls, document: Any) -> AccessPolicy:
        """Read what `to_json` wrote; raise `InvalidAccessPolicy` for anything else."""
        if not isinstance(document, dict) or set(document) != {"allow", "block"}:
            raise InvalidAccessPolicy("it has to be an object with `allow` and `block`")
        allow, block = document["allow"], document["block"]
        if not _strings(block) or not (allow is None or _strings(allow)):
            raise InvalidAccessPolicy("`allow` and `block` have to be lists of text")
        return cls.from_lists(allow, block)

    def to_json(self) -> dict[str, list[str] | None]:
        block = [ALL] if self.block_all else []
        block += map(str, self.block)
        return {"allow": None if self.allow is None else [*map(str, self.allow)], "block": block}

    @property
    def closed(self) -> bool:
        """Is what no pattern covers blocked?"""
        return self.block_all or self.allow is not None

    def decide(self, image: ImageReference) -> AccessVerdict:
        """Judge an image whose registry is filled in."""
        blocked = _closest(self.block, image)
        allowed = _closest(self.allow or (), image)
        if blocked is not None and (allowed is None or allowed.rank <= blocked.rank):
            return _verdict(image, f"block: {blocked}", allowed=False)
        if allowed is not None:
            return _verdict(image, f"allow: {allowed}", allowed=True)
        if self.block_all:
            return _verdict(image, f"block: {ALL}", allowed=False, beside=", not on allow")
        if self.allow is not None:
            return _verdict(image, "allow", allowed=False, beside=", which does not list it")
        return AccessVerdict(
            allowed=True, image=image.full(), rule="", reason="no site rule speaks of it"
        )


class InvalidAccessPolicy(BadInput):
    code = "invalid-access-policy"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"cannot read the compiled access policy: {reason}",
            remedy="let `wharf hosts apply` write it again",
        )


def _closest(
    patterns: tuple[RegistryPattern, ...], image: ImageReference
) -> RegistryPattern | None:
    return max(
        (one for one in patterns if one.covers(image)), key=lambda one: one.rank, default=None
    )


def _verdict(image: ImageReference, rule: str, *, allowed: bool, beside: str = "") -> AccessVerdict:
    what = "allowed" if allowed else "blocked"
    reason = f"{registry_of(image)} is {what} by site rule {rule}{beside}"
    return AccessVerdict(allowed=allowed, image=image.full(), rule=rule, reason=reason)


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
