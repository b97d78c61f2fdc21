from __future__ import annotations

from typing import Any

import pytest
from starlette.datastructures import QueryParams

from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.kinds import CONFIG_MAP
from wharfinger.cluster.options import DeleteOptions, FieldValidation, Propagation
from wharfinger.server import kube_options


def of_delete(query: str = "", **body: Any) -> DeleteOptions:
    return kube_options.of_delete(QueryParams(query), body, print)


def test_a_write_warns_unless_it_says_otherwise():
    def validation(query: str) -> FieldValidation:
        return kube_options.of_write(QueryParams(query), print).field_validation

    assert validation("") is FieldValidation.WARN
    assert validation("fieldValidation=") is FieldValidation.WARN
    assert validation("fieldValidation=Strict") is FieldValidation.STRICT
    with pytest.raises(BadRequest, match="Unsupported value"):
        validation("fieldValidation=strict")


@pytest.mark.parametrize(
    ("options", "propagation"),
    [
        (of_delete(), None),
        (of_delete("orphanDependents="), None),
        (of_delete("orphanDependents=false"), Propagation.BACKGROUND),
        (of_delete("propagationPolicy=Orphan"), Propagation.ORPHAN),
        (of_delete("orphanDependents=true"), Propagation.ORPHAN),
        (of_delete(orphanDependents=True), Propagation.ORPHAN),
        (of_delete(orphanDependents=False), Propagation.BACKGROUND),
        (of_delete("propagationPolicy=Orphan", propagationPolicy="Foreground"), Propagation.FOREGROUND),
    ],
)  # fmt: skip
def test_how_a_deletion_goes_on(options: DeleteOptions, propagation: Propagation | None):
    assert options.propagation is propagation


def test_a_deletion_may_be_dry_by_query_or_body():
    assert of_delete("dryRun=All").dry_run
    assert of_delete(dryRun=["All"]).dry_run
    assert not of_delete().dry_run


def test_a_deletion_may_say_how_long_it_waits():
    assert of_delete().grace is None
    assert of_delete("gracePeriodSeconds=").grace is None
    assert of_delete("gracePeriodSeconds=5").grace == 5
    assert of_delete("gracePeriodSeconds=5", gracePeriodSeconds=0).grace == 0
    assert of_delete(gracePeriodSeconds=-1).grace == 1


@pytest.mark.parametrize("asked", ["soon", "5s", True, 1.5, 1 << 40, ["0"]])
def test_a_grace_must_be_a_number_of_seconds(asked: object):
    with pytest.raises(BadRequest, match="gracePeriodSeconds"):
        of_delete(gracePeriodSeconds=asked)


@pytest.mark.parametrize(
    "body",
    [
        {"dryRun": "All"},
        {"dryRun": ["Some"]},
        {"preconditions": "x"},
        {"preconditions": {"uid": 1}},
        {"propagationPolicy": "Sometimes"},
        {"propagationPolicy": ["Orphan"]},
    ],
)
def test_other_options_are_refused(body: dict[str, Any]):
    with pytest.raises(BadRequest):
        of_delete(**body)


def test_initial_events_are_asked_for_refused_or_left_open():
    def initial(query: str) -> bool | None:
        return kube_options.of_watch(CONFIG_MAP, QueryParams(query)).initial_events

    newer = "resourceVersionMatch=NotOlderThan"
    assert initial("") is None
    assert initial(f"sendInitialEvents=true&{newer}") is True
    assert initial(f"sendInitialEvents=false&{newer}") is False
