"""`wharf tag`: what is put where, and what is said of it."""

import json

import pytest

from wharfinger.cli.exit_codes import ExitCode

STREAMS = "/apis/image.openshift.io/v1/namespaces/{}/imagestreams/{}"
TAGS = "/apis/image.openshift.io/v1/namespaces/{}/imagestreamtags"
DIGEST = "sha256:" + "a" * 64


@pytest.fixture(autouse=True)
def ruby(server, kubeconfig):
    """A stream of the project whose tag `2` means an image."""
    items = [{"image": DIGEST, "dockerImageReference": f"quay.io/team/ruby@{DIGEST}"}]
    server.add(STREAMS.format("team", "ruby"), status={"tags": [{"tag": "2", "items": items}]})


def test_a_tag_points_to_the_image_that_the_source_means_now(wharf, server):
    result = wharf("tag", "ruby:2", "ruby:tip", "other/rails:tip")

    assert result.out.splitlines() == [
        f"Tag ruby:tip set to team/ruby@{DIGEST}.",
        f"Tag rails:tip set to team/ruby@{DIGEST}.",
    ]
    made = server.objects[f"{TAGS.format('other')}/rails:tip"]
    assert made["tag"]["from"] == {
        "kind": "ImageStreamImage",
        "name": f"ruby@{DIGEST}",
        "namespace": "team",
    }


def test_an_alias_follows_and_asks_for_no_image(wharf, server):
    assert wharf("tag", "ruby:2", "ruby:tip", "--alias").out == (
        "Tag ruby:tip set up to track team/ruby:2.\n"
    )
    tag = server.objects[f"{TAGS.format('team')}/ruby:tip"]["tag"]
    assert tag["from"]["kind"] == "ImageStreamTag"


def test_a_tag_that_is_there_is_replaced(wharf, server):
    path = f"{TAGS.format('team')}/app%3Av1"
    body = json.dumps({"kind": "ImageStreamTag", "metadata": {"name": "app:v1"}}).encode()
    server.replies[path] = (200, {"Content-Type": "application/json"}, body)

    result = wharf("tag", "quay.io/team/app:v1", "app:v1", "--scheduled", "-o", "name")

    assert result.out == "imagestreamtag.image.openshift.io/app:v1\n"
    assert server.writes() == [("PUT", path)]


def test_deleting_takes_tags_only(wharf, server):
    server.add(f"{TAGS.format('team')}/ruby%3Aold")
    server.add(f"{TAGS.format('other')}/ruby%3Aold")

    result = wharf("tag", "-d", "ruby:old", "other/ruby:old", "ruby:none")

    assert result.code == ExitCode.PARTIAL
    assert result.out == "Deleted tag team/ruby:old.\nDeleted tag other/ruby:old.\n"
    assert wharf("tag", "-d", "ruby:old", "--alias").code == ExitCode.USAGE


def test_what_makes_no_sense_is_not_sent(wharf, server):
    result = wharf("tag", "ruby:2", "rails:tip", "--alias")

    assert result.code == ExitCode.USAGE
    assert result.err == "error: cannot set alias across different Image Streams\n"
    assert wharf("tag", "ruby:2").code == ExitCode.USAGE
    assert wharf("tag", "ruby:3", "ruby:tip").code == ExitCode.USAGE
    assert server.writes() == []
