"""
Digests: the name of some bytes, derived from nothing but the bytes.

    digest := "sha256:" 64 HEX | "sha512:" 128 HEX        HEX := [0-9a-f]

https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests allows other
algorithms; these two are the registered ones that are safe. Uppercase digits are refused there
and here, so that one content has one spelling, and a digest is safe as a file name.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from wharfinger.oci.errors import InvalidDigest

if TYPE_CHECKING:
    from hashlib import _Hash

CANONICAL: Final = "sha256"
"""The algorithm used where the client did not choose one."""

_HEX_LENGTH: Final = {"sha256": 64, "sha512": 128}
_GRAMMAR: Final = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _GRAMMAR.fullmatch(text)
        if match is None:
            raise InvalidDigest(text)
        algorithm, _, digits = text.partition(":")
        return cls(algorithm, digits)

    @classmethod
    def of(cls, data: bytes, algorithm: str = CANONICAL) -> Self:
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())

    def matches(self, data: bytes) -> bool:
        return Digest.of(data, self.algorithm) == self

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def hasher(algorithm: str = CANONICAL) -> _Hash:
    """Start hashing with one of the algorithms that a digest may have."""
    if algorithm not in _HEX_LENGTH:
        raise InvalidDigest(algorithm)
    return hashlib.new(algorithm)
