from __future__ import annotations

import pytest

from wharfinger.images.requests import client_requests
from wharfinger.images.requests.client_requests import Failure, Import, Senseless

PRESERVED = {
    "name": "v1",
    "from": {"kind": "DockerImage", "name": "hub.test/a/b:v1"},
    "importPolicy": {"importMode": "PreserveOriginal"},
}


def stream(*tags, annotations=None, **spec):
    metadata = {"name": "s", "namespace": "shop", "resourceVersion": "7"}
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": {**spec, "tags": list(tags)}}


def alias(name, of, **more):
    return {"name": name, "from": {"kind": "ImageStreamTag", "name": of, **more}}


def asked(present, **options):
    return client_requests.import_request(Import(**options), "shop", present)


def told(present, **options) -> str:
    with pytest.raises(Senseless) as raised:
        asked(present, **options)
    return raised.value.message


def test_a_stream_that_changed_since_is_a_conflict_for_the_server_to_find():
    assert asked(stream(PRESERVED), target="s:v1")["metadata"] == {
        "name": "s",
        "namespace": "shop",
        "resourceVersion": "7",
    }
    assert "resourceVersion" not in asked(None, target="s", confirm=True)["metadata"]


def test_a_dry_run_stores_nothing():
    assert asked(None, target="s", confirm=True, dry_run=True)["spec"]["import"] is False
    assert asked(None, target="s", confirm=True)["spec"]["import"] is True


def test_the_annotation_of_a_stream_counts_unless_a_flag_is_given():
    insecure = stream(PRESERVED, annotations={client_requests.INSECURE: "true"})

    [image] = asked(insecure, target="s:v1")["spec"]["images"]
    assert image["importPolicy"]["insecure"] is True
    [image] = asked(insecure, target="s:v1", insecure=False)["spec"]["images"]
    assert "insecure" not in image["importPolicy"]


def test_a_mode_that_a_tag_has_stays_unless_another_is_given():
    [image] = asked(stream(PRESERVED), target="s:v1")["spec"]["images"]
    assert image["importPolicy"]["importMode"] == "PreserveOriginal"
    [image] = asked(stream(PRESERVED), target="s:v1", import_mode="Legacy")["spec"]["images"]
    assert image["importPolicy"]["importMode"] == "Legacy"


def test_an_alias_is_followed_to_the_tag_that_is_imported():
    present = stream(PRESERVED, alias("newest", "s:stable"), alias("stable", "v1"))

    [image] = asked(present, target="s:newest")["spec"]["images"]
    assert image["to"]["name"] == "v1"
    assert image["from"]["name"] == "hub.test/a/b:v1"
    assert told(present, target="s:newest", source="hub.test/c") == (
        'the tag "newest" points to the tag "v1" which points to "hub.test/a/b:v1" - '
        "use the 'tag' command if you want to change the source to \"hub.test/c\""
    )


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (alias("a", "s:b:c"), 'tag "a" points to an invalid imagestreamtag'),
        (alias("a", "other:b"), 'tag "a" points to an imagestreamtag from another ImageStream'),
        (
            alias("a", "b", namespace="else"),
            'tag "a" points to an imagestreamtag from another ImageStream',
        ),
        (
            {"name": "a", "from": {"kind": "ImageStreamImage", "name": "s@sha256:1"}},
            'tag "a" points to existing ImageStreamImage "s@sha256:1", it cannot be re-imported',
        ),
        (
            {"name": "a"},
            (
                "tag \"a\" already exists - you must use the 'tag' command if you want to change "
                'the source to "hub.test/c"'
            ),
        ),
    ],
)
def test_what_cannot_be_imported_again_is_told(tag, message):
    assert told(stream(tag), target="s:a", source="hub.test/c") == message


def test_a_missing_latest_comes_from_the_repository_of_the_stream():
    present = stream(dockerImageRepository="hub.test/a/b")

    [image] = asked(present, target="s")["spec"]["images"]
    assert (image["from"]["name"], image["to"]["name"]) == ("hub.test/a/b", "latest")
    assert "does not exist on the image stream" in told(present, target="s:v2")
    [image] = asked(present, target="s:v2", source="hub.test/x:v2")["spec"]["images"]
    assert image["from"]["name"] == "hub.test/x:v2"


def test_all_of_a_stream_without_anything_from_outside_is_refused():
    assert told(stream(alias("a", "b")), target="s", all=True) == (
        "image stream does not have tags pointing to external container images"
    )


@pytest.mark.parametrize("target", ["", "UPPER", "quay.io", "a b"])
def test_a_target_is_a_name_of_an_image(target):
    assert told(None, target=target).startswith("the image name must be a valid container image")


def test_a_policy_that_nobody_knows_is_refused():
    assert told(None, target="s", reference_policy="far") == (
        "valid reference policy values are source or local"
    )


def test_failures_are_told_with_their_tags():
    failed = {"status": "Failure", "message": "no such image"}
    answer = {
        "spec": {"images": [{"to": {"name": "v1"}}, {"from": {"name": "hub.test/a:v2"}}]},
        "status": {
            "images": [{"status": failed, "tag": "v1"}, {"status": failed}],
            "repository": {
                "status": {"status": "Failure", "message": "one of the images failed"},
                "images": [{"status": {"status": "Success"}}, {"status": failed, "tag": "v3"}],
            },
        },
    }

    assert client_requests.failures(answer) == [
        Failure("tag", "v1", "no such image"),
        Failure("tag", "hub.test/a:v2", "no such image"),
        Failure("repository tag", "v3", "no such image"),
    ]


def test_a_repository_that_cannot_be_listed_is_a_failure_of_its_own():
    answer = {"status": {"repository": {"status": {"status": "Failure", "reason": "Unauthorized"}}}}

    assert client_requests.failures(answer) == [Failure("repository", "", "Unauthorized")]
