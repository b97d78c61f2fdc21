"""
Why an image is accepted or refused, in words for a person, and what to do about it.

Decides nothing: it tells of a judgement of `rules.py`, by the same conditions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from wharfinger.oci.reference import HUB, HUBS
from wharfinger.policy.imagepolicy import rules
from wharfinger.policy.imagepolicy.rules import Attributes, ExecutionRule, Judgement

_TOLD: Final = 5
"""A policy of a hundred rules does not answer with a hundred reasons."""
NO_RULE: Final = "no execution rule is on this resource"


def accepted(judgement: Judgement) -> str:
    if judgement.rule is not None:
        return f"rule `{judgement.rule.title}` accepts {subject(judgement.rule)}"
    return "the rules on this resource only reject, and none matches"


def refused(
    judgement: Judgement,
    on_resource: Sequence[ExecutionRule],
    attributes: Attributes,
    image: str,
    ignored: Collection[str],
) -> tuple[str, str]:
    """Give reason and remedy of a refusal."""
    origin = _origin(attributes)
    if (rule := judgement.rule) is not None:
        return (
            f"rule `{rule.title}` rejects {subject(rule)}; {image} {origin}",
            f"use an image that rule `{rule.title}` does not reject, or change the rule",
        )
    accepting = [one for one in on_resource if not one.reject]
    told = [_mismatch(one, attributes, ignored) for one in accepting[:_TOLD]]
    if len(accepting) > _TOLD:
        told.append(f"and {len(accepting) - _TOLD} more rules do not match either")
    reason = f"no rule accepts {image}, which {origin}: {'; '.join(told)}"
    return reason, _remedy(accepting, attributes, ignored, image)


def _remedy(
    accepting: Sequence[ExecutionRule],
    attributes: Attributes,
    ignored: Collection[str],
    image: str,
) -> str:
    off = [one for one in accepting if one.name in ignored and not one.forced]
    if off:
        return f"let the namespace not switch off rule `{off[0].title}`"
    listing = next((one for one in accepting if one.registries and not one.inverted), None)
    if listing is None or attributes.registry in listing.registries:
        return "use an image that a rule accepts, or add a rule that accepts this one"
    where = f"matchRegistries of rule `{listing.title}`"
    if not attributes.registry:
        example = next((one for one in listing.registries if one in HUBS), listing.registries[0])
        full = f"{example}/{'library/' if example in HUBS and '/' not in image else ''}{image}"
        return (
            f"name the registry, as in {full}: a name without one is not taken for one of "
            f"{HUB}, since each runtime searches for it where it is told to"
        )
    aliases = [one for one in listing.registries if {one, attributes.registry} <= HUBS]
    if aliases:
        return (
            f"name the image by {aliases[0]}: registries are compared as text, and "
            f"{attributes.registry} is another one; or add it under {where}"
        )
    return f"add {attributes.registry} under {where}, or take the image from {_any(listing.registries)}"


def _mismatch(rule: ExecutionRule, attributes: Attributes, ignored: Collection[str]) -> str:
    title = f"rule `{rule.title}`"
    if rule.name in ignored and not rule.forced:
        return f"the namespace switches off {title}"
    if not rules.applies(rule, attributes, ()):
        return f"{title} is skipped for an image that is not resolved"
    if rule.inverted:
        return f"{title} accepts {subject(rule)}"
    if rule.integrated and not attributes.integrated:
        return f"{title} accepts images of the integrated registry"
    if rule.registries and attributes.registry not in rule.registries:
        return f"{title} lists {_any(rule.registries)}"
    if attributes.image is None:
        return f"{title} asks for {_conditions(rule)}, and the image is not resolved"
    return f"{title} asks for {_conditions(rule)}"


def _origin(attributes: Attributes) -> str:
    if not attributes.registry:
        return "names no registry"
    integrated = ", the integrated registry" if attributes.integrated else ""
    return f"comes from {attributes.registry}{integrated}"


def subject(rule: ExecutionRule) -> str:
    """Which images a rule is about."""
    parts: list[str] = []
    if rule.integrated:
        parts.append("of the integrated registry")
    if rule.registries:
        parts.append(f"from {_any(rule.registries)}")
    if rule.needs_image:
        parts.append(f"with {_conditions(rule)}")
    subject = " ".join(["images", *parts]) if parts else "all images"
    return f"what is not {subject}" if rule.inverted else subject


def _conditions(rule: ExecutionRule) -> str:
    return " and ".join(_each_condition(rule))


def _each_condition(rule: ExecutionRule) -> Iterator[str]:
    for what, conditions in (
        ("label of the config", rule.config_labels),
        ("annotation", rule.annotations),
        ("label", rule.labels),
    ):
        for one in conditions:
            yield f"{what} {one}"


def _any(registries: Sequence[str]) -> str:
    shown = [*registries[:_TOLD]]
    if len(registries) > _TOLD:
        shown.append(f"{len(registries) - _TOLD} more")
    return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
