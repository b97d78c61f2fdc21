"""
The parts of a configuration, from decoded YAML or JSON to values. Nothing is filled in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from wharfinger.policy.access import ALL, AccessPolicy
from wharfinger.policy.imagepolicy.faults import Section
from wharfinger.policy.imagepolicy.model import SignatureKey
from wharfinger.policy.imagepolicy.paths import ImagePath, KindPaths
from wharfinger.policy.imagepolicy.resolution import ResolutionRule
from wharfinger.policy.imagepolicy.resources import Resource
from wharfinger.policy.imagepolicy.rules import ExecutionRule, ValueCondition
from wharfinger.policy.imagepolicy.selector import LabelSelector, Requirement
from wharfinger.policy.imagepolicy.signing import SignatureRule
from wharfinger.policy.patterns import InvalidPattern, RegistryPattern

EXECUTION_RULE: Final = (
    "name",
    "ignoreNamespaceOverride",
    "onResources",
    "invertMatch",
    "matchIntegratedRegistry",
    "matchRegistries",
    "skipOnResolutionFailure",
    "matchDockerImageLabels",
    "matchImageLabels",
    "matchImageAnnotations",
    "reject",
)
_RESOURCE: Final = ("group", "resource")
_CONDITION: Final = ("key", "set", "value")
_PEM: Final = "-----BEGIN PUBLIC KEY-----"


def execution_rules(top: Section) -> Iterator[ExecutionRule]:
    for index, rule in enumerate(top.sections("executionRules", EXECUTION_RULE)):
        yield ExecutionRule(
            index=index,
            name=rule.text("name"),
            forced=rule.flag("ignoreNamespaceOverride"),
            on_resources=_resources(rule),
            inverted=rule.flag("invertMatch"),
            integrated=rule.flag("matchIntegratedRegistry"),
            registries=rule.texts("matchRegistries"),
            skip_unresolved=rule.flag("skipOnResolutionFailure"),
            config_labels=_conditions(rule, "matchDockerImageLabels"),
            labels=tuple(_selectors(rule)),
            annotations=_conditions(rule, "matchImageAnnotations"),
            reject=rule.flag("reject"),
        )


def resolution_rules(top: Section) -> tuple[ResolutionRule, ...] | None:
    """None if the configuration does not speak of them, which is not the same as an empty list."""
    if top.values.get("resolutionRules") is None:
        return None
    known = ("policy", "targetResource", "localNames")
    return tuple(
        ResolutionRule(
            target=_resource(rule.section("targetResource", _RESOURCE)),
            policy=rule.text("policy"),
            local_names=rule.flag("localNames"),
        )
        for rule in top.sections("resolutionRules", known)
    )


def paths(top: Section) -> Iterator[KindPaths]:
    for kind in top.sections("paths", (*_RESOURCE, "images")):
        target = _resource(kind)
        if not target.resource or target.resource == "*":
            kind.faults.required(kind.at("resource"), "the name of a resource must be provided")
        texts = kind.texts("images")
        if not texts:
            kind.faults.required(kind.at("images"), "at least one path must be provided")
        parsed = [ImagePath.parse(text) for text in texts]
        for index, (text, path) in enumerate(zip(texts, parsed, strict=True)):
            if path is None:
                detail = "must be as spec.template.spec.containers[*].image"
                kind.faults.invalid(kind.at("images", index), text, detail)
        yield KindPaths(target, tuple(path for path in parsed if path is not None))


def signature_rules(top: Section) -> Iterator[SignatureRule]:
    for rule in top.sections("signatures", ("name", "images", "onResources", "keys")):
        name = rule.text("name")
        if not name:
            rule.faults.required(rule.at("name"), "a signature rule must have a name")
        images = _patterns(rule, "images", rule.texts("images"))
        if not images:
            rule.faults.required(rule.at("images"), "at least one pattern must be provided")
        keys = tuple(_keys(rule))
        if not keys:
            rule.faults.required(rule.at("keys"), "at least one key must be provided")
        yield SignatureRule(name, images, keys, _resources(rule))


def access(top: Section) -> AccessPolicy | None:
    """The lists of the site file, under the same name; a list that is empty says that there is none."""
    if top.values.get("registries") is None:
        return None
    lists = top.section("registries", ("allow", "block"))
    if not lists.values:
        lists.faults.required(lists.path, "a list to allow or to block must be provided")
    for key, value in lists.values.items():
        if value is None:
            lists.faults.required(lists.at(key), "an empty list is written []")
    allow = lists.texts("allow") if "allow" in lists.values else None
    block = lists.texts("block")
    known = len(lists.faults.found)
    _patterns(lists, "allow", allow or ())
    _patterns(lists, "block", [line for line in block if line != ALL])
    if len(lists.faults.found) > known:
        return None
    return AccessPolicy.from_lists(None if allow is None else [*allow], [*block])


def _resources(rule: Section) -> tuple[Resource, ...]:
    return tuple(_resource(one) for one in rule.sections("onResources", _RESOURCE))


def _resource(section: Section) -> Resource:
    return Resource(section.text("group"), section.text("resource"))


def _conditions(rule: Section, key: str) -> tuple[ValueCondition, ...]:
    return tuple(
        ValueCondition(one.text("key"), one.flag("set"), one.text("value"))
        for one in rule.sections(key, _CONDITION)
    )


def _selectors(rule: Section) -> Iterator[LabelSelector]:
    for one in rule.sections("matchImageLabels", ("matchLabels", "matchExpressions")):
        written = one.values.get("matchLabels")
        labels = one.section("matchLabels", tuple(written) if isinstance(written, dict) else ())
        equal = [Requirement(key, "In", (labels.text(key),)) for key in labels.values]
        expressions = [
            Requirement(each.text("key"), each.text("operator"), each.texts("values"))
            for each in one.sections("matchExpressions", ("key", "operator", "values"))
        ]
        selector = LabelSelector((*equal, *expressions))
        if (detail := next(selector.faults(), None)) is not None:
            one.faults.invalid(one.path, one.values, detail)
        yield selector


def _patterns(section: Section, key: str, lines: Iterable[str]) -> tuple[RegistryPattern, ...]:
    found: list[RegistryPattern] = []
    for index, line in enumerate(lines):
        try:
            found.append(RegistryPattern.parse(line))
        except InvalidPattern as error:
            section.faults.invalid(section.at(key, index), line, error.reason)
    return tuple(found)


def _keys(rule: Section) -> Iterator[SignatureKey]:
    for key in rule.sections("keys", ("name", "pem")):
        name, pem = key.text("name"), key.text("pem")
        if not name:
            key.faults.required(key.at("name"), "a key must have a name")
        if not pem.lstrip().startswith(_PEM):
            key.faults.required(key.at("pem"), f"a public key in PEM, which begins {_PEM}")
        yield SignatureKey(name, pem.encode())
