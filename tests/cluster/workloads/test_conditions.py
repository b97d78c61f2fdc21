from __future__ import annotations

from datetime import UTC, datetime

from wharfinger.cluster.workloads import conditions

MORNING, NOON = (datetime(2027, 1, 15, hour, tzinfo=UTC) for hour in (8, 12))


def test_a_condition_keeps_its_time_while_its_status_stays():
    first = conditions.merged((), [conditions.made("Ready", True)], MORNING)
    same = conditions.merged(first, [conditions.made("Ready", True, "Again", "Still.")], NOON)

    assert same == [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Again",
            "message": "Still.",
            "lastTransitionTime": "2027-01-15T08:00:00Z",
        }
    ]


def test_a_condition_that_turns_is_of_now():
    first = conditions.merged((), [conditions.made("Ready", True)], MORNING)
    turned = conditions.merged(first, [conditions.made("Ready", False)], NOON)

    assert turned[0]["lastTransitionTime"] == "2027-01-15T12:00:00Z"


def test_conditions_of_others_stay_where_they_are():
    known = [{"type": "Own", "status": "Unknown"}, {"status": "True"}]
    assert conditions.merged(known, [], NOON) == known
    assert conditions.merged(known, [conditions.made("Ready", True)], NOON)[:2] == known


def test_what_an_object_does_not_say_does_not_hold():
    assert not conditions.holds({}, "Ready")
    assert not conditions.holds({"status": {"conditions": [{"type": "Ready"}]}}, "Ready")
    assert conditions.moment("") is None
    assert conditions.moment(None) is None
    assert conditions.moment("2027-01-15T08:00:00Z") == MORNING
