"""
How much of a fleet may be out of service at once.

    amount = number | number "%"        "2", "10%"

An amount in percent is of the whole, rounded down, and at least one: with less than one nothing could
ever be maintained. The whole is the nodes that are maintained together, or those of them with the same
value of a label. Pure; who may start is decided in `waves.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from wharfinger.errors import BadInput

_AMOUNT: Final = re.compile(r"([0-9]{1,9})(%?)")


class InvalidLimit(BadInput):
    code = "invalid-limit"


@dataclass(frozen=True, slots=True)
class Amount:
    number: int
    percent: bool = False

    def __post_init__(self) -> None:
        if self.number < 1 or (self.percent and self.number > 100):
            raise InvalidLimit(
                f"cannot have {str(self)!r} nodes out of service at once",
                remedy="write a number from 1 on, or from 1% to 100%",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        found = _AMOUNT.fullmatch(text.strip())
        if found is None:
            raise InvalidLimit(
                f"cannot read {text!r} as an amount of nodes",
                remedy='write a number or a percentage, as "2" or "10%"',
            )
        return cls(int(found[1]), bool(found[2]))

    def of(self, whole: int) -> int:
        return max(1, whole * self.number // 100) if self.percent else self.number

    def __str__(self) -> str:
        return f"{self.number}%" if self.percent else str(self.number)


ONE: Final = Amount(1)


class Order(StrEnum):
    """Of the values of the label that a limit is held by."""

    IN_TURN = "in-turn"
    """The nodes of one value are all done before one of the next value starts."""
    SIDE_BY_SIDE = "side-by-side"


@dataclass(frozen=True, slots=True)
class Limits:
    max_unavailable: Amount = ONE
    per: str = ""
    """A label of nodes, as `topology.kubernetes.io/zone`: the limit holds within each of its values."""
    canary: int = 0
    """So many nodes go first, each of them alone."""
    order: Order = Order.IN_TURN

    def __post_init__(self) -> None:
        if self.canary < 0:
            raise InvalidLimit("cannot have less than no canaries", remedy="write 0 or more")
