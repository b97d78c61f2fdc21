"""Judgements that many fields of pods and nodes need: names, numbers, ports, paths, one of many."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import FieldError

Fields = Mapping[str, Any]

NOT_NEGATIVE: Final = "must be greater than or equal to 0"
MOST: Final = (1 << 31) - 1
_NOT_AN_ADDRESS: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def named(
    value: str, path: str, judge: Callable[[str], Iterable[str]], *, required: bool = True
) -> Iterator[FieldError]:
    """Judge a name by its grammar; an empty one may be missing, or left out."""
    if value:
        for error in judge(value):
            yield FieldError.invalid(path, value, error)
    elif required:
        yield FieldError.required(path)


def given(record: Fields, path: str, *names: str) -> Iterator[FieldError]:
    """Require that these fields are neither absent nor empty."""
    for name in names:
        if not record.get(name):
            yield FieldError.required(f"{path}.{name}")


def supported(
    record: Fields, path: str, name: str, values: Sequence[str], *, required: bool = False
) -> Iterator[FieldError]:
    """Require one of `values` in a field, unless it may be left out."""
    value = record.get(name)
    if value:
        if value not in values:
            yield FieldError.unsupported(f"{path}.{name}", value, values)
    elif required:
        yield FieldError.required(f"{path}.{name}")


def within(value: int | None, path: str, low: int, high: int) -> Iterator[FieldError]:
    if value is not None and not low <= value <= high:
        yield FieldError.invalid(path, value, f"must be between {low} and {high}, inclusive")


def not_negative(record: Fields, path: str, *names: str) -> Iterator[FieldError]:
    for name in names:
        if (record.get(name) or 0) < 0:
            yield FieldError.invalid(f"{path}.{name}", record[name], NOT_NEGATIVE)


def sources(record: Fields, names: Iterable[str]) -> list[str]:
    """List which of the fields that exclude each other are there."""
    return [name for name in names if record.get(name) is not None]


def only_one(record: Fields, path: str, names: Iterable[str], what: str) -> Iterator[FieldError]:
    """Require exactly one of the fields that say of which type something is."""
    found = sources(record, names)
    if not found:
        yield FieldError.required(path, f"must specify a {what} type")
    for name in found[1:]:
        yield FieldError.forbidden(f"{path}.{name}", f"may not specify more than 1 {what} type")


def unique(values: Iterable[tuple[str, str]]) -> Iterator[FieldError]:
    """Judge names with their paths: none may come twice."""
    seen: set[str] = set()
    for path, value in values:
        if value in seen:
            yield FieldError.duplicate(path, value)
        elif value:
            seen.add(value)


def port_name(name: str) -> list[str]:
    """Say what keeps `name` from being the name of a port (IANA_SVC_NAME)."""
    errors = [] if len(name) <= 15 else ["must be no more than 15 characters"]
    if re.fullmatch(r"[-a-z0-9]*", name) is None:
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if re.search(r"[a-z]", name) is None:
        errors.append("must contain at least one letter (a-z)")
    if "--" in name:
        errors.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def port(value: int | str | None, path: str) -> Iterator[FieldError]:
    """Judge a port that is given by its number or its name."""
    if isinstance(value, str):
        for error in port_name(value):
            yield FieldError.invalid(path, value, error)
    else:
        yield from within(value or 0, path, 1, 65535)


def address(value: str, path: str) -> Iterator[FieldError]:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        yield FieldError.invalid(path, value, _NOT_AN_ADDRESS)


def descending(path: str, at: str) -> Iterator[FieldError]:
    """Require a path that leads no way but down."""
    if path.startswith("/"):
        yield FieldError.invalid(at, path, "must be a relative path")
    yield from no_way_up(path, at)


def no_way_up(path: str, at: str) -> Iterator[FieldError]:
    if ".." in path.split("/"):
        yield FieldError.invalid(at, path, "must not contain '..'")
