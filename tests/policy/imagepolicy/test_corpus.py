"""Names that have fooled somebody: a policy takes an image for one of the registry that it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from image_world import World
from wharfinger.policy.imagepolicy import config, decision
from wharfinger.policy.imagepolicy.model import Question

CORPUS = YAML(typ="safe", pure=True).load(Path(__file__).with_name("names.yaml").read_text())
REGISTRIES = sorted({*CORPUS["registries"], *CORPUS["lone"], "docker.io"} - {""})


SAME_AS_QUAY = {"quay.io", "QUAY.IO", "Quay.io", "quay.io:443", "quay.io:0443", "quay.io:80"}
"""The site's lists mean hosts, and know their spellings."""


async def allows(name: str, registries: list[str]) -> bool:
    rule = {"name": "listed", "matchRegistries": registries}
    return await judged(name, {"apiVersion": "v1", "executionRules": [rule]})


async def passes(name: str, **lists: list[str]) -> bool:
    fields = {"apiVersion": "wharfinger.dev/v1", "resolveImages": "DoNotAttempt"}
    return await judged(name, {**fields, "registries": lists})


async def judged(name: str, fields: dict) -> bool:
    policy = config.read({"kind": "ImagePolicyConfig", **fields})
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "c", "image": name}]}}
    question = Question(
        operation="CREATE", group="", resource="pods", kind="Pod", namespace="shop", object=pod
    )
    outcome = await decision.decide(question, policy, World({}))
    assert len(outcome.verdicts) == 1
    return outcome.allowed


@pytest.mark.parametrize("registry", CORPUS["registries"])
async def test_a_name_is_allowed_by_its_registry_and_by_no_other(registry):
    others = [one for one in REGISTRIES if one != registry]

    for name in CORPUS["registries"][registry]:
        assert not registry or await allows(name, [registry]), ascii(name)
        assert not await allows(name, others), ascii(name)


@pytest.mark.parametrize("registry", CORPUS["registries"])
async def test_lists_of_the_site_mean_the_host_however_it_is_written(registry):
    same = registry in SAME_AS_QUAY

    for name in CORPUS["registries"][registry]:
        assert await passes(name, allow=["quay.io"]) is same, ascii(name)
        assert not (same and await passes(name, block=["quay.io"])), ascii(name)


@pytest.mark.parametrize("kind", ["lone", "unreadable"])
async def test_a_host_alone_and_what_is_no_name_is_allowed_by_none(kind):
    for name in CORPUS[kind]:
        assert not await allows(name, REGISTRIES), ascii(name)
        assert not await passes(name, allow=["quay.io", "localhost", "evil.test"]), ascii(name)


def test_there_are_many_names():
    names = [*CORPUS["lone"], *CORPUS["unreadable"]]
    assert sum(map(len, CORPUS["registries"].values())) + len(names) >= 200
