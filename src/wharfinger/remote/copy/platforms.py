"""
Which image of an index is for a machine: the first whose operating system and architecture are those
that are wanted, and whose variant is, where both say one.

    platform := os "/" architecture ["/" variant]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from wharfinger.errors import BadInput, NotFound
from wharfinger.oci import strict_json
from wharfinger.oci.digest import Digest
from wharfinger.remote.repository import RemoteManifest

_GRAMMAR: Final = re.compile(r"([a-z0-9]{1,32})/([a-z0-9_]{1,32})(?:/([a-z0-9.]{1,32}))?")
_MACHINES: Final = {
    "x86_64": "linux/amd64",
    "aarch64": "linux/arm64",
    "armv7l": "linux/arm/v7",
    "armv6l": "linux/arm/v6",
    "i686": "linux/386",
}
_TOLD: Final = 20


class InvalidPlatform(BadInput):
    code = "invalid-platform"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"cannot read {text[:100]!r} as a platform",
            remedy="write it as os/architecture[/variant], as in linux/arm64",
        )


@dataclass(frozen=True, slots=True)
class Platform:
    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _GRAMMAR.fullmatch(text)
        if match is None:
            raise InvalidPlatform(text)
        return cls(match[1], match[2], match[3] or "")

    @classmethod
    def of_machine(cls, machine: str) -> Self:
        """What `uname -m` says, in the words of images."""
        return cls.parse(_MACHINES.get(machine, f"linux/{machine}"))

    def __str__(self) -> str:
        variant = f"/{self.variant}" if self.variant else ""
        return f"{self.os}/{self.architecture}{variant}"

    def serves(self, wanted: Platform) -> bool:
        same = (self.os, self.architecture) == (wanted.os, wanted.architecture)
        return same and (not self.variant or not wanted.variant or self.variant == wanted.variant)


class NoSuchPlatform(NotFound):
    """`there` are those that the index has."""

    code = "no-such-platform"

    def __init__(self, wanted: Platform, there: tuple[str, ...]) -> None:
        super().__init__(
            f"cannot find an image for {wanted}: the index has {', '.join(there) or 'none'}",
            remedy="choose one with --platform, or copy all with --all",
        )
        self.wanted, self.there = wanted, there


def choose(index: RemoteManifest, wanted: Platform) -> Digest:
    """The image for a platform. Raise `NoSuchPlatform`."""
    every = list(_platforms(strict_json.decode(index.raw)))
    for digest, platform in every:
        if platform.serves(wanted):
            return digest
    there = dict.fromkeys(str(platform) for _, platform in every)
    raise NoSuchPlatform(wanted, tuple(there)[:_TOLD])


def _platforms(document: Any) -> Iterator[tuple[Digest, Platform]]:
    for entry in document["manifests"]:
        stated = entry.get("platform")
        if isinstance(stated, dict):
            words = [stated.get(key) or "" for key in ("os", "architecture", "variant")]
            yield Digest.parse(entry["digest"]), Platform(*map(str, words))
