"""
Which child of an index stands for it, where a stream takes one image of it.

Pure. The annotations of the tag say what is preferred; then comes what this server runs on, then
amd64 on Linux, which is what most clusters run, then whatever stands first.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from wharfinger.oci import strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Manifest

PREFER_ARCHITECTURE: Final = "importer.image.openshift.io/prefer-arch"
PREFER_SYSTEM: Final = "importer.image.openshift.io/prefer-os"
_MAX_DEPTH: Final = 32
_GO_NAMES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


@dataclass(frozen=True, slots=True)
class Platform:
    """ "" is what anything matches."""

    architecture: str = ""
    system: str = ""

    @classmethod
    def of_tag(cls, annotations: Mapping[str, str]) -> Self:
        return cls(annotations.get(PREFER_ARCHITECTURE, ""), annotations.get(PREFER_SYSTEM, ""))

    @classmethod
    def of_server(cls) -> Self:
        machine = platform.machine()
        return cls(_GO_NAMES.get(machine, machine), sys.platform)

    def __bool__(self) -> bool:
        return bool(self.architecture or self.system)

    def covers(self, other: Platform) -> bool:
        return self.architecture in ("", other.architecture) and self.system in ("", other.system)


COMMON: Final = Platform("amd64", "linux")


def choose(index: Manifest, preferred: Platform, *, server: Platform) -> Digest | None:
    """The child that stands for the index; None if it has none."""
    found = _platforms(index)
    children = [child.digest for child in index.children]
    for wanted in (preferred, server, COMMON):
        for child, its in zip(children, found, strict=True) if wanted else ():
            if wanted.covers(its):
                return child
    return children[0] if children else None


def _platforms(index: Manifest) -> Sequence[Platform]:
    document = strict_json.decode(index.raw, max_depth=_MAX_DEPTH)
    return [_platform(entry.get("platform")) for entry in document.get("manifests") or ()]


def _platform(stated: Any) -> Platform:
    if not isinstance(stated, dict):
        return Platform("unknown", "unknown")
    return Platform(str(stated.get("architecture")), str(stated.get("os")))
