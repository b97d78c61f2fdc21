"""
What `apply`, `undo`, `history` and `release` say. What they do is tested with the engine of orders and,
from the command line on real disks, in `tests/vm/test_storage_orders.py`.
"""

from __future__ import annotations

import json

import pytest

from wharfinger.cli import consent, storage_outcomes, storage_output, storage_plan_file
from wharfinger.cli.consent import Allowed
from wharfinger.cli.errors import Blocked, UsageError
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.hosts.on_host.storage import outcomes
from wharfinger.hosts.on_host.storage.outcomes import Ending, StorageOutcome
from wharfinger.hosts.on_host.storage.steps import ExtendVolume, GrowFilesystem, StorageOrder
from wharfinger.hosts.storage.planned import Forecast, PlannedStep, Refusal, StoragePlan

STEPS = (ExtendVolume("docker", "root", 4 << 30), GrowFilesystem("/dev/x", "/srv", "xfs"))
PLAN = StoragePlan(
    tuple(PlannedStep(one, "it is to be larger", Disruption.RESTART) for one in STEPS),
    (),
    (Forecast("/srv", 1 << 20, 1 << 30, "a copy"),),
    ("nothing shrinks",),
    StorageOrder(STEPS, {"volume docker/root": "uuid 1 linear"}, (), "grow"),
)


@pytest.mark.parametrize(
    "plan",
    [PLAN, StoragePlan(refusals=(Refusal("swap", "/dev/vdb", "it is swapped to", "swapoff"),))],
)
def test_a_plan_that_was_kept_is_read_again_as_it_was(tmp_path, plan):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(storage_output.plan_document(plan, "quay1")))

    assert storage_plan_file.read(path) == plan


@pytest.mark.parametrize(
    "text", ["", "[]", '{"order": 1}', '{"order": {"steps": [{"kind": "sh"}]}}']
)
def test_what_is_no_plan_is_not_applied(tmp_path, text):
    path = tmp_path / "plan.json"
    path.write_text(text)

    with pytest.raises(UsageError):
        storage_plan_file.read(path)


def outcome(ending, **more):
    words = ("extend volume docker/root", "grow filesystem /dev/x")
    return StorageOutcome("000003", ending, 1.0, "grow", words, **more)


def test_an_outcome_says_what_is_kept_and_until_when():
    text = storage_outcomes.outcome_text(
        outcome(
            Ending.APPLIED,
            done=2,
            proven=("5 images are there",),
            keeps=("docker/old",),
            reversible=True,
        )
    )

    assert text.splitlines() == [
        "applied: grow (order 000003)",
        "proven: 5 images are there",
        "kept: docker/old, until `wharf storage release 000003`",
        "`wharf storage undo 000003` takes it back",
    ]


def test_a_stopped_order_says_what_stays_and_how_it_goes_on():
    stopped = outcome(Ending.STOPPED, done=1, trouble="no room\x1b[2J")

    assert storage_outcomes.outcome_text(stopped).splitlines() == [
        "stopped: grow (order 000003)",
        "trouble: no room\\x1b[2J",
        "stays: extend volume docker/root",
    ]
    error = storage_outcomes.NotApplied(stopped)
    assert "1 of 2 steps" in error.message
    assert "wharf storage undo" in str(error.remedy)


def test_outcomes_are_json_that_is_read_again():
    told = outcome(Ending.ROLLED_BACK, trouble="no", proven=("a",), keeps=("b",))

    assert outcomes.from_json(json.loads(json.dumps(outcomes.to_json(told)))) == told


def test_no_more_is_disturbed_than_was_allowed():
    consent.require_allowed(Disruption.RESTART, Allowed.RESTART)

    with pytest.raises(Blocked):
        consent.require_allowed(Disruption.DRAIN, Allowed.RESTART)


@pytest.mark.parametrize("answer", ["yes", "000004", ""])
def test_what_cannot_be_taken_back_wants_its_number_typed(monkeypatch, answer):
    monkeypatch.setattr(consent.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(consent, "ask", lambda _: answer)

    with pytest.raises(Blocked):
        consent.require_typed("release", "000003")


def test_the_number_is_consent(monkeypatch):
    monkeypatch.setattr(consent.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(consent, "ask", lambda _: " 000003 ")

    consent.require_typed("release", "000003")


def test_nobody_is_asked_who_is_not_there(monkeypatch):
    monkeypatch.setattr(consent.sys.stdin, "isatty", lambda: False, raising=False)

    with pytest.raises(UsageError):
        consent.require("undo")
