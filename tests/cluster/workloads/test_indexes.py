from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_pods import owner, pod
from wharfinger.cluster.workloads import indexes


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        (set(), ""),
        ({3}, "3"),
        ({1, 3, 4, 5, 7}, "1,3-5,7"),
        ({0, 1}, "0,1"),
    ],
)
def test_numbers_are_written_with_ranges(numbers: set[int], text: str):
    assert indexes.text(numbers) == text


@given(st.sets(st.integers(0, 300)))
def test_what_is_written_is_read_again(numbers: set[int]):
    assert indexes.parse(indexes.text(numbers)) == numbers


@pytest.mark.parametrize("text", ["", "x", "1-x", "-", "-1", ",,", "5-3", "9" * 40])
def test_what_is_no_number_is_left_out(text: str):
    assert indexes.parse(text) == set()


def test_a_range_without_end_is_cut():
    assert len(indexes.parse("0-999999999")) <= 100_001


def test_free_numbers_are_those_that_nobody_has():
    assert list(indexes.free(5, {0, 2}, {1, None}, 1)) == [3]
    assert list(indexes.free(5, {0, 2}, {1}, 9)) == [3, 4]


def test_a_numbered_pod_knows_its_number():
    found = pod(annotations={})
    indexes.numbered(owner("once"), found, 4)

    assert indexes.of_pod(found) == 4
    assert found["metadata"]["generateName"] == "once-4-"
    assert found["metadata"]["labels"][indexes.INDEX] == "4"
    [variable] = found["spec"]["containers"][0]["env"]
    assert variable["name"] == "JOB_COMPLETION_INDEX"
    assert indexes.of_pod(pod()) is None
    assert indexes.of_pod(pod(annotations={indexes.INDEX: "x"})) is None
