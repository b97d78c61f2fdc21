"""
The LabelSelector of meta/v1, which objects carry: what chooses pods, and cluster roles.

Pure. Decides what is wrong with one, what it chooses, and how it is written as the text that
`selector.py` reads (`app=a,tier in (x,y),!old`). Labels alone (`matchLabels`) are the selector of a
replication controller, so they are written here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError

Selector = Mapping[str, Any]

_WITH_VALUES: Final = ("In", "NotIn")
_WITHOUT_VALUES: Final = ("Exists", "DoesNotExist")


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Say whether a selector chooses these labels; an empty one chooses all."""
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(expression, labels) for expression in _expressions(selector)
    )


def selects(selector: Selector | None, labels: Mapping[str, str]) -> bool:
    """Say whether a selector that need not be there chooses these labels; none chooses nothing."""
    return selector is not None and matches(selector, labels)


def is_empty(selector: Selector) -> bool:
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def errors(selector: Selector, path: str) -> Iterator[FieldError]:
    """List what is wrong with a selector, in the words that clients know."""
    yield from validation.labels(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, expression in enumerate(_expressions(selector)):
        yield from _expression_errors(expression, f"{path}.matchExpressions[{index}]")


def text(selector: Selector | None) -> str:
    """Write a selector as a text, with its conditions in order of their labels; "" for an empty one."""
    found = selector or {}
    conditions = [(key, f"{key}={value}") for key, value in _labels(found)]
    conditions += [(one.get("key") or "", _written(one)) for one in _expressions(found)]
    return ",".join(written for _, written in sorted(conditions, key=lambda pair: pair[0]))


def _labels(selector: Selector) -> Iterable[tuple[str, str]]:
    found: Mapping[str, str] = selector.get("matchLabels") or {}
    return found.items()


def _expressions(selector: Selector) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] = selector.get("matchExpressions") or ()
    return found


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression.get("key") or "", expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:  # validation refuses it; an unknown operator never widens what is chosen
            return False


def _expression_errors(expression: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    operator, values = expression.get("operator"), expression.get("values") or ()
    if operator in _WITH_VALUES:
        if not values:
            detail = "must be specified when `operator` is 'In' or 'NotIn'"
            yield FieldError.required(f"{path}.values", detail)
    elif operator in _WITHOUT_VALUES:
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield FieldError.forbidden(f"{path}.values", detail)
    else:
        yield FieldError.invalid(f"{path}.operator", operator, "not a valid selector operator")
    for error in validation.qualified_name(expression.get("key") or ""):
        yield FieldError.invalid(f"{path}.key", expression.get("key"), error)
    for index, value in enumerate(values):
        for error in validation.label_value(value):
            yield FieldError.invalid(f"{path}.values[{index}]", value, error)


def _written(expression: Mapping[str, Any]) -> str:
    key, values = expression.get("key") or "", ",".join(sorted(expression.get("values") or ()))
    match expression.get("operator"):
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "DoesNotExist":
            return f"!{key}"
        case _:
            return str(key)
