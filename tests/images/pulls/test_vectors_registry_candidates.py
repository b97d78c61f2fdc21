"""The recorded cases of where else, and through which mirrors, content may be had."""

import json
from pathlib import Path

import pytest

from wharfinger.images.importing import secrets
from wharfinger.images.pulls import candidates
from wharfinger.oci.credentials import Keyring
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.import_policy import MirrorRule

VECTORS = Path(__file__).parents[2] / "vectors"

DIFFERENT = {
    "ctx-1": "the namespace comes with the repository, and nothing is read from a request",
    "ctx-3": "no file of the node is read: logins are those of the project's secrets",
}


def cases(name):
    document = json.loads((VECTORS / name).read_text())
    return [pytest.param(case, id=case["id"]) for case in document["cases"]]


@pytest.mark.parametrize("case", cases("registry_candidates.json"))
def test_repositories_are_asked_in_the_recorded_order(case):
    given, expected = case["input"], case["expect"]
    found = candidates.of_stream(
        given["stream"], own=given["localRegistries"], older=not given["primary"]
    )
    assert [one.repository for one in found] == expected["repositories"]
    assert {
        one.repository: {"ref": one.reference.exact(), "insecure": one.insecure} for one in found
    } == expected["search"]


@pytest.mark.parametrize("case", cases("registry_mirrors.json"))
def test_mirrors_are_asked_in_the_recorded_order(case):
    given, expected = case["input"], case["expect"]
    rules = [
        MirrorRule(entry["source"], tuple(entry["mirrors"]))
        for rule in given["rules"]
        for entry in rule["entries"]
    ]
    found = candidates.mirrored(ImageReference.parse(given["ref"]), rules)
    assert [place.exact() for place in found] == expected["try"]


@pytest.mark.parametrize("case", cases("pullthrough_credentials.json"))
def test_logins_for_a_source_are_the_recorded_ones(case):
    given, expected = case["input"], case["expect"]
    if case["id"] == "ctx-1":
        return
    reference = ImageReference.parse(given["ref"]) if given["ref"] else ImageReference()
    found = secrets.logins(Keyring(map(secrets.read, given["secrets"])), reference)
    pair = (found[0].username, found[0].password) if found else ("", "")
    recorded = (expected["user"], expected["password"])
    assert pair == (("", "") if case["id"] in DIFFERENT else recorded)


def test_older_events_only_make_up_for_what_the_newest_do_not_name():
    tag = {
        "tag": "a",
        "items": [
            {"dockerImageReference": "new.test/a/b:1"},
            {"dockerImageReference": "old.test/a/b:1"},
            {"dockerImageReference": "new.test/a/b:0"},
            {"dockerImageReference": "hub.test:5000/own/b:0"},
            {"dockerImageReference": "no///name"},
        ],
    }
    found = candidates.of_stream({"status": {"tags": [tag]}}, own=["hub.test:5000"], older=True)
    assert [one.repository for one in found] == ["old.test/a/b"]


def test_one_insecure_tag_makes_its_registry_insecure_and_last():
    stream = {
        "spec": {"tags": [{"name": "b", "importPolicy": {"insecure": True}}]},
        "status": {
            "tags": [
                {"tag": "a", "items": [{"dockerImageReference": "a.test/x/one"}]},
                {"tag": "b", "items": [{"dockerImageReference": "a.test/x/two"}]},
                {"tag": "c", "items": [{"dockerImageReference": "z.test/x/three"}]},
            ]
        },
    }
    found = [(one.repository, one.insecure) for one in candidates.of_stream(stream, own=())]
    assert found == [("z.test/x/three", False), ("a.test/x/one", True), ("a.test/x/two", True)]


def test_a_mirror_that_cannot_be_read_leaves_the_source_alone():
    rules = [MirrorRule("hub.test", ("mirror.test",)), MirrorRule("hub.test/a", ("BAD NAME",))]
    found = candidates.mirrored(ImageReference.parse("hub.test/a/b:1"), rules)
    assert [place.exact() for place in found] == ["hub.test/a/b"]


def test_a_rule_ends_at_a_slash():
    rules = [MirrorRule("hub.test/team", ("mirror.test/team",))]
    found = candidates.mirrored(ImageReference.parse("hub.test/teams/b:1"), rules)
    assert [place.exact() for place in found] == ["hub.test/teams/b"]
