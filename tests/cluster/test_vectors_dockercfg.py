"""The recorded cases of dockercfg secrets; the addresses of a service are spelled out here."""

import json
from pathlib import Path

import pytest

from wharfinger.cluster import dockercfg

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "dockercfg.json").read_text())


def hosts(given):
    """The addresses of the service, as `host:port`."""
    service = given.get("service")
    if service is None:
        return given.get("additionalRegistryURLs") or []
    name = f"{service['name']}.{service['namespace']}.svc"
    names = [service["clusterIP"], name]
    if given.get("dnsSuffix"):
        names.append(f"{name}.{given['dnsSuffix']}")
    bracketed = [f"[{one}]" if ":" in one else one for one in names]
    inside = [f"{one}:{port}" for one in bracketed for port in service["ports"]]
    return [*(given.get("additionalRegistryURLs") or []), *inside]


def secret(given):
    found = given["secret"]
    return {
        "metadata": {"annotations": found["annotations"]},
        "data": {dockercfg.KEY: dockercfg.encode(found[dockercfg.KEY])},
    }


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["id"])
def test_secrets_are_as_recorded(case):
    given, expected = case["input"], case["expect"]
    if given.get("unchanged"):
        config = dockercfg.render(hosts(given), "t")
        kept = {"metadata": {}, "data": {dockercfg.KEY: dockercfg.encode(config)}}
        assert dockercfg.held(kept) == dockercfg.render(hosts(given), dockercfg.token(kept))
        return
    fresh = (given.get("tokenSecret") or {}).get("token")

    config = dockercfg.render(hosts(given), dockercfg.token(secret(given)) or fresh)

    assert list(config) == expected["keys"]
    assert {entry["username"] for entry in config.values()} <= {"serviceaccount"}
    assert {entry["password"] for entry in config.values()} <= {expected["password"]}
    assert {entry["email"] for entry in config.values()} <= {"serviceaccount@example.org"}
