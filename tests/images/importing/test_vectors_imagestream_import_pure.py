"""The recorded cases of what imports leave behind, of mirrors and of limits; fetches stand apart."""

import json
from pathlib import Path

import pytest

from wharfinger.images.importing import outcome
from wharfinger.images.importing.fetching import Fetched
from wharfinger.images.importing.outcome import Outcome
from wharfinger.images.importing.request import Wanted
from wharfinger.images.pulls import candidates
from wharfinger.images.streams import generations, history
from wharfinger.oci.reference import ImageReference
from wharfinger.policy import import_policy
from wharfinger.policy.import_policy import MirrorRule
from wharfinger.remote.errors import HttpOnly, LoginNeeded, ManifestAbsent, RemoteError

DOCUMENT = json.loads(
    (Path(__file__).parents[2] / "vectors" / "imagestream_import.json").read_text()
)
CASES = [case for case in DOCUMENT["cases"] if case["input"]["op"] != "fetch"]
EARLIER, NOW = "2026-01-01T00:00:00Z", "2026-01-02T03:04:05Z"

DIFFERENT = {
    "d-limit-default": "fetches have no rate for each request, but turns that are fair to projects",
}


def came(given):
    image = given["image"]
    wanted = Wanted(
        "DockerImage",
        f"{image['dockerImageReference'].partition('@')[0]}:{given['tag']}",
        to=given["tag"],
        mode=given.get("importMode", ""),
        policy=given.get("referencePolicy", {}).get("type", ""),
    )
    children = tuple({"metadata": {"name": name}} for name in given.get("manifests", ()))
    return Outcome(wanted, {"status": "Success"}, given["tag"], image, children)


def apply_import(given, expected):
    if "created" in expected:
        # Those that are there already are no error of the store, and nothing is kept twice.
        found = outcome.images([came(given)] * given["repeat"])
        names = [image["metadata"]["name"] for image in found]
        assert names == expected["created"]
        assert names[1:] == expected["submanifestNames"]
        assert len(found) == expected["imagesCreatedCalls"]
        return
    stream = json.loads(json.dumps(given["stream"]))
    stream["metadata"] = {"generation": given["nextGeneration"] - 1}
    for tag in stream["status"]["tags"]:
        for event in tag["items"]:
            event["created"] = EARLIER
    before = json.dumps(stream)

    found = outcome.applied(stream, [came(given)], now=NOW)

    assert json.dumps(stream) == before
    head = history.latest(found, given["tag"])
    assert (head.pop("created") == NOW) == expected["headCreatedUpdated"]
    assert head == expected["head"]
    kept = history.spec_tag(found, given["tag"])
    assert kept["referencePolicy"]["type"] == expected["specReferencePolicyType"]
    assert not generations.pending(generations.prepared(found, stream), given["tag"])


def create_images(given, expected):
    failed = Outcome(
        Wanted("DockerImage", "hub.test/a/b:tag", to="tag"), {"status": given["status"]}
    )
    assert len(outcome.images([failed])) == expected["createCalls"]
    found = outcome.applied({"metadata": {}}, [failed], now=NOW)
    told = found["status"]["tags"][0]["conditions"]
    shown = [{key: one[key] for key in ("type", "status", "message")} for one in told]
    assert shown == expected["tagConditions"]
    assert "reason" not in told[0]


def mirror(given, expected):
    rules = [
        MirrorRule(
            one["prefix"],
            tuple(at if isinstance(at, str) else at["location"] for at in one["mirrors"]),
            digest_only=one.get("mirrorByDigestOnly", False),
            blocked=one.get("blocked", False),
        )
        for one in given["registries"]
    ]
    reference = ImageReference.parse(given["image"])
    first = candidates.mirrored(reference, rules)[0]
    host, port = first.registry_address()
    assert (f"https://{host}", first.repository) == (expected["contacted"], expected["repository"])
    assert port == "443"
    assert reference.exact() == expected["dockerImageReference"]


def limits(_, expected):
    read = import_policy.read({})
    assert read.max_images in expected["maxImagesBulkImportedPerRepository"].values()
    assert read.interval == expected["scheduledIntervalSeconds"]
    assert read.per_minute == expected["maxScheduledImportsPerMinute"]


REMOTE = {
    "UNAUTHORIZED": LoginNeeded("hub.corp.test", "it wants a login"),
    'error text ending in "no basic auth credentials"': LoginNeeded("hub.corp.test", "none"),
    "NAME_UNKNOWN": ManifestAbsent("hub.corp.test", "it has no such repository"),
    "plain HTTP answer, insecure not set": HttpOnly("hub.corp.test", "it speaks no TLS"),
    "other error X": RemoteError("hub.corp.test", "X"),
}


def map_remote_error(given, expected):
    reference = ImageReference.parse(given["image"])
    wanted = Wanted("DockerImage", given["image"], to="1")
    fetched = Fetched(wanted, reference, "1", error=REMOTE[given["remote"]], logins=True)
    status = outcome.of_image(fetched, now=NOW).status
    assert {key: status[key] for key in ("reason", "message")} == expected
    assert status["status"] == "Failure"


def repository_status(given, expected):
    told = outcome.repository_status(given["failedImages"])
    assert {key: told[key] for key in expected} == expected


def test_the_table_of_differences_names_recorded_cases():
    assert set(DIFFERENT) <= {case["id"] for case in CASES}


OPERATIONS = {
    "applyImport": apply_import,
    "createImages": create_images,
    "limits": limits,
    "mapRemoteError": map_remote_error,
    "mirror": mirror,
    "repositoryStatus": repository_status,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_imports_leave_behind_what_is_recorded(case):
    OPERATIONS[case["input"]["op"]](case["input"], case["expect"])
