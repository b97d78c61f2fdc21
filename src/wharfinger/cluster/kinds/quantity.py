"""
Amounts of a resource, as Kubernetes writes them: `500m`, `2Gi`, `1e3`.

    quantity = [sign] digits ["." digits] [suffix]
    suffix   = "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E"      powers of 1000
             | "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei"                  powers of 1024
             | ("e" | "E") [sign] digits                                a power of 10

The same amount can be written in many ways, so the server writes each in one: no fraction, the
largest suffix of the family that was used. Values are exact, down to one billionth, where they are
rounded away from zero, and end at 2^63 - 1.
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

FORMAT: Final = "quantity"
"""The format of this type in schemas."""

_WORDS: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_GRAMMAR: Final = re.compile(
    r"([+-]?)(\d+\.?\d*|\.\d+)(?:([EPTGMK]i)|([numkMGTPE])|[eE]([+-]?\d{1,3}))?", re.ASCII
)
_LONGEST: Final = 128
_DECIMAL: Final = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL_SUFFIXES: Final = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY_SUFFIXES: Final = {power: suffix for suffix, power in _BINARY.items()}
_NANO: Final = 10**9
_MOST: Final = Fraction((1 << 63) - 1)


def error(value: Any) -> str | None:
    """Say what keeps a value of JSON from being a quantity."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return _WORDS
    return None if _parts(_text(value)) is not None else _WORDS


def amount(value: str | float) -> Fraction:
    """How much it is; only of a value without `error`."""
    return _amount(_text(value))


def canonical(value: str | float) -> str:
    """Write it in its one form."""
    return _canonical(_text(value))


def _text(value: str | float) -> str:
    return value.strip() if isinstance(value, str) else str(value)


def _parts(text: str) -> re.Match[str] | None:
    return _GRAMMAR.fullmatch(text) if len(text) <= _LONGEST else None


# A cluster says the same few amounts again and again, and fractions are slow.
@lru_cache(maxsize=1024)
def _amount(text: str) -> Fraction:
    match = _parts(text)
    assert match is not None
    sign, digits, binary, decimal, exponent = match.groups()
    size = Fraction(digits.removesuffix("."))
    if binary is not None:
        size *= Fraction(1024) ** _BINARY[binary]
    else:
        size *= Fraction(10) ** (int(exponent) if exponent else _DECIMAL[decimal or ""])
    size = min(_rounded_up(size), _MOST)
    return -size if sign == "-" else size


@lru_cache(maxsize=1024)
def _canonical(text: str) -> str:
    match = _parts(text)
    assert match is not None
    size = _amount(text)
    if size == 0:
        return "0"
    if match[3] is not None and size.denominator == 1 and abs(size) >= 1024:
        return _in_binary(int(size))
    power = _power_of_1000(size)
    mantissa = int(size / Fraction(10) ** power)
    if match[5] is not None:
        return f"{mantissa}e{power}" if power else str(mantissa)
    return f"{mantissa}{_DECIMAL_SUFFIXES[power]}"


def _rounded_up(size: Fraction) -> Fraction:
    return Fraction(-(-size.numerator * _NANO // size.denominator), _NANO)


def _in_binary(size: int) -> str:
    power = 0
    while size % 1024 == 0 and power < max(_BINARY_SUFFIXES):
        size //= 1024
        power += 1
    return f"{size}{_BINARY_SUFFIXES[power]}" if power else str(size)


def _power_of_1000(size: Fraction) -> int:
    """Find the largest power of 1000, as one of 10, that leaves no fraction."""
    return next(
        power
        for power in range(max(_DECIMAL_SUFFIXES), -10, -3)
        if (size / Fraction(10) ** power).denominator == 1
    )
