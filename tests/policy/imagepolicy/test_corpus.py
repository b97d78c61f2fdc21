"""Names that have fooled somebody: a policy takes an image for one of the registry that it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from image_world import World
from wharfinger.policy.imagepolicy import config, decision
from wharfinger.policy.imagepolicy.model import Question

CORPUS = YAML(typ="safe", pure=True).load(Path(__file__).with_name("names.yaml").read_text())
NAMES = [(registry, name) for registry, names in CORPUS["registries"].items() for name in names]
REGISTRIES = sorted({*CORPUS["registries"], *CORPUS["lone"], "docker.io"} - {""})


async def allows(name: str, registries: list[str]) -> bool:
    policy = config.read(
        {
            "apiVersion": "v1",
            "kind": "ImagePolicyConfig",
            "executionRules": [{"name": "listed", "matchRegistries": registries}],
        }
    )
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "c", "image": name}]}}
    question = Question(
        operation="CREATE", group="", resource="pods", kind="Pod", namespace="shop", object=pod
    )
    outcome = await decision.decide(question, policy, World({}))
    assert len(outcome.verdicts) == 1
    return outcome.allowed


def short(name: str) -> str:
    return ascii(name)[:60]


@pytest.mark.parametrize(("registry", "name"), NAMES, ids=short)
async def test_a_name_is_allowed_by_its_registry_and_by_no_other(registry, name):
    if registry:
        assert await allows(name, [registry])
    assert not await allows(name, [one for one in REGISTRIES if one != registry])


@pytest.mark.parametrize("name", [*CORPUS["lone"], *CORPUS["unreadable"]], ids=short)
async def test_a_host_alone_and_what_is_no_name_is_allowed_by_none(name):
    assert not await allows(name, REGISTRIES)


def test_there_are_many_names():
    assert len(NAMES) + len(CORPUS["lone"]) + len(CORPUS["unreadable"]) >= 200
