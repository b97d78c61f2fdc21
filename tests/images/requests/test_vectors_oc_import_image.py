"""`wharf import` asks for what `oc import-image` asks for, or fails as it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wharfinger.images.requests import client_requests
from wharfinger.images.requests.client_requests import Import, Senseless

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "oc_import_image.json").read_text())[
    "cases"
]
_OPTIONS = {
    "from": "source",
    "referencePolicy": "reference_policy",
    "importMode": "import_mode",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_import_is_asked_for_as_oc_does(case):
    given, expected = case["input"], case["expect"]
    if given.get("op") == "wasError":
        assert bool(client_requests.failures({"status": given["status"]})) is expected["error"]
        return
    options = Import(
        **{_OPTIONS.get(name, name): value for name, value in given["options"].items()}
    )
    wanted = expected.get("error") or expected.get("errorContains")
    if wanted is not None:
        with pytest.raises(Senseless) as raised:
            client_requests.import_request(options, given["namespace"], given["stream"])
        assert (
            wanted == raised.value.message if "error" in expected else wanted in str(raised.value)
        )
        return

    made = client_requests.import_request(options, given["namespace"], given["stream"])

    if "streamName" in expected:
        assert made["metadata"]["name"] == expected["streamName"]
    spec = made["spec"]
    assert sorted(map(plain, spec.get("images", ()))) == sorted(map(plain, expected["images"]))
    assert plain(spec.get("repository")) == plain(expected["repository"])


def plain(entry: object) -> str:
    """Without what is false: it may be left out."""

    def kept(value):
        if isinstance(value, dict):
            return {name: kept(inner) for name, inner in value.items() if inner not in (False, "")}
        return value

    return json.dumps(kept(entry), sort_keys=True)
