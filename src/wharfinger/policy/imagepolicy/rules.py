"""
Execution rules: does one of them accept or refuse an image?

Rules are tried in order. A rule that rejects and matches decides at once; one that accepts and matches
is noted, since a later one may still reject. In the end an image is accepted if something accepted it,
or if all rules reject: rules that were skipped count for that, so a namespace that switches off the
only rule that accepts is left with nothing that does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from wharfinger.policy.imagepolicy.model import Image
from wharfinger.policy.imagepolicy.resources import Resource
from wharfinger.policy.imagepolicy.selector import LabelSelector


@dataclass(frozen=True, slots=True)
class ValueCondition:
    """`set`: the key is there. Else its value is `value`, and a key that is absent counts as ""."""

    key: str
    set: bool = False
    value: str = ""

    def holds(self, values: Mapping[str, str]) -> bool:
        return self.key in values if self.set else values.get(self.key, "") == self.value

    def __str__(self) -> str:
        return self.key if self.set else f'{self.key}="{self.value}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRule:
    index: int
    name: str = ""
    forced: bool = False
    """`ignoreNamespaceOverride`: no namespace can switch it off."""
    on_resources: tuple[Resource, ...] = ()
    inverted: bool = False
    integrated: bool = False
    registries: tuple[str, ...] = ()
    skip_unresolved: bool = False
    config_labels: tuple[ValueCondition, ...] = ()
    labels: tuple[LabelSelector, ...] = ()
    annotations: tuple[ValueCondition, ...] = ()
    reject: bool = False

    @property
    def title(self) -> str:
        """What messages call it; a rule need not have a name."""
        return self.name or f"executionRules[{self.index}]"

    @property
    def needs_image(self) -> bool:
        return bool(self.config_labels or self.labels or self.annotations)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is known of an image when it is judged; `image` is None if it was not resolved."""

    registry: str
    integrated: bool
    image: Image | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`rule` is the one that decided: None if none matched, or none is there."""

    accepted: bool
    rule: ExecutionRule | None = None


def judge(
    rules: Sequence[ExecutionRule], attributes: Attributes, ignored: Collection[str] = ()
) -> Judgement:
    """Judge by all rules of one resource, in their order."""
    accepting: ExecutionRule | None = None
    for rule in rules:
        if applies(rule, attributes, ignored) and matches(rule, attributes):
            if rule.reject:
                return Judgement(accepted=False, rule=rule)
            accepting = accepting or rule
    if accepting is not None:
        return Judgement(accepted=True, rule=accepting)
    return Judgement(accepted=all(rule.reject for rule in rules))


def may_accept(
    rules: Sequence[ExecutionRule], registry: str, ignored: Collection[str] = ()
) -> bool:
    """Whether there can be an image at a registry, not the integrated one, that is accepted."""
    accepting = [rule for rule in rules if not rule.reject]
    if not accepting:
        return True
    return any(
        (rule.forced or rule.name not in ignored) and _may_match(rule, registry)
        for rule in accepting
    )


def _may_match(rule: ExecutionRule, registry: str) -> bool:
    from_there = not rule.integrated and (not rule.registries or registry in rule.registries)
    if rule.inverted:
        return not from_there or rule.needs_image
    return from_there


def applies(rule: ExecutionRule, attributes: Attributes, ignored: Collection[str]) -> bool:
    if rule.name in ignored and not rule.forced:
        return False
    return attributes.image is not None or not rule.skip_unresolved


def matches(rule: ExecutionRule, attributes: Attributes) -> bool:
    return _conditions_hold(rule, attributes) is not rule.inverted


def _conditions_hold(rule: ExecutionRule, attributes: Attributes) -> bool:
    if rule.integrated and not attributes.integrated:
        return False
    if rule.registries and attributes.registry not in rule.registries:
        return False
    image = attributes.image
    if image is None:
        return not rule.needs_image
    return (
        _config_labels_hold(rule, image)
        and all(one.holds(image.annotations) for one in rule.annotations)
        and all(one.matches(image.labels) for one in rule.labels)
    )


def _config_labels_hold(rule: ExecutionRule, image: Image) -> bool:
    if not rule.config_labels:
        return True
    if not image.config_readable:
        return not rule.skip_unresolved
    if image.config_labels is None:
        return False
    return all(one.holds(image.config_labels) for one in rule.config_labels)
