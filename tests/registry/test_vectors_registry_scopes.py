"""The recorded cases of scope parsing."""

import json
from pathlib import Path

import pytest

from wharfinger.registry import scope

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "registry_scopes.json").read_text())


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["id"])
def test_scopes_parse_as_recorded(case):
    found = [
        {"type": one.type, "class": one.klass, "name": one.name, "action": one.action}
        for one in scope.parse(case["input"]["scopes"])
    ]
    assert found == case["expect"]["access"]
