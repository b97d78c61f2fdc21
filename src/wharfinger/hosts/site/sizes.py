"""
Sizes as LVM takes them, read once.

    10G  512M  1.5T  4096s        an amount: b, s (512 bytes), k, m, g, t, p, e, of 1024; without a unit MiB
    40%VG                         a share of the whole volume group
    40%FREE                       a share of what the volume has and what is free

The share of what is free counts what the volume has already, so that the same statement asks for the
same size once it has been fulfilled, and for more once a disk was added. lvextend(8) means only what
is free then, and would grow the volume each time it is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from wharfinger.errors import BadInput

_UNITS: Final = {
    "b": 1,
    "s": 512,
    **{unit: 1024 ** (power + 1) for power, unit in enumerate("kmgtpe")},
}
_AMOUNT: Final = re.compile(
    r"(?P<number>[0-9]{1,19}(?:\.[0-9]{1,6})?)(?P<unit>[bskmgtpe])?(?:i?b)?",
    re.IGNORECASE | re.ASCII,
)
_SHARE: Final = re.compile(r"(?P<percent>[0-9]{1,3})%(?P<of>VG|FREE)", re.ASCII)
_LARGEST: Final = 1 << 63


class InvalidSize(BadInput):
    code = "invalid-size"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"cannot take {text[:60]!r} as a size",
            remedy="write an amount (10G, 512M) or a share (40%FREE, 95%VG)",
        )


@dataclass(frozen=True, slots=True)
class Size:
    """Either `amount` (bytes) or `percent` of `of` ("VG" or "FREE")."""

    amount: int | None = None
    percent: int | None = None
    of: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise `InvalidSize`; zero, and more than 100 percent, are none."""
        if (share := _SHARE.fullmatch(text)) and 0 < int(share["percent"]) <= 100:
            return cls(percent=int(share["percent"]), of=share["of"])
        if (match := _AMOUNT.fullmatch(text)) is None:
            raise InvalidSize(text)
        amount = int(float(match["number"]) * _UNITS[(match["unit"] or "m").lower()])
        if "." not in match["number"]:
            amount = int(match["number"]) * _UNITS[(match["unit"] or "m").lower()]
        if not 0 < amount < _LARGEST:
            raise InvalidSize(text)
        return cls(amount=amount)

    def __str__(self) -> str:
        return f"{self.percent}%{self.of}" if self.amount is None else spelled(self.amount)


def spelled(amount: int) -> str:
    """An amount without loss, in the largest unit that divides it: `10G`, `512M`, `4095b`."""
    for unit in ("e", "p", "t", "g", "m", "k"):
        if amount and amount % _UNITS[unit] == 0:
            return f"{amount // _UNITS[unit]}{unit.upper()}"
    return f"{amount}b"


def readable(amount: int) -> str:
    """An amount for a person, rounded: `3.2G`."""
    for unit in ("e", "p", "t", "g", "m", "k"):
        if amount >= _UNITS[unit]:
            return f"{amount / _UNITS[unit]:.1f}".removesuffix(".0") + unit.upper()
    return f"{amount}b"
