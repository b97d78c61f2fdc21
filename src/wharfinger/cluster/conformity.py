"""
Tell at once whether an object is in order: all fields known, of the right type, none to drop.

Almost every object that is written is. Its schema is made into one function the first time, which
takes a tenth of the time in which `schema.py` finds out what is wrong, and where. It decides nothing
of its own: whatever it does not accept at once is left to `schema.py`, which may find it good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from wharfinger.cluster import schema
from wharfinger.cluster.kinds import quantity

_Judge = Callable[[Any], bool]

_LIMITS: Final = {"int32": 1 << 31, "int64": 1 << 63}
_made: Final[dict[int, tuple[schema.Schema, _Judge]]] = {}
"""By the identity of a schema, which is kept beside so that the identity stays its own."""


def conforms(wanted: schema.Schema, value: Any) -> bool:
    """Whether `schema.validate` would find nothing, and `schema.prune` change nothing."""
    return _judge(wanted)(value)


def _judge(wanted: schema.Schema) -> _Judge:
    known = _made.get(id(wanted))
    if known is None:
        known = _made[id(wanted)] = (wanted, _make(wanted))
    return known[1]


def _make(wanted: schema.Schema) -> _Judge:
    match wanted.get("type"):
        case "object":
            return _object(wanted)
        case "array" if "items" in wanted:
            return _array(_judge(wanted["items"]))
        case "string":
            return _TEXTS.get(wanted.get("format", ""), _is_text)
        case "integer":
            return _integer(_LIMITS.get(wanted.get("format", "")))
        case "boolean":
            return _is_flag
    return _unsure


def _object(wanted: schema.Schema) -> _Judge:
    fields: Mapping[str, _Judge] = {
        name: _judge(below) for name, below in wanted.get("properties", {}).items()
    }
    other: _Judge = _unsure
    if "additionalProperties" in wanted:
        other = _judge(wanted["additionalProperties"])
    elif "x-kubernetes-preserve-unknown-fields" in wanted:
        other = _is_anything

    def judge(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name, item in value.items():  # noqa: SIM110 (a generator takes twice as long here)
            if not fields.get(name, other)(item):
                return False
        return True

    return judge


def _array(item: _Judge) -> _Judge:
    def judge(value: Any) -> bool:
        return type(value) is list and all(map(item, value))

    return judge


def _integer(limit: int | None) -> _Judge:
    def judge(value: Any) -> bool:
        return type(value) is int and (limit is None or -limit <= value < limit)

    return judge


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_base64(value: Any) -> bool:
    return type(value) is str and schema.is_base64(value)


def _is_time(value: Any) -> bool:
    return type(value) is str and schema.is_time(value)


def _is_quantity(value: Any) -> bool:
    """Whether it is an amount in its one form."""
    return (
        type(value) is str and quantity.error(value) is None and quantity.canonical(value) == value
    )


def _is_int_or_text(value: Any) -> bool:
    return type(value) is str or _is_int32(value)


def _is_anything(_: Any) -> bool:
    return True


def _unsure(_: Any) -> bool:
    return False


_is_int32: Final = _integer(_LIMITS["int32"])


_TEXTS: Final[Mapping[str, _Judge]] = {
    "byte": _is_base64,
    "date-time": _is_time,
    "int-or-string": _is_int_or_text,
    quantity.FORMAT: _is_quantity,
}
