"""What a tag takes over from another when it is written, and what that takes."""

from wharfinger.images.streams import history, tag_copies
from wharfinger.images.streams.tag_copies import Access, StreamName

NOW = "2026-01-02T03:04:05Z"
OURS = "registry.test:5000"
DIGEST = "sha256:" + "ab" * 32


def tag(name, target, *, kind="ImageStreamTag", namespace=None, **more):
    origin = {"kind": kind, "name": target}
    if namespace:
        origin["namespace"] = namespace
    return {"name": name, "from": origin, **more}


def stream(*tags, name="app", namespace="team", events=()):
    return {
        "metadata": {"namespace": namespace, "name": name, "generation": 4},
        "spec": {"tags": list(tags)},
        "status": {
            "tags": [
                {
                    "tag": where,
                    "items": [
                        {
                            "created": "old",
                            "dockerImageReference": at,
                            "image": DIGEST,
                            "generation": 1,
                        }
                    ],
                }
                for where, at in events
            ]
        },
    }


def copied(new, old=None, *others):
    streams = {
        StreamName(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in others
    }
    return tag_copies.copied(new, old, streams, now=NOW, registry=OURS)


LIB = stream(name="lib", namespace="base", events=[("1", f"{OURS}/base/lib@{DIGEST}")])


def test_an_image_of_our_own_registry_is_told_with_the_stream_that_takes_it_over():
    new = stream(tag("a", "lib:1", namespace="base"))

    found, errors = copied(new, None, LIB)

    assert errors == []
    assert history.latest(found, "a") == {
        "created": NOW,
        "dockerImageReference": f"{OURS}/team/app@{DIGEST}",
        "image": DIGEST,
        "generation": 4,
    }


def test_a_mere_reference_and_an_image_of_elsewhere_keep_their_place():
    there = f"hub.test/base/lib@{DIGEST}"
    new = stream(
        tag("a", "lib:1", namespace="base", reference=True),
        tag("b", "out:1", namespace="base"),
        tag("c", "hub.test/a:1", kind="DockerImage", reference=True),
        tag("d", "hub.test/a:1", kind="DockerImage"),
    )
    out = stream(name="out", namespace="base", events=[("1", there)])

    found, errors = copied(new, None, LIB, out)

    assert errors == []
    places = [
        (tag["tag"], tag["items"][0]["dockerImageReference"], tag["items"][0]["image"])
        for tag in found["status"]["tags"]
    ]
    assert places == [
        ("a", f"{OURS}/base/lib@{DIGEST}", DIGEST),
        ("b", there, DIGEST),
        ("c", "hub.test/a:1", ""),
    ]


def test_what_is_missing_is_told_where_it_matters():
    new = stream(
        tag("a", "gone:1", namespace="base"),
        tag("b", "lib:2", namespace="base"),
        tag("c", "lib@sha256:cd", kind="ImageStreamImage", namespace="base"),
        tag("d", "a:b:c"),
        tag("e", "a@b@c", kind="ImageStreamImage"),
    )

    found, errors = copied(new, None, LIB)

    assert found["status"]["tags"] == []
    assert sorted((error.field, error.reason) for error in errors) == [
        ("spec.tags[a].from.name", "FieldValueNotFound"),
        ("spec.tags[c].from.name", "FieldValueInvalid"),
        ("spec.tags[d].from.name", "FieldValueInvalid"),
        ("spec.tags[e].from.name", "FieldValueInvalid"),
    ]


def test_tags_that_stay_as_they_were_take_over_nothing_again():
    kept = tag("a", "lib:1", namespace="base", generation=2)
    old = stream(kept, events=[("a", f"hub.test/old@{DIGEST}")])
    new = stream({**kept, "generation": 4}, events=[("a", f"hub.test/old@{DIGEST}")])

    found, errors = copied(new, old)

    assert errors == []
    assert found == new
    assert tag_copies.sources(new, old) == frozenset()


def test_tags_that_follow_a_tag_that_moves_by_the_write_move_too():
    new = stream(tag("a", "lib:1", namespace="base"), tag("z", "a"))
    old = stream(tag("z", "a"))

    found, _ = copied(new, old, LIB)

    assert history.latest(found, "z") == history.latest(found, "a")


def test_a_right_is_needed_for_each_new_source_in_another_namespace():
    old = stream(tag("a", "lib:1", namespace="base"))
    new = stream(
        tag("a", "lib:1", namespace="base"),
        tag("b", "lib@sha256:ab", kind="ImageStreamImage", namespace="base"),
        tag("c", "other:1"),
        tag("d", "x:y:z", namespace="base"),
        tag("e", "hub.test/a", kind="DockerImage", namespace="base"),
    )

    assert tag_copies.accesses(new, old) == [Access("b", StreamName("base", "lib"))]
    assert tag_copies.accesses(new) == [
        Access("a", StreamName("base", "lib")),
        Access("b", StreamName("base", "lib")),
    ]


def test_a_missing_right_is_told_as_the_review_of_it_was_answered():
    access = Access("a", StreamName("base", "lib"))

    error = tag_copies.refusal(access, reason="no", evaluation="odd", error="late")

    assert (error.field, error.message) == (
        "spec.tags[a].from",
        'Forbidden: base/lib: "no" "odd"- late',
    )
