from __future__ import annotations

import pytest

from wharfinger import errors
from wharfinger.cluster import errors as cluster
from wharfinger.cluster.errors import DisruptionRefused
from wharfinger.cluster.kind import FieldError, GroupResource
from wharfinger.cluster.kinds import ROLE
from wharfinger.server import kube_errors

ROLES = GroupResource("rbac.authorization.k8s.io", "roles")
CAUSE = FieldError.required("rules[0].verbs")


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (cluster.ObjectNotFound(ROLES, "r"), 404, "NotFound"),
        (cluster.ObjectExists(ROLES, "r"), 409, "AlreadyExists"),
        (cluster.ObjectConflict(ROLES, "r"), 409, "Conflict"),
        (cluster.ObjectInvalid(ROLE, "r", [CAUSE]), 422, "Invalid"),
        (cluster.ObjectForbidden(ROLES, "r", "no"), 403, "Forbidden"),
        (cluster.BadRequest("no"), 400, "BadRequest"),
        (cluster.PatchFailed("no"), 422, "Invalid"),
        (cluster.PatchTypeUnsupported("no"), 415, "UnsupportedMediaType"),
        (cluster.VerbUnsupported(ROLES, "create"), 405, "MethodNotAllowed"),
        (cluster.Expired("no"), 410, "Expired"),
        (cluster.RevisionTooLarge(9, 1), 504, "Timeout"),
        (cluster.DisruptionRefused("no"), 429, "TooManyRequests"),
        (cluster.OverlappingBudgets(), 500, "InternalError"),
        (errors.Unauthenticated("no"), 401, "Unauthorized"),
        (errors.TooLarge("no"), 413, "RequestEntityTooLarge"),
        (errors.TooManyRequests("no"), 429, "TooManyRequests"),
        (errors.Unavailable("no"), 503, "ServiceUnavailable"),
        (errors.StorageFull("no"), 507, "InsufficientStorage"),
        (errors.WharfingerError("no"), 500, "InternalError"),
    ],
)
def test_each_kind_of_error_has_its_code_and_reason(error, code, reason):
    status = kube_errors.status_object(error)

    assert (status["code"], status["reason"]) == (code, reason)
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert kube_errors.body({}, error).status_code == code


def test_a_hint_is_told_as_a_warning_once_and_beside_the_words_that_clients_know():
    causes = [FieldError.forbidden("a", "no", hint='ask "them"'), FieldError.forbidden("b", "no")]
    answer = kube_errors.body({}, cluster.ObjectInvalid(ROLE, "r", [*causes, causes[0]]))

    assert answer.headers.getlist("warning") == ['299 - "ask \\"them\\""']
    assert b"them" not in answer.body


def test_details_say_what_it_is_about():
    status = kube_errors.status_object(cluster.ObjectInvalid(ROLE, "r", [CAUSE]))

    assert status["message"] == (
        'Role.rbac.authorization.k8s.io "r" is invalid: rules[0].verbs: Required value'
    )
    assert status["details"] == {
        "name": "r",
        "group": "rbac.authorization.k8s.io",
        "kind": "Role",
        "causes": [
            {
                "reason": "FieldValueRequired",
                "message": "Required value",
                "field": "rules[0].verbs",
            }
        ],
    }


def test_why_a_proof_does_not_hold_is_not_told():
    response = kube_errors.body({}, errors.Unauthenticated("the token of bob has expired"))

    assert b"bob" not in response.body
    assert response.headers["www-authenticate"].startswith("Basic")


def test_clients_are_told_when_to_come_again():
    response = kube_errors.body({}, errors.TooManyRequests("later"))

    assert response.headers["retry-after"] == "1"


def test_an_error_that_knows_when_to_come_again_says_so():
    pause = DisruptionRefused("wait", retry_after=10)
    assert kube_errors.body({}, pause).headers["retry-after"] == "10"
    details = kube_errors.status_object(pause)["details"]
    assert details["retryAfterSeconds"] == 10
    assert details["causes"][0]["reason"] == "DisruptionBudget"

    never = DisruptionRefused("too few")
    assert "retry-after" not in kube_errors.body({}, never).headers
    assert "retryAfterSeconds" not in kube_errors.status_object(never)["details"]


def test_a_remedy_is_told_with_our_own_errors():
    status = kube_errors.status_object(errors.StorageFull("cannot write", remedy="free space"))

    assert status["message"] == "cannot write; free space"


def test_an_expired_list_carries_how_to_go_on():
    status = kube_errors.status_object(cluster.Expired("too old", "token"))

    assert status["metadata"] == {"continue": "token"}
