from __future__ import annotations

import pytest

from wharfinger.images.requests import tag_requests
from wharfinger.images.requests.client_requests import Kind, Senseless
from wharfinger.images.requests.tag_requests import Origin, StreamTag, Tagging

DIGEST = "sha256:" + "a" * 64


def origin(source: str, kind: str = "") -> Origin:
    return tag_requests.origin(Tagging(source=source, destinations=(), kind=kind), "shop")


def checked(source: Origin, *targets: StreamTag, **options) -> None:
    tagging = Tagging(source="", destinations=(), **options)
    tag_requests.require_tagging(tagging, source, targets)


TAG = Origin(Kind.TAG, "ruby:2", "shop")
OUTSIDE = Origin(Kind.IMAGE, "hub.test/ruby:2")
TARGET = StreamTag("shop", "ruby", "tip")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("ruby", Origin(Kind.TAG, "ruby:latest", "shop")),
        ("other/ruby:2", Origin(Kind.TAG, "ruby:2", "other")),
        (f"ruby@{DIGEST}", Origin(Kind.STREAM_IMAGE, f"ruby@{DIGEST}", "shop")),
        ("quay.io/team/ruby:2", Origin(Kind.IMAGE, "quay.io/team/ruby:2")),
        ("localhost:5000/ruby", Origin(Kind.IMAGE, "localhost:5000/ruby")),
    ],
)
def test_a_source_without_a_registry_is_one_of_a_stream(source, found):
    assert origin(source) == found


def test_what_a_source_is_may_be_said():
    assert origin("ruby:2", "docker") == Origin(Kind.IMAGE, "ruby:2")
    assert origin("ruby:2", "istag") == TAG
    for source, kind in (
        ("quay.io/ruby", "istag"),
        ("ruby:2", "isimage"),
        ("a/b/c:1", "istag"),
        ("ruby", "image"),
        ("Ruby", ""),
    ):
        with pytest.raises(Senseless):
            origin(source, kind)


@pytest.mark.parametrize("text", ["", ":tip", "a/b/c:tip", "ruby:", "/ruby:tip", f"ruby@{DIGEST}"])
def test_a_destination_is_a_tag_of_a_stream(text):
    with pytest.raises(Senseless):
        tag_requests.destinations([text], "shop")


def test_destinations_are_in_the_present_project_unless_said():
    found = tag_requests.destinations(["ruby", "other/ruby:tip"], "shop")

    assert list(map(str, found)) == ["shop/ruby:latest", "other/ruby:tip"]


def test_options_have_to_go_together():
    checked(TAG, TARGET, alias=True)
    checked(OUTSIDE, TARGET, scheduled=True, insecure=True)
    for source, targets, options in (
        (TAG, [], {}),
        (OUTSIDE, [TARGET], {"alias": True}),
        (TAG, [TARGET], {"alias": True, "scheduled": True}),
        (TAG, [StreamTag("shop", "rails", "tip")], {"alias": True}),
        (TAG, [TARGET], {"insecure": True}),
        (TAG, [TARGET], {"reference_policy": "far"}),
    ):
        with pytest.raises(Senseless):
            checked(source, *targets, **options)


def test_a_tag_is_pinned_to_the_image_that_it_means_now():
    events = [{"image": DIGEST, "dockerImageReference": "hub.test/ruby@x"}, {"image": "older"}]
    stream = {"status": {"tags": [{"tag": "1", "items": [{}]}, {"tag": "2", "items": events}]}}

    assert tag_requests.pinned(TAG, stream) == Origin(Kind.STREAM_IMAGE, f"ruby@{DIGEST}", "shop")
    del events[0]["image"]
    assert tag_requests.pinned(TAG, stream) == Origin(Kind.IMAGE, "hub.test/ruby@x")
    with pytest.raises(Senseless, match="not currently pointing to an image"):
        tag_requests.pinned(Origin(Kind.TAG, "ruby:3", "shop"), stream)


def test_the_object_has_what_was_asked_for():
    tagging = Tagging(
        source="", destinations=(), scheduled=True, reference=True, reference_policy="Local"
    )

    made = tag_requests.stream_tag(tagging, OUTSIDE, TARGET)

    assert made["metadata"] == {"name": "ruby:tip", "namespace": "shop"}
    assert made["tag"] == {
        "name": "tip",
        "from": {"kind": "DockerImage", "name": "hub.test/ruby:2"},
        "reference": True,
        "importPolicy": {"scheduled": True, "importMode": "Legacy"},
        "referencePolicy": {"type": "Local"},
    }
