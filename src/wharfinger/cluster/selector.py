"""
Select objects by labels and fields: `app in (a, b), !old` and `metadata.name=x,type!=y`.

    labels      = requirement *("," requirement)
    requirement = key | "!" key | key op value | key ("in" | "notin") "(" value *("," value) ")"
    op          = "=" | "==" | "!=" | ">" | "<"
    fields      = field op value *("," ...)       op: "=", "==", "!=";  "\\" escapes , = and itself
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from wharfinger.cluster import validation
from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.kind import Kind, Object

MAX_LENGTH: Final = 16 * 1024
_TOKEN: Final = re.compile(r"\s*(?:(?P<mark>!=|==|[=!(),<>])|(?P<word>[^\s=!(),<>]+))", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]*", re.ASCII)
_FIELD: Final = re.compile(r"([^=!]*?)(==|!=|=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LabelRequirement:
    """One condition; `operator` is one of in, notin, exists, absent, above, below."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None
            case _:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        if value is None or not _is_integer(value):
            return False
        limit = int(self.values[0])
        return int(value) > limit if self.operator == "above" else int(value) < limit


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    value_of: Callable[[Object], str]
    value: str
    equal: bool

    def matches(self, obj: Object) -> bool:
        return (self.value_of(obj) == self.value) is self.equal


@dataclass(frozen=True, slots=True)
class Selector:
    """All conditions must hold; without any it selects everything."""

    labels: tuple[LabelRequirement, ...] = ()
    fields: tuple[FieldRequirement, ...] = ()

    def matches(self, obj: Object) -> bool:
        if self.labels:
            found = obj["metadata"].get("labels") or {}
            if not all(requirement.matches(found) for requirement in self.labels):
                return False
        return all(requirement.matches(obj) for requirement in self.fields)

    def __bool__(self) -> bool:
        return bool(self.labels or self.fields)


EVERYTHING: Final = Selector()


def parse(kind: Kind, labels: str, fields: str) -> Selector:
    """Read both selectors of a request; raise `BadRequest`."""
    if len(labels) + len(fields) > MAX_LENGTH:
        raise BadRequest(f"selectors may not be longer than {MAX_LENGTH} characters")
    return Selector(parse_labels(labels), parse_fields(kind, fields))


def parse_labels(text: str) -> tuple[LabelRequirement, ...]:
    tokens = _Tokens(text)
    if tokens.peek() == "":
        return ()
    found = [_requirement(tokens)]
    while tokens.take() == ",":
        found.append(_requirement(tokens))
    if tokens.last != "":
        raise tokens.unexpected("',' or the end")
    return tuple(found)


def parse_fields(kind: Kind, text: str) -> tuple[FieldRequirement, ...]:
    return tuple(_field(kind, term) for term in _split(text) if term.strip())


def exact_name(fields: str) -> str:
    """The name that every selected object must have, "" if there is none such."""
    for term in _split(fields[:MAX_LENGTH]):
        match = _FIELD.fullmatch(term)
        if match is None or match[1].strip() != "metadata.name" or match[2] == "!=":
            continue
        return match[3] if _NAME.fullmatch(match[3]) else ""
    return ""


class _Tokens:
    """The words and marks of a label selector; "" is the end."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.last = ""

    def peek(self) -> str:
        match = _TOKEN.match(self._text, self._at)
        return match[0].strip() if match is not None else ""

    def take(self) -> str:
        match = _TOKEN.match(self._text, self._at)
        self._at = match.end() if match is not None else len(self._text)
        self.last = match[0].strip() if match is not None else ""
        return self.last

    def unexpected(self, wanted: str) -> BadRequest:
        return BadRequest(
            f"unable to parse requirement: found '{self.last}', expected: {wanted} "
            f"(in label selector {self._text!r})"
        )


def _requirement(tokens: _Tokens) -> LabelRequirement:
    if tokens.peek() == "!":
        tokens.take()
        return _judged(LabelRequirement(_word(tokens, "a label key"), "absent"))
    key = _word(tokens, "a label key")
    operator = tokens.peek()
    if operator in ("", ","):
        return _judged(LabelRequirement(key, "exists"))
    tokens.take()
    match operator:
        case "=" | "==":
            return _judged(LabelRequirement(key, "in", (_value(tokens),)))
        case "!=":
            return _judged(LabelRequirement(key, "notin", (_value(tokens),)))
        case "in" | "notin":
            return _judged(LabelRequirement(key, operator, _values(tokens)))
        case ">" | "<":
            side = "above" if operator == ">" else "below"
            return _judged(LabelRequirement(key, side, (_value(tokens),)))
        case _:
            raise tokens.unexpected("in, notin, =, ==, !=, >, <")


def _word(tokens: _Tokens, wanted: str) -> str:
    word = tokens.take()
    if not word or word in "!=(),<>" or word in ("==", "!="):
        raise tokens.unexpected(wanted)
    return word


def _value(tokens: _Tokens) -> str:
    return "" if tokens.peek() in ("", ",") else _word(tokens, "a value")


def _values(tokens: _Tokens) -> tuple[str, ...]:
    if tokens.take() != "(":
        raise tokens.unexpected("'('")
    found: list[str] = []
    while True:
        found.append("" if tokens.peek() in (",", ")") else _word(tokens, "a value"))
        if tokens.take() == ")":
            return tuple(found)
        if tokens.last != ",":
            raise tokens.unexpected("',' or ')'")


def _judged(requirement: LabelRequirement) -> LabelRequirement:
    if errors := validation.qualified_name(requirement.key):
        raise BadRequest(f'invalid label key "{requirement.key}": {"; ".join(errors)}')
    for value in requirement.values:
        if requirement.operator in ("above", "below") and not _is_integer(value):
            raise BadRequest(f'for a comparison "{value}" must be an integer')
        if errors := validation.label_value(value):
            raise BadRequest(f'invalid label value: "{value}": {"; ".join(errors)}')
    return requirement


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,18}", text) is not None


def _field(kind: Kind, term: str) -> FieldRequirement:
    match = _FIELD.fullmatch(term)
    if match is None:
        raise BadRequest(f"invalid selector: '{term}'; can't understand '{term}'")
    path, operator, value = match[1].strip(), match[2], _unescape(match[3])
    return FieldRequirement(_getter(kind, path), value, operator != "!=")


def _getter(kind: Kind, path: str) -> Callable[[Object], str]:
    if path == "metadata.name":
        return lambda obj: str(obj["metadata"].get("name", ""))
    if path == "metadata.namespace" and kind.namespaced:
        return lambda obj: str(obj["metadata"].get("namespace", ""))
    if path in kind.selectable:
        return kind.selectable[path]
    raise BadRequest(f"field label not supported: {path}", kind.resource)


def _split(text: str) -> Iterator[str]:
    """Split at the commas that are not escaped."""
    term, escaped = "", False
    for char in text:
        if char == "," and not escaped:
            yield term
            term = ""
            continue
        term += char
        escaped = char == "\\" and not escaped
    yield term


def _unescape(value: str) -> str:
    if re.fullmatch(r"(?:[^\\,=]|\\[\\,=])*", value, re.DOTALL) is None:
        raise BadRequest(f"invalid field selector: value {value!r} is not escaped as it should be")
    return re.sub(r"\\([\\,=])", r"\1", value)
