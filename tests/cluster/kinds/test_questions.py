"""Reviews and requests are refused when there is nothing to answer."""

import pytest

from wharfinger.cluster.kinds import (
    LOCAL_SUBJECT_ACCESS_REVIEW,
    PROJECT,
    PROJECT_REQUEST,
    SELF_SUBJECT_ACCESS_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REQUEST,
    TOKEN_REVIEW,
)
from wharfinger.cluster.kinds.project import DISPLAY_NAME

RESOURCE = {"resourceAttributes": {"verb": "get", "resource": "secrets"}}
PATH = {"nonResourceAttributes": {"verb": "get", "path": "/metrics"}}


def fields(kind, obj):
    return [error.field for error in kind.validate(obj)]


def test_an_access_review_asks_exactly_one_thing():
    assert fields(SELF_SUBJECT_ACCESS_REVIEW, {"spec": RESOURCE}) == []
    assert fields(SELF_SUBJECT_ACCESS_REVIEW, {"spec": PATH}) == []
    assert fields(SELF_SUBJECT_ACCESS_REVIEW, {"spec": RESOURCE | PATH}) == [
        "spec.nonResourceAttributes"
    ]
    assert fields(SELF_SUBJECT_ACCESS_REVIEW, {}) == ["spec.resourceAttributes"]


def test_a_review_of_others_says_whom():
    assert fields(SUBJECT_ACCESS_REVIEW, {"spec": RESOURCE | {"groups": ["g"]}}) == []
    assert fields(SUBJECT_ACCESS_REVIEW, {"spec": RESOURCE}) == ["spec.user"]


def test_a_local_review_stays_in_its_namespace():
    def review(own, asked):
        attributes = RESOURCE["resourceAttributes"] | {"namespace": asked}
        spec = {"user": "u", "resourceAttributes": attributes}
        return {"metadata": {"namespace": own}, "spec": spec}

    assert fields(LOCAL_SUBJECT_ACCESS_REVIEW, review("a", "a")) == []
    assert fields(LOCAL_SUBJECT_ACCESS_REVIEW, review("a", "b")) == [
        "spec.resourceAttributes.namespace"
    ]
    assert "spec.nonResourceAttributes" in fields(
        LOCAL_SUBJECT_ACCESS_REVIEW, {"spec": PATH | {"user": "u"}}
    )


@pytest.mark.parametrize(
    ("seconds", "good"), [(599, False), (600, True), (1 << 32, True), ((1 << 32) + 1, False)]
)
def test_a_token_lives_ten_minutes_at_least(seconds, good):
    assert (fields(TOKEN_REQUEST, {"spec": {"expirationSeconds": seconds}}) == []) is good


def test_a_token_lives_an_hour_if_nothing_is_said():
    obj = {}

    TOKEN_REQUEST.default(obj)

    assert obj == {"spec": {"expirationSeconds": 3600}}


def test_a_token_review_needs_a_token():
    assert fields(TOKEN_REVIEW, {"spec": {"token": "t"}}) == []
    assert fields(TOKEN_REVIEW, {}) == ["spec.token"]


@pytest.mark.parametrize("name", ["a", "a.b", "A", ".", "a/b", "x" * 64])
def test_a_project_has_the_name_of_a_namespace_with_two_letters_at_least(name):
    assert PROJECT.name_errors(name)
    assert PROJECT_REQUEST.name_errors(name)
    assert not PROJECT.name_errors("ab")


def test_the_name_for_people_is_one_line():
    assert fields(PROJECT_REQUEST, {"displayName": "A dock"}) == []
    assert fields(PROJECT_REQUEST, {"displayName": "A\ndock"}) == ["displayName"]
    obj = {"metadata": {"annotations": {DISPLAY_NAME: "A\tdock"}}}
    assert fields(PROJECT, obj) == [f"metadata.annotations[{DISPLAY_NAME}]"]
