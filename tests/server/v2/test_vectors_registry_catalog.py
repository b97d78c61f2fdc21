"""The recorded cases of paging through the catalog, over HTTP."""

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "registry_catalog.json").read_text())

DIFFERENCES = {
    "error": "an empty page for n=0 is an answer like any other; the recorded server fails with 500",
}


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["id"])
async def test_the_catalog_pages_as_recorded(client, case):
    for name in case["input"]["imageStreams"]:
        await client.push_image(name)
    query = urlencode({key: case["input"][key] for key in ("n", "last")})

    answer = await client("GET", f"/v2/_catalog?{query}")

    expected = case["expect"]
    if "error" in expected:
        assert (case["input"]["n"], answer.json) == (0, {"repositories": []}), DIFFERENCES["error"]
    else:
        assert answer.json == {"repositories": expected["repositories"]}
        assert ("link" not in answer.headers) is expected["eof"]
