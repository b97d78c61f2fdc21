"""Recorded behaviour: what the controller imports for a stream, and which tags the clock looks at."""

import json
from pathlib import Path

import pytest

from wharfinger.images.importing import due
from wharfinger.images.importing.timetable import StreamName, Timetable

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/import_controller.json").read_text())


def cases(operation):
    found = [one for one in VECTORS["cases"] if one["input"]["op"] == operation]
    return pytest.mark.parametrize("case", found, ids=[one["id"] for one in found])


def test_every_case_is_run():
    operations = {"handleStream", "needsScheduling", "scheduleLifecycle"}

    assert {one["input"]["op"] for one in VECTORS["cases"]} == operations
    assert len(VECTORS["cases"]) == VECTORS["count"]


@cases("handleStream")
def test_what_is_imported_for_a_stream(case):
    found = due.pending(case["input"]["stream"])
    posted = case["expect"]["post"]

    if posted is None:
        assert found is None
        return
    assert found.stores == posted["import"]
    assert found.repository is None
    wanted = [
        {"from": {"kind": one.kind, "name": one.name}, "to": {"name": one.to}}
        for one in found.images
    ]
    assert wanted == posted["images"]


@cases("needsScheduling")
def test_which_tags_the_clock_looks_at(case):
    stream = case["input"]["stream"]
    names = [tag["name"] for tag in stream["spec"]["tags"]]
    found = [names.index(one.to) for one in due.scheduled(stream)]

    assert bool(found) == case["expect"]["needsScheduling"]
    bumped = case["expect"]["bumpedTagIndex"]
    assert found == ([] if bumped is None else [bumped])


@cases("scheduleLifecycle")
def test_how_a_stream_comes_and_goes(case):
    """As the background does it, which removes a stream that is not there from the table."""
    app, table, now = StreamName("other", "test"), Timetable(1, -1, now=0), 0.0
    lengths, looks, there, disabled = [], [], False, False
    for step in case["input"]["steps"]:
        taken = 0
        if "three ticks" in step:
            there = there and "does not exist" not in step
            if disabled:
                table.clear()
            for _ in range(3):
                now += 1 / 3
                for one in table.take(now):
                    taken += there
                    if not there:
                        table.remove(one)
        elif step.startswith("disable"):
            disabled = True
        else:
            there = "exist" in step
            if not disabled:
                table.put(app, now)
        lengths.append(len(table))
        looks.append(taken)

    assert lengths == case["expect"]["queueLength"]
    assert looks == case["expect"]["importPosts"]
