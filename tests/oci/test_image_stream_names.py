"""Names and order of image stream tags: the recorded cases, and the rules beside them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.oci import image_stream_names as names

DOCUMENT = json.loads((Path(__file__).parents[1] / "vectors" / "names.json").read_text())


def newest(events: dict) -> datetime | None:
    items = events.get("items", [])
    return datetime.fromisoformat(items[0]["created"]) if items else None


def sort_status_tags(case: dict) -> dict:
    return {"tags": names.newest_first({events["tag"]: newest(events) for events in case["tags"]})}


OPERATIONS = {
    "parseImageStreamTagName": lambda case: names.parse_tag_name(case["value"])._asdict(),
    "parseImageStreamImageName": lambda case: names.parse_image_name(case["value"])._asdict(),
    "joinImageStreamTag": lambda case: {"value": names.join_tag(case["name"], case["tag"])},
    "joinImageStreamImage": lambda case: {"value": names.join_image(case["name"], case["id"])},
    "sortStatusTags": sort_status_tags,
    "prioritizeTags": lambda case: {"tags": names.prioritize(case["tags"])},
}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in DOCUMENT["cases"]])
def test_names_are_read_and_ordered_as_recorded(case):
    operation = OPERATIONS[case["input"]["op"]]
    if case["expect"].get("error"):
        with pytest.raises(names.InvalidImageStreamName):
            operation(case["input"])
    else:
        assert operation(case["input"]) == case["expect"]


@pytest.mark.parametrize("text", ["a@b", "a:b:c", ":t", "a:", "a@b:c"])
def test_a_tag_name_has_one_colon_and_both_sides(text):
    with pytest.raises(names.InvalidImageStreamName):
        names.parse_tag_name(text)


def test_versions_go_down_and_other_tags_up():
    tags = ["dev", "1.10.0", "1.9.0", "v2.0.0-rc.1", "v2.0.0", "2.0", "alpha", "latest", "v1.1"]

    assert names.prioritize(tags) == [
        "latest", "2.0", "v1.1", "v2.0.0", "v2.0.0-rc.1", "1.10.0", "1.9.0", "alpha", "dev",
    ]  # fmt: skip


def test_numbers_in_a_prerelease_compare_as_numbers_and_before_words():
    assert names.prioritize(["1.0.0-2", "1.0.0-10", "1.0.0-x"]) == [
        "1.0.0-x",
        "1.0.0-10",
        "1.0.0-2",
    ]


@given(st.lists(st.from_regex(r"v?[0-9]{1,2}(\.[0-9]{1,2}){0,2}(-[a-z0-9]{1,3})?", fullmatch=True)))
def test_order_does_not_depend_on_the_order_of_arrival(tags):
    # "1.0" and "1.0" with build data may tie; equal texts are equal anyway.
    assert names.prioritize(tags) == names.prioritize(sorted(tags))


def test_tags_of_a_status_are_ordered_by_newest_event_then_name():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    created = {"old": now - timedelta(days=1), "b": now, "a": now, "empty": None}

    assert names.newest_first(created) == ["a", "b", "old", "empty"]
