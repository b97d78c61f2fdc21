"""The recorded cases of limits on images and streams. What nobody serves here is in `DIFFERENT`."""

import json
from pathlib import Path

import pytest

from wharfinger.images import limits

DOCUMENT = json.loads((Path(__file__).parents[1] / "vectors" / "limits.json").read_text())
CASES = {case["id"]: case for case in DOCUMENT["cases"]}

NO_PROJECT_LIMIT = "the number of projects of a user has no limit here"
NO_PLUGIN = "limits are judged where a mapping is made; no plug-in is asked whether it wants to be"
DIFFERENT = {
    "projectLimitForUser": NO_PROJECT_LIMIT,
    "projectCount": NO_PROJECT_LIMIT,
    "admitProjectRequest": NO_PROJECT_LIMIT,
    "imageLimitPluginHandles": NO_PLUGIN,
    "imageLimitPluginSupports": NO_PLUGIN,
}
"""By operation: none of its cases is served."""


def effective(given, expected):
    assert limits.limits(given["limitRanges"], limits.IMAGE_STREAM) == expected["limits"]


def verify(given, expected):
    found = limits.stream_excesses(given["new"], given["old"], given["max"])
    assert sorted(one.resource for one in found) == sorted(expected["exceeded"])
    assert all(
        "exceeds the maximum limit per openshift.io/ImageStream" in one.text for one in found
    )


def canonical(given, expected):
    if expected.get("error"):
        with pytest.raises(limits.UnknownReference):
            limits.canonical(given["objectReference"], given["namespace"])
    else:
        found = limits.canonical(given["objectReference"], given["namespace"])
        assert found == expected["value"]


def usage(given, expected):
    found = limits.usage(given["stream"] or {})
    assert sorted(found.tags) == sorted(expected["specRefs"])
    assert sorted(found.images) == sorted(expected["statusRefs"])
    assert len(found.tags) == expected["openshift.io/image-tags"]
    assert len(found.images) == expected["openshift.io/images"]


def mapping(given, expected):
    ranges = [given["limitRange"]] if given["limitRange"] else []
    assert (limits.image_excess(given["imageBytes"], ranges) is None) == expected["admitted"]


def size(given, expected):
    ranges = [{"limits": [given["item"]]}]
    assert (limits.image_excess(given["size"], ranges) is None) == expected["admitted"]


def applies(given, expected):
    listed = [{**one, "max": {"storage": "1"}} for one in given["limits"] or ()]
    assert bool(limits.limits([{"limits": listed}], limits.IMAGE)) == expected["applies"]


OPERATIONS = {
    "admitImageSize": size,
    "admitImageStreamMapping": mapping,
    "canonicalReference": canonical,
    "effectiveImageStreamLimits": effective,
    "imageStreamUsage": usage,
    "limitRangeApplies": applies,
    "verifyImageStreamLimits": verify,
}


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case["id"])
def test_limits_hold_as_recorded(case):
    operation = case["input"]["op"]
    assert (operation in OPERATIONS) != (operation in DIFFERENT)
    if operation in OPERATIONS:
        OPERATIONS[operation](case["input"], case["expect"])


def test_an_excess_says_how_much_was_asked_for():
    ranges = [{"spec": {"limits": [{"type": limits.IMAGE, "max": {"storage": "1Mi"}}]}}]

    assert limits.image_excess(1 << 20, ranges) is None
    assert limits.image_excess((1 << 20) + 1, ranges).text == (
        "requested usage of storage exceeds the maximum limit per openshift.io/Image "
        "(1048577 > 1Mi)"
    )
