from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.explain import NodePlan, PodPlan
from wharfinger.maintenance.model import Name, Node, Pod
from wharfinger.maintenance.node import notices
from wharfinger.maintenance.node.notices import Stage
from wharfinger.maintenance.node.progress import Gone, Kind, Progress, Report, State
from wharfinger.maintenance.verdict import Outcome, Verdict

NOTE = Note("ann@desk", "a new disk", "run-1", "2027-01-15T08:00:00Z")
NODE = Node("pier-1", "uid")
WAITS = Verdict(Outcome.WAITS, "budget-spent", "the budget is spent", "wait")


def plan(*verdicts: Verdict) -> NodePlan:
    pods = (
        PodPlan(Pod(Name("shop", f"web-{number}"), f"uid-{number}"), verdict)
        for number, verdict in enumerate(verdicts)
    )
    return NodePlan(NODE, tuple(pods), ())


def report(state: State, *left: Verdict) -> Report:
    gone = (Gone(Name("shop", "web"), "uid", evicted=True, seconds=1.0),)
    found = plan(*left)
    return Report("pier-1", state, found, gone, found.pods, 2.5, cordoned=True, message="so it is")


def test_the_start_says_who_and_why():
    notice = notices.started("pier-1", 2, NOTE)

    assert (notice.stage, notice.reason, notice.warning) == (
        Stage.STARTED,
        "EvacuationStarted",
        False,
    )
    assert notice.message == "ann@desk evacuates it: a new disk; 2 pods to go"
    assert notices.started("pier-1", 1, NOTE).message.endswith("; 1 pod to go")


def test_a_pod_that_is_held_is_a_warning_in_the_words_of_the_api():
    progress = Progress("pier-1", Kind.HELD, Name("shop", "web"), "it would violate", 3)
    notice = notices.held(progress)

    assert notice.warning
    assert notice.message == "pod shop/web may not go now: it would violate"


@pytest.mark.parametrize("state", State)
def test_each_end_has_its_word(state):
    notice = notices.ended(report(state))

    assert notice.reason.isalnum()
    assert notice.reason.startswith("Evacuation")
    assert notice.warning is (state is not State.EVACUATED)
    assert notice.facts["state"] == state


def test_what_is_left_is_named_as_far_as_there_is_room():
    assert notices.ended(report(State.BLOCKED, WAITS)).message == "so it is; left: shop/web-0"
    many = notices.ended(report(State.BLOCKED, *[WAITS] * 7))
    assert many.message.endswith("shop/web-4 and 2 more")
    assert len(many.facts["left"]) == 7


def test_the_body_of_a_webhook_is_plain_json_with_a_text_for_chats():
    now = datetime(2027, 1, 15, 8, tzinfo=UTC)
    body = notices.document(
        notices.ended(report(State.TIMED_OUT, WAITS)), server="https://here.test", at=now
    )

    assert json.loads(json.dumps(body)) == {
        "text": "node pier-1: so it is; left: shop/web-0",
        "stage": "ended",
        "node": "pier-1",
        "reason": "EvacuationTimedOut",
        "warning": True,
        "server": "https://here.test",
        "at": "2027-01-15T08:00:00+00:00",
        "state": "timed-out",
        "seconds": 2.5,
        "gone": 1,
        "cordoned": True,
        "left": [
            {
                "pod": "shop/web-0",
                "code": "budget-spent",
                "reason": "the budget is spent",
                "remedy": "wait",
            }
        ],
    }
