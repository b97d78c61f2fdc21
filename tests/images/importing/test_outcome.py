"""What an import writes: once, for each tag, and nothing where nothing changed."""

import json
from dataclasses import replace

import pytest

from wharfinger.errors import TooLarge
from wharfinger.images.importing import outcome
from wharfinger.images.importing.fetching import Fetched, FetchedImage, FetchedRepository
from wharfinger.images.importing.outcome import CHECKED
from wharfinger.images.importing.request import Wanted
from wharfinger.images.streams import generations, history
from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.remote.errors import (
    LoginNeeded,
    ManifestAbsent,
    NoAnswer,
    NotUnderstood,
    OutOfReach,
    TooBusy,
    WrongLogin,
)

EARLIER, NOW = "2026-01-01T00:00:00Z", "2026-01-02T03:04:05Z"
STREAM = {
    "apiVersion": "image.openshift.io/v1",
    "kind": "ImageStream",
    "metadata": {"namespace": "team", "name": "app", "generation": 3},
    "spec": {},
    "status": {},
}


def fetched_image(config=b"{}"):
    described = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": str(Digest.of(config)),
        "size": len(config),
    }
    raw = json.dumps({"schemaVersion": 2, "config": described, "layers": []}).encode()
    manifest = manifests.parse(raw, media_types.OCI_IMAGE)
    return FetchedImage(Digest.of(raw), manifest, config)


def fetched(name="hub.test/a/app:1", *, to="1", image=None, error=None, **more):
    reference = ImageReference.parse(name)
    wanted = Wanted("DockerImage", name, to=to, **more)
    if image is None and error is None:
        image = fetched_image()
    tag = "" if reference.id else reference.tag or "latest"
    return Fetched(wanted, reference, tag, image=image, error=error)


def came(**given):
    return outcome.of_image(fetched(**given), now=NOW)


def stored(stream, *outcomes, now=NOW):
    """The stream as the API would keep it."""
    changed = outcome.applied(stream, outcomes, now=now)
    return stream if changed is None else generations.prepared(changed, stream)


ABSENT = ManifestAbsent("hub.test", "it has no such manifest")


def test_a_tag_that_came_has_its_event_and_its_source():
    found = stored(STREAM, came(policy="Local", scheduled=True))

    image = fetched_image()
    assert history.latest(found, "1") == {
        "created": NOW,
        "dockerImageReference": f"hub.test/a/app@{image.digest}",
        "image": str(image.digest),
        "generation": 4,
    }
    assert found["spec"]["tags"] == [
        {
            "name": "1",
            "from": {"kind": "DockerImage", "name": "hub.test/a/app:1"},
            "generation": 4,
            "importPolicy": {"scheduled": True},
            "referencePolicy": {"type": "Local"},
        }
    ]
    assert found["metadata"]["annotations"] == {CHECKED: NOW}
    assert not generations.pending(found, "1")


def test_an_import_that_changes_nothing_writes_nothing():
    once = stored(STREAM, came())

    assert outcome.applied(once, [came()], now=NOW) is None


def test_a_tag_that_waits_is_settled_though_its_image_is_the_same():
    once = stored(STREAM, came(), now=EARLIER)
    asked = json.loads(json.dumps(once))
    asked["spec"]["tags"][0]["generation"] = 0
    asked = generations.prepared(asked, once)
    assert generations.pending(asked, "1")

    found = stored(asked, came())

    assert not generations.pending(found, "1")
    (event,) = history.events(found, "1")
    assert event["created"] == EARLIER
    assert event["generation"] == found["metadata"]["generation"] == 6


def test_tags_that_follow_the_tag_move_with_it():
    tag = {"name": "stable", "from": {"kind": "ImageStreamTag", "name": "app:1"}, "generation": 1}
    found = stored({**STREAM, "spec": {"tags": [tag]}}, came())

    assert history.latest(found, "stable") == history.latest(found, "1")


def test_a_failure_keeps_the_history_and_says_why():
    good = stored(STREAM, came(), now=EARLIER)
    bad = came(error=ABSENT)

    found = stored(good, bad)

    assert history.events(found, "1") == history.events(good, "1")
    assert found["status"]["tags"][0]["conditions"] == [
        {
            "type": "ImportSuccess",
            "status": "False",
            "reason": "NotFound",
            "message": 'dockerimage.image.openshift.io "hub.test/a/app:1" not found',
            "generation": 5,
            "lastTransitionTime": NOW,
        }
    ]
    assert not generations.pending(found, "1")
    healed = stored(found, came())
    assert "conditions" not in healed["status"]["tags"][0]


def test_a_tag_that_never_came_is_seen_to_fail():
    found = stored(STREAM, came(error=ABSENT))

    assert history.spec_tag(found, "1")["from"]["name"] == "hub.test/a/app:1"
    assert found["status"]["tags"][0]["items"] == []
    assert not generations.pending(found, "1")


def test_the_same_failure_again_is_not_a_new_one_and_ends_the_waiting():
    once = stored(STREAM, came(error=ABSENT), now=EARLIER)
    assert outcome.applied(once, [came(error=ABSENT)], now=NOW) is None
    asked = json.loads(json.dumps(once))
    asked["spec"]["tags"][0]["generation"] = 0
    asked = generations.prepared(asked, once)

    found = stored(asked, came(error=ABSENT))

    assert not generations.pending(found, "1")
    (condition,) = found["status"]["tags"][0]["conditions"]
    assert (
        condition["lastTransitionTime"]
        == once["status"]["tags"][0]["conditions"][0]["lastTransitionTime"]
    )


