"""`wharf tag` asks for what `oc tag` asks for, or fails as it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wharfinger.images.requests import tag_requests
from wharfinger.images.requests.client_requests import Senseless
from wharfinger.images.requests.tag_requests import Tagging

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "oc_tag.json").read_text())["cases"]
OLD_SERVER = (
    "a server that takes no writes of image stream tags is not asked to have its stream changed "
    "instead: ours takes them, and every refusal is told as it is"
)
DIFFERENT = {"tag-4": OLD_SERVER, "tag-6": OLD_SERVER, "delete-old-server": OLD_SERVER}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["id"] not in DIFFERENT], ids=lambda case: case["id"]
)
def test_a_tag_is_asked_for_as_oc_does(case):
    given, expected = case["input"], case["expect"]
    options = given["options"]
    wanted = expected.get("validateError") or expected.get("runError")
    if wanted is not None:
        with pytest.raises(Senseless) as raised:
            requests(given)
        assert raised.value.message == wanted
    elif options.get("delete"):
        [target] = tag_requests.destinations(options["destinations"], "default")
        assert str(target) == options["destinations"][0]
    else:
        [made] = requests(given)
        calls = expected["calls"]
        # `wharf tag` puts the object, and creates it if there is none: one body for both.
        assert [call["verb"] for call in calls] in (["update"], ["update", "create"])
        for call in calls:
            mode = made["tag"]["importPolicy"]["importMode"]
            assert mode == call.get("importMode", mode)
        assert (
            f"{made['metadata']['namespace']}/{made['metadata']['name']}"
            == (options["destinations"][0])
        )


def requests(given) -> list:
    options = given["options"]
    namespace = options.get("currentNamespace", "default")
    tagging = Tagging(
        source=options["source"],
        destinations=options["destinations"],
        kind=options["sourceKind"],
        alias=options.get("alias", False),
        reference_policy=options.get("referencePolicy", ""),
        import_mode=options.get("importMode", ""),
    )
    source = tag_requests.origin(tagging, namespace)
    targets = tag_requests.destinations(tagging.destinations, namespace)
    tag_requests.require_tagging(tagging, source, targets)
    return [tag_requests.stream_tag(tagging, source, target) for target in targets]


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_is_a_case(name):
    assert name in {case["id"] for case in CASES}
