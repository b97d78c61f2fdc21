"""The recorded cases of which images of an object are visited, and what is written in their place."""

import json
from pathlib import Path

import pytest

from wharfinger.policy.imagepolicy import places

FILE = Path(__file__).parents[2] / "vectors" / "imagepolicy_mutators.json"
CASES = json.loads(FILE.read_text())["cases"]
FAMILIES = {"pod": ("", "pods"), "build": ("build.openshift.io", "builds")}


def cases(*families):
    found = [case for case in CASES if case["input"]["family"] in families]
    return pytest.mark.parametrize("case", found, ids=lambda case: case["id"])


@cases("pod", "build")
def test_images_are_visited_and_replaced_as_recorded(case):
    given = case["input"]
    resource = FAMILIES[given["family"]]
    toggled = {places.RESOLVE_NAMES: "*"} if given["resolveAnnotationChanged"] else {}
    new = {"metadata": {"annotations": toggled}, "spec": given["spec"]}

    if "oldSpec" in given:
        found = places.changed(*resource, new, {"metadata": {}, "spec": given["oldSpec"]})
    else:
        found = places.images(*resource, new)
    named = [(place, place.reference.name) for place in found]
    edits = {
        place.path: place.written(given["rename"][name])
        for place, name in named
        if name in given["rename"]
    }

    assert [name for _, name in named] == case["expect"]["visited"]
    assert places.rewritten(new, edits)["spec"] == case["expect"]["spec"]


@cases("path")
def test_errors_are_told_at_the_recorded_place(case):
    given, path = case["input"], case["expect"]["firstContainerErrorPath"]
    *inner, field, image = path.replace("[0]", "").split(".")
    obj = {field: [{image: "x"}]}
    for key in reversed(inner):
        obj = {key: obj}

    found = places.images(given["group"], f"{given['kind'].lower()}s", obj)

    assert [place.field for place in found] == [path]


def test_every_family_of_the_recorded_cases_is_run():
    assert {case["input"]["family"] for case in CASES} == {"pod", "build", "path"}
