"""
Label selectors of a configuration (`matchImageLabels`), parsed.

`matchLabels` and `matchExpressions` as in meta/v1; all conditions must hold, and a selector without
any holds for every image.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_WITH_VALUES: Final = ("In", "NotIn")
_WITHOUT_VALUES: Final = ("Exists", "DoesNotExist")
OPERATORS: Final = (*_WITH_VALUES, *_WITHOUT_VALUES)

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_KEY: Final = re.compile(rf"(?:(?P<prefix>{_DOMAIN})/)?{_NAME}")
_VALUE: Final = re.compile(rf"(?:{_NAME})?")
_PREFIX_LIMIT: Final = 253


@dataclass(frozen=True, slots=True)
class Requirement:
    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        match self.operator:
            case "In":
                return self.key in labels and labels[self.key] in self.values
            case "NotIn":
                return self.key not in labels or labels[self.key] not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels

    def faults(self) -> Iterator[str]:
        """Say what is wrong, in the words of the selector parser of Kubernetes."""
        if self.operator not in OPERATORS:
            yield f'"{self.operator}" is not a valid label selector operator'
        elif self.operator in _WITH_VALUES and not self.values:
            yield "values: for 'in', 'notin' operators, values set can't be empty"
        elif self.operator in _WITHOUT_VALUES and self.values:
            yield "values: values set must be empty for exists and does not exist"
        match = _KEY.fullmatch(self.key)
        if match is None or len(match["prefix"] or "") > _PREFIX_LIMIT:
            yield f'key: "{self.key}" is not the key of a label'
        for value in self.values:
            if _VALUE.fullmatch(value) is None:
                yield f'values: "{value}" is not the value of a label'

    def __str__(self) -> str:
        values = ", ".join(self.values)
        match self.operator:
            case "In":
                return (
                    f"{self.key}={values}" if len(self.values) == 1 else f"{self.key} in ({values})"
                )
            case "NotIn":
                return f"{self.key} not in ({values})"
            case "Exists":
                return self.key
            case _:
                return f"no {self.key}"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(one.holds(labels) for one in self.requirements)

    def faults(self) -> Iterator[str]:
        for one in self.requirements:
            yield from one.faults()

    def __str__(self) -> str:
        return " and ".join(map(str, self.requirements)) or "any labels"
