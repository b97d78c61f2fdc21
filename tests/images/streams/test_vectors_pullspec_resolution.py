"""The recorded cases of what a consumer of a tag pulls."""

import json
from pathlib import Path

import pytest

from wharfinger.errors import Conflict
from wharfinger.images.streams import pull_spec
from wharfinger.images.streams.pull_spec import PullSpec

DOCUMENT = json.loads(
    (Path(__file__).parents[2] / "vectors" / "pullspec_resolution.json").read_text()
)


@pytest.mark.parametrize("case", DOCUMENT["cases"], ids=lambda case: case["id"])
def test_a_tag_is_pulled_as_recorded(case):
    given, expected = case["input"], case["expect"]

    def found():
        return pull_spec.of_tag(
            given["stream"],
            given["tag"],
            external=given["defaultExternal"],
            newest=given["requireLatest"],
        )

    if expected.get("error"):
        with pytest.raises(Conflict) as refused:
            found()
        assert refused.value.message == expected["message"]
        return
    assert found() == PullSpec(
        expected["pullSpec"],
        newer=expected["hasNewer"],
        imported=expected["hasStatus"],
        empty=expected["isTagEmpty"],
    )
