from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from wharfinger.maintenance import cordon
from wharfinger.maintenance.cordon import ANNOTATION, Note
from wharfinger.maintenance.model import Node

OPEN = Node("pier-1", "u1")
NOTE = Note(by="ann", why="a new disk", run="r-1", at="2026-11-23T10:00:00Z")


def test_a_node_is_closed_under_a_note_that_is_read_again():
    closed = patched(OPEN, cordon.close(OPEN, NOTE))

    assert not closed.schedulable
    assert cordon.note_of(closed) == NOTE


def test_our_own_cordon_is_taken_away_without_a_trace():
    closed = patched(OPEN, cordon.close(OPEN, NOTE))

    for run in ("r-1", None):
        assert patched(closed, cordon.open(closed, run)) == OPEN


def test_what_is_so_already_is_not_written_again():
    closed = patched(OPEN, cordon.close(OPEN, NOTE))

    assert cordon.close(closed, NOTE) is None
    assert cordon.open(OPEN) is None


def test_a_cordon_of_somebody_else_stays():
    theirs = replace(OPEN, schedulable=False)

    assert cordon.close(theirs, NOTE) is None
    assert cordon.note_of(theirs) is None
    assert cordon.open(theirs) is None


def test_the_cordon_of_another_run_stays_unless_any_run_is_meant():
    closed = patched(OPEN, cordon.close(OPEN, NOTE))

    assert cordon.open(closed, "r-2") is None
    assert cordon.open(closed, None) is not None


def test_a_note_that_a_plain_uncordon_left_counts_for_nothing_and_is_cleared():
    left = replace(patched(OPEN, cordon.close(OPEN, NOTE)), schedulable=True)

    assert cordon.note_of(left) is None
    assert patched(left, cordon.open(left, "r-2")) == OPEN
    assert cordon.note_of(patched(left, cordon.close(left, replace(NOTE, run="r-2")))) == replace(
        NOTE, run="r-2"
    )


@pytest.mark.parametrize("text", ["", "yes", "[]", "3", "{}", json.dumps({"by": "ann"}), "null"])
def test_what_is_not_a_note_makes_the_cordon_somebody_elses(text: str):
    odd = replace(OPEN, schedulable=False, annotations={ANNOTATION: text})

    assert cordon.note_of(odd) is None
    assert cordon.open(odd) is None


def test_a_note_with_more_in_it_than_we_know_is_read():
    more = {"by": "ann", "why": "", "run": "r-1", "at": "", "ticket": 7}
    node = replace(OPEN, schedulable=False, annotations={ANNOTATION: json.dumps(more)})

    assert cordon.note_of(node) == Note("ann", "", "r-1", "")
    assert (
        cordon.note_of(replace(node, annotations={ANNOTATION: json.dumps({**more, "run": 1})}))
        is None
    )


def patched(node: Node, patch: Mapping[str, Any] | None) -> Node:
    """The node after a merge patch."""
    assert patch is not None
    annotations = dict(node.annotations)
    for name, value in patch["metadata"]["annotations"].items():
        if value is None:
            annotations.pop(name, None)
        else:
            annotations[name] = value
    unschedulable = patch.get("spec", {}).get("unschedulable", not node.schedulable)
    return replace(node, schedulable=not unschedulable, annotations=annotations)
