"""
What is wrong in a configuration, all at once and each at its place, and strict access to its fields.

An unknown key is a fault: a condition that is misspelled and left out would let more images run than
was meant. Types and words are those of Kubernetes' field errors.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wharfinger.errors import BadInput

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    path: Path
    type: str
    message: str

    @property
    def field(self) -> str:
        return dotted(self.path)

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.path else self.message


class InvalidImagePolicy(BadInput):
    code = "invalid-image-policy"

    def __init__(self, faults: Sequence[Fault], *, remedy: str | None = None) -> None:
        first, others = faults[0], len(faults) - 1
        more = f" (and {others} more)" if others else ""
        super().__init__(f"cannot use the image policy: {first}{more}", remedy=remedy)
        self.faults = tuple(faults)
        self.details = tuple(map(str, self.faults)) if others else ()


def dotted(path: Path) -> str:
    """`("spec", "containers", 0, "image")` as `spec.containers[0].image`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Faults:
    """Where faults are gathered while a configuration is read."""

    found: list[Fault] = field(default_factory=list)

    def required(self, path: Path, detail: str) -> None:
        self.found.append(Fault(path, "FieldValueRequired", f"Required value: {detail}"))

    def invalid(self, path: Path, value: Any, detail: str) -> None:
        message = f"Invalid value: {_shown(value)}: {detail}"
        self.found.append(Fault(path, "FieldValueInvalid", message))

    def wrong_type(self, path: Path, value: Any, wanted: str) -> None:
        message = f"Invalid value: {_shown(value)}: must be {wanted}"
        self.found.append(Fault(path, "FieldValueTypeInvalid", message))

    def duplicate(self, path: Path, value: str) -> None:
        self.found.append(Fault(path, "FieldValueDuplicate", f"Duplicate value: {_shown(value)}"))

    def unsupported(self, path: Path, value: Any, supported: Sequence[str]) -> None:
        known = ", ".join(map(_shown, supported))
        message = f"Unsupported value: {_shown(value)}: supported values: {known}"
        self.found.append(Fault(path, "FieldValueNotSupported", message))

    def forbidden(self, path: Path, detail: str) -> None:
        self.found.append(Fault(path, "FieldValueForbidden", f"Forbidden: {detail}"))


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of the configuration. A key that is absent and one that is null are the same."""

    values: Mapping[str, Any]
    path: Path
    faults: Faults

    @classmethod
    def of(cls, value: Any, path: Path, faults: Faults, known: Collection[str]) -> Section:
        if value is not None and not isinstance(value, Mapping):
            faults.wrong_type(path, value, "an object")
        values = value if isinstance(value, Mapping) else {}
        for key in values:
            if key not in known:
                faults.forbidden((*path, str(key)), f"unknown field, known are {', '.join(known)}")
        return cls(values, path, faults)

    def at(self, *keys: str | int) -> Path:
        return (*self.path, *keys)

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            self.faults.wrong_type(self.at(key), value, "text")
            return ""
        return value or ""

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            self.faults.wrong_type(self.at(key), value, "true or false")
            return default
        return default if value is None else value

    def section(self, key: str, known: Collection[str]) -> Section:
        return Section.of(self.values.get(key), self.at(key), self.faults, known)

    def sections(self, key: str, known: Collection[str]) -> Iterator[Section]:
        for index, value in enumerate(self._list(key)):
            yield Section.of(value, self.at(key, index), self.faults, known)

    def texts(self, key: str) -> tuple[str, ...]:
        found: list[str] = []
        for index, value in enumerate(self._list(key)):
            if isinstance(value, str):
                found.append(value)
            else:
                self.faults.wrong_type(self.at(key, index), value, "text")
        return tuple(found)

    def _list(self, key: str) -> Sequence[Any]:
        value = self.values.get(key)
        if value is not None and not isinstance(value, list):
            self.faults.wrong_type(self.at(key), value, "a list")
        return value if isinstance(value, list) else ()


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
    return text if len(text) <= 120 else text[:117] + "..."
