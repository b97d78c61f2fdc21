"""The recorded cases of a stream's history: events, generations, copies between tags."""

import json
from pathlib import Path

import pytest

from wharfinger.cluster.errors import ObjectError
from wharfinger.errors import WharfingerError
from wharfinger.images.streams import generations, history, metadata, pull_spec, tag_copies
from wharfinger.images.streams.history import Draft
from wharfinger.images.streams.tag_copies import Access, StreamName
from wharfinger.oci import manifest
from wharfinger.oci.digest import Digest

DOCUMENT = json.loads(
    (Path(__file__).parents[2] / "vectors" / "imagestream_history.json").read_text()
)
CASES = {case["id"]: case for case in DOCUMENT["cases"]}
NOW = "2026-01-02T03:04:05Z"


def plain(event):
    """What the records tell of an event; that nothing is written as the empty text."""
    return {key: event.get(key) or "" for key in ("dockerImageReference", "image")}


def tags(stream):
    found = (stream.get("status") or {}).get("tags") or ()
    return [(tag["tag"], [plain(event) for event in tag["items"]]) for tag in found]


def latest_tagged_image(given, expected):
    found = history.latest({"status": {"tags": given["statusTags"]}}, given["tag"])
    wanted = expected.get("dockerImageReference")
    assert (found and found["dockerImageReference"]) == wanted


def resolve_latest_tagged_image(given, expected):
    status = {
        "dockerImageRepository": given["statusDockerImageRepository"],
        "tags": given["statusTags"],
    }
    stream = {"spec": {"tags": given["specTags"]}, "status": status}
    assert pull_spec.of_latest(stream, given["tag"]) == expected.get("pullSpec")


def add_tag_event(given, expected):
    draft = Draft({"status": {"tags": given["statusTags"]}})
    assert draft.add(given["tag"], given["event"]) == expected["changed"]
    assert tags(draft.object) == tags({"status": {"tags": expected["statusTags"]}})


def update_tracking_tags(given, expected):
    draft = Draft(given["stream"])
    moved = draft.move(given["updatedTag"], given["event"])
    assert list(moved[1:]) == expected["updatedTags"]
    assert plain(history.latest(draft.object, given["updatedTag"])) == expected["head"]


def resolve_image_id(given, expected):
    stream = {"status": {"tags": given["statusTags"]}}
    if "event" in expected:
        assert plain(history.of_image(stream, given["id"])) == expected["event"]
    else:
        with pytest.raises(ObjectError) as refused:
            history.of_image(stream, given["id"])
        assert expected["errorContains"] in refused.value.message


def public_repository(given, expected):
    found = pull_spec.public_repository(given["stream"], given["externalRegistryHostname"])
    assert found == expected["value"]


def repository(given, expected):
    found = pull_spec.repository(given["stream"], given["internalRegistryHostname"])
    assert found == expected["value"]


def verify_tag_references(given, expected):
    meta = {"namespace": given["streamNamespace"], "name": "stream"}
    new, old = (
        {"metadata": meta, "spec": {"tags": given[part]}} for part in ("newSpecTags", "oldSpecTags")
    )
    answers = {
        StreamName(one["namespace"], one["name"]): one for one in given["subjectAccessReviews"]
    }
    for one in answers.values():
        what = (one["verb"], one["group"], one["resource"], one["subresource"])
        assert what == ("get", "image.openshift.io", "imagestreams", "layers")
    asked = tag_copies.accesses(new, old)
    assert {access.stream for access in asked} == set(answers)
    found = [*tag_copies.form_errors(new, old), *denied(asked, answers)]
    assert sorted((one.field, one.message) for one in found) == sorted(
        (one["field"], f"{one['type']}: {one['detail']}") for one in expected["errorsUnordered"]
    )


def denied(asked: list[Access], answers):
    for access in asked:
        answer = answers[access.stream]
        if not answer["allowed"]:
            told = {"reason": answer.get("reason", ""), "error": answer.get("error", "")}
            evaluation = answer.get("evaluationError", "")
            yield tag_copies.refusal(access, evaluation=evaluation, **told)


def spec_tags_changed(given, expected):
    registry, namespace, _ = given["statusDockerImageRepository"].split("/")
    meta = {"namespace": namespace, "name": given["streamName"], "generation": 1}
    status = {"tags": given["statusTags"]}
    new = {"metadata": meta, "spec": {"tags": given["newSpecTags"]}, "status": status}
    old = None
    if given["oldSpecTags"] is not None:
        old = {"metadata": meta, "spec": {"tags": given["oldSpecTags"]}, "status": status}
    others = {
        StreamName(namespace, name): {**stream, "metadata": {"namespace": namespace, "name": name}}
        for name, stream in given.get("otherStreams", {}).items()
    }
    assert tag_copies.sources(new, old) <= set(others)
    found, errors = tag_copies.copied(new, old, others, now=NOW, registry=registry)
    assert errors == []
    assert tags(found) == tags({"status": {"tags": expected["statusTags"]}})


def image_size(given, expected):
    layers = {layer["digest"]: layer["size"] for layer in given["layers"]}
    assert metadata.size(layers, given.get("configBytes", 0)) == expected["size"]


def image_metadata(given, expected):
    if expected.get("error"):
        with pytest.raises(WharfingerError):
            manifest.parse(given["manifest"].encode(), given.get("mediaType"))
        return
    raw = b'{"schemaVersion": 2, "manifests": []}'
    digest = Digest.of(raw)
    parsed = manifest.parse(raw, given["mediaType"])
    told = metadata.image(digest, "hub.test/a/b", parsed, now=NOW)["dockerImageMetadata"]
    assert expected == {"metadataId": "image name", "createdNonZero": True}
    assert (told["Id"], told["Created"]) == (str(digest), NOW)


def tag_reference_changed(given, expected):
    found = generations.changed(given["new"], given["old"], given["streamNamespace"])
    assert found == expected["changed"]


def tag_items_changed(given, expected):
    assert history.same_head(given["new"], given["old"]) != expected["changed"]
    assert (not given["new"] and bool(given["old"])) == expected["deleted"]


OPERATIONS = {
    "addTagEvent": add_tag_event,
    "imageMetadata": image_metadata,
    "imageSize": image_size,
    "latestTaggedImage": latest_tagged_image,
    "publicDockerImageRepository": public_repository,
    "resolveImageID": resolve_image_id,
    "resolveLatestTaggedImage": resolve_latest_tagged_image,
    "specTagsChanged": spec_tags_changed,
    "statusDockerImageRepository": repository,
    "tagItemsChanged": tag_items_changed,
    "tagReferenceChanged": tag_reference_changed,
    "updateTrackingTags": update_tracking_tags,
    "verifyTagReferences": verify_tag_references,
}


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case["id"])
def test_streams_change_as_recorded(case):
    OPERATIONS[case["input"]["op"]](case["input"], case["expect"])
