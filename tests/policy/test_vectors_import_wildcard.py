"""The recorded cases of the globs of allowedRegistriesForImport."""

import json
from pathlib import Path

import pytest

from wharfinger.policy import globs

DOCUMENT = json.loads((Path(__file__).parents[1] / "vectors" / "import_wildcard.json").read_text())


@pytest.mark.parametrize("case", DOCUMENT["cases"], ids=lambda case: case["id"])
def test_globs_match_as_recorded(case):
    given = case["input"]
    assert globs.matches(given["pattern"], given["value"]) == case["expect"]["match"]
