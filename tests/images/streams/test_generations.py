"""Who counts what in a stream."""

import json

import pytest

from wharfinger.images.streams import generations


def tag(name="1", source="hub.test/a:1", **more):
    return {"name": name, "from": {"kind": "DockerImage", "name": source}, **more}


def stream(*tags, generation=None):
    meta = {"namespace": "team", "name": "app"}
    if generation is not None:
        meta["generation"] = generation
    return {"metadata": meta, "spec": {"tags": list(tags)}}


def counts(found):
    own = found["metadata"]["generation"]
    return own, [one["generation"] for one in found["spec"]["tags"]]


def test_a_new_stream_counts_from_one_whatever_a_client_says():
    new = stream(tag(generation=0), tag("2", generation=9), tag("3"), generation=7)
    before = json.dumps(new)

    assert counts(generations.prepared(new)) == (1, [1, 1, 1])
    assert json.dumps(new) == before


OLD = stream(tag(generation=3), tag("2", generation=5), generation=5)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (tag(generation=3), tag("2", generation=5), (5, [3, 5])),
        (tag(), tag("2"), (5, [3, 5])),
        (tag(generation=99), tag("2", generation=1), (5, [3, 5])),
        (tag(generation=0), tag("2"), (6, [6, 5])),
        (tag(source="hub.test/a:2"), tag("2"), (6, [6, 5])),
        (tag(reference=True), tag("2"), (6, [6, 5])),
        (tag(importPolicy={"importMode": "PreserveOriginal"}), tag("2"), (6, [6, 5])),
        (tag(importPolicy={"scheduled": True}), tag("2"), (6, [3, 5])),
        (tag(), tag("3"), (6, [3, 6])),
    ],
)
def test_a_change_counts_once_and_only_for_the_tags_that_it_is_about(first, second, expected):
    assert counts(generations.prepared(stream(first, second, generation=1), OLD)) == expected


def test_what_is_no_part_of_the_spec_does_not_count():
    labelled = {**OLD, "metadata": {**OLD["metadata"], "labels": {"a": "b"}}}

    assert counts(generations.prepared(labelled, OLD)) == (5, [3, 5])


@pytest.mark.parametrize(
    ("items", "conditions", "pending"),
    [
        ([], [], True),
        ([{"generation": 2}], [], True),
        ([{"generation": 3}], [], False),
        ([{"generation": 1}, {"generation": 9}], [], True),
        ([{"generation": 1}], [{"type": "ImportSuccess", "generation": 3}], False),
        ([{"generation": 1}], [{"type": "Other", "generation": 3}], True),
    ],
)
def test_a_tag_waits_until_its_newest_word_has_come_to_something(items, conditions, pending):
    held = stream(tag(generation=3), generation=3)
    held["status"] = {"tags": [{"tag": "1", "items": items, "conditions": conditions}]}

    assert generations.pending(held, "1") == pending
    assert not generations.pending(held, "2")


def test_the_next_generation_is_that_of_the_next_change():
    assert generations.next_of(None) == 1
    assert generations.next_of(OLD) == 6