def test_an_entry_without_a_tag_is_shown_and_not_kept():
    looked = came(to="")

    assert looked.shown()["image"]["dockerImageReference"].startswith("hub.test/a/app@sha256:")
    assert outcome.images([looked]) == []
    assert "tags" not in stored(STREAM, looked)["spec"]


def test_one_broken_tag_of_a_repository_stands_beside_good_ones():
    images = (
        fetched(name="hub.test/a/app:1", to="1"),
        fetched(name="hub.test/a/app:2", to="2", error=ABSENT),
    )
    wanted = Wanted("DockerImage", "hub.test/a/app")
    asked = FetchedRepository(wanted, ImageReference.parse("hub.test/a/app"), images, ("3", "4"))

    status, outcomes = outcome.of_repository(asked, now=NOW)

    assert status["status"]["reason"] == "ImportFailed"
    assert status["additionalTags"] == ["3", "4"]
    assert [one["tag"] for one in status["images"]] == ["1", "2"]
    found = stored(STREAM, *outcomes)
    assert [tag["from"]["name"] for tag in found["spec"]["tags"]] == [
        "hub.test/a/app:1",
        "hub.test/a/app:2",
    ]
    assert history.latest(found, "1") is not None
    assert history.latest(found, "2") is None


def test_a_repository_whose_tags_cannot_be_listed_says_why():
    error = NoAnswer("hub.test", "no connection")
    asked = FetchedRepository(
        Wanted("DockerImage", "app"), ImageReference.parse("app"), error=error
    )

    status, outcomes = outcome.of_repository(asked, now=NOW)

    assert outcomes == ()
    assert status["images"] == []
    assert status["status"]["message"] == "Internal error occurred: app: no connection"


def test_an_index_is_kept_with_its_images_each_once():
    child = fetched_image(b'{"os": "linux"}')
    document = {"schemaVersion": 2, "manifests": []}
    raw = json.dumps(document).encode()
    index = FetchedImage(Digest.of(raw), manifests.parse(raw, media_types.OCI_INDEX))
    both = outcome.of_image(replace(fetched(image=index), children=(child, child)), now=NOW)

    kept = outcome.images([both, both])

    assert [one["metadata"]["name"] for one in kept] == [str(index.digest), str(child.digest)]
    assert len(both.shown()["manifests"]) == 2


def test_manifests_are_answered_where_asked_for_and_never_kept():
    found = came(manifest=True)

    assert json.loads(found.shown()["image"]["dockerImageManifest"])["schemaVersion"] == 2
    assert found.shown()["image"]["dockerImageConfig"] == "{}"
    (kept,) = outcome.images([found])
    assert "dockerImageManifest" not in kept
    assert "dockerImageConfig" not in kept


def test_an_image_whose_config_cannot_be_read_is_a_failure_of_its_tag():
    found = came(image=fetched_image(b"[]"))

    assert found.image is None
    assert found.status["reason"] == "InternalError"
    assert "config of the image" in found.status["message"]


FAILURES = [
    (WrongLogin("hub.test", "no"), "Unauthorized", 'incorrect username or password for image "docker.io/library/app:latest"'),
    (LoginNeeded("hub.test", "no"), "Unauthorized", 'you may not have access to the container image "docker.io/library/app:latest" and did not have credentials to the repository'),
    (NoAnswer("hub.test", "slow"), "InternalError", "Internal error occurred: app: slow"),
    (TooBusy("hub.test", 5), "InternalError", "Internal error occurred: app: it takes no more requests of ours (429), until in 5 s"),
    (OutOfReach("hub.test", "10.0.0.1 is inside"), "Forbidden", "registry hub.test blocked: 10.0.0.1 is inside"),
    (NotUnderstood("hub.test", "no JSON"), "InternalError", "Internal error occurred: docker.io/library/app:latest: no JSON"),
    (TooLarge("cannot take so much"), "InternalError", "Internal error occurred: docker.io/library/app:latest: cannot take so much"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "reason", "message"), FAILURES)
def test_failures_are_told_in_known_words(error, reason, message):
    status = outcome.failure(error, ImageReference.parse("app:latest"), logins=False)

    message = message.replace(": app:", ": app:latest:")
    assert (status["status"], status["reason"], status["message"]) == ("Failure", reason, message)


def test_a_name_that_is_none_is_an_invalid_entry():
    wanted = Wanted("DockerImage", "a///b", to="x")
    with pytest.raises(InvalidReference) as caught:
        ImageReference.parse(wanted.name)

    status = outcome.unreadable(wanted, caught.value).status

    assert status["message"] == (
        ' "" is invalid: from.name: Invalid value: "a///b": invalid name: invalid reference format'
    )
    assert status["code"] == 422


def test_an_entry_of_another_kind_has_no_outcome():
    found = outcome.skipped(Wanted("ImageStreamTag", "app:1", to="1"))

    assert found.shown() == {"status": {"metadata": {}}}
    assert "tags" not in stored(STREAM, found)["spec"]
