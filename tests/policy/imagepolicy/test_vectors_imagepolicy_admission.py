"""The recorded cases of whole admissions: the mutating phase, then the validating one on its result."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from image_world import World
from wharfinger.policy.imagepolicy import config, decision, places
from wharfinger.policy.imagepolicy.faults import Faults
from wharfinger.policy.imagepolicy.model import Question

FILE = Path(__file__).parents[2] / "vectors" / "imagepolicy_admission.json"
CASES = json.loads(FILE.read_text())["cases"]

DIFFERENT = {
    "d-onlyint-int-tag-missing": (
        "a name at the integrated registry is of it, whether or not a stream has the tag: there the "
        "rules were never told the registry's name"
    ),
    "d-onlyint-int-digest": (
        "a digest at the integrated registry is of it in the second phase as in the first"
    ),
    "d-cache-loses-integrated-flag": (
        "a digest at the integrated registry is of it whether or not it is remembered"
    ),
    "defpol-cache": "an annotation of an image counts at once: it is read where it is kept",
    "d-cache-59s": "the same",
}
AT_ONCE = frozenset({"defpol-cache", "d-cache-59s"})


def policy_of(given):
    written = {"apiVersion": "image.openshift.io/v1", "kind": config.KIND} | given["config"]
    if given["applyDefaults"]:
        return config.read(written)
    faults = Faults()
    parsed = config.parse(written, faults)
    assert faults.found == []
    return parsed.policy


def question_of(request, cluster):
    namespace = cluster.get("namespaces", {}).get(request["namespace"], {})
    return Question(
        operation=request["operation"],
        **request["resource"],
        subresource=request.get("subresource", ""),
        kind=request["object"]["kind"],
        namespace=request["namespace"],
        name=request["name"],
        object=request["object"],
        old=request.get("oldObject"),
        ignored_rules=decision.ignored_rules({"metadata": namespace}),
    )


def error_of(question, outcome):
    """What a client is answered, in the words of the API."""
    if outcome.forbidden:
        return 403, "Forbidden", outcome.forbidden, []
    told = [f"{one.place}: Forbidden: {one.message}" for one in outcome.refused]
    kind = f"{question.kind}.{question.group}" if question.group else question.kind
    words = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    message = f'{kind} "{question.name}" is invalid: {words}'
    return 422, "Invalid", message, [one.place for one in outcome.refused]


def images_of(question, obj):
    found = places.images(question.group, question.resource, obj)
    return [place.reference.name if place.holder is None else place.holder for place in found]


async def answers(case):
    """Run the steps of a case; yield the expectation of each, and what came of it."""
    given = case["input"]
    policy = policy_of(given)
    registry = given["integratedRegistry"]
    world = World(given["cluster"])
    for step, expected in zip(given["steps"], case["expect"]["steps"], strict=True):
        world.cluster |= step.get("clusterSet", {})
        question = question_of(step["request"], world.cluster)
        before = json.dumps(question.object)
        first = await decision.decide(question, policy, world, registry=registry)
        again = replace(question, object=first.object, validating=True)
        second = await decision.decide(again, policy, world, registry=registry)
        assert json.dumps(question.object) == before
        assert second.object == first.object
        yield expected, question, first, second


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["id"] not in DIFFERENT], ids=lambda case: case["id"]
)
async def test_admission_answers_as_recorded(case):
    async for expected, question, first, second in answers(case):
        assert first.allowed is expected["admit"]["allowed"]
        assert second.allowed is expected["validate"]["allowed"]
        if first.allowed:
            assert images_of(question, first.object) == expected["images"]
        else:
            error = expected["admit"]["error"]
            code, reason, message, fields = error_of(question, first)
            assert (code, reason) == (error["code"], error["reason"])
            assert message == error.get("message", message)
            assert error.get("messageContains", "") in message
            assert fields == error.get("fields", fields)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["id"] in DIFFERENT.keys() - AT_ONCE],
    ids=lambda case: case["id"],
)
async def test_what_differs_is_accepted_in_both_phases(case):
    recorded, ours = [], []
    async for expected, _question, first, second in answers(case):
        recorded.append(expected["admit"]["allowed"] and expected["validate"]["allowed"])
        ours.append((first.allowed, second.allowed))

    assert False in recorded
    assert set(ours) == {(True, True)}


def test_what_differs_stands_in_the_reference():
    page = Path(__file__).parents[3] / "docs" / "reference" / "image-policy.md"
    text = page.read_text()

    assert [case for case in DIFFERENT if f"`{case}`" not in text] == []
    assert {*DIFFERENT} <= {case["id"] for case in CASES}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["id"] in AT_ONCE], ids=lambda case: case["id"]
)
async def test_what_is_denied_is_refused_from_then_on(case):
    recorded, ours = [], []
    async for expected, _question, first, _second in answers(case):
        recorded.append(expected["admit"]["allowed"])
        ours.append(first.allowed)

    assert recorded.index(False) > ours.index(False)
