"""What answers of a Kubernetes API mean: gone, refused, hopeless, or nothing at all."""

import json

import pytest

from wharfinger.errors import AlreadyExists, Conflict, NotFound
from wharfinger.maintenance.api import Answer, ApiFault, ApiRefused, WatchExpired
from wharfinger.maintenance.kube import answers as kube_answers
from wharfinger.maintenance.kube.answers import Reply
from wharfinger.maintenance.model import Name, Pod

POD = Pod(Name("quay", "web-1"), "u-1")


def reply(code: int, reason: str = "", message: str = "", *, headers=None, **details) -> Reply:
    document = {
        "kind": "Status",
        "code": code,
        "reason": reason,
        "message": message,
        "details": details,
    }
    return Reply(code, headers or {}, json.dumps(document).encode())


def eviction(answer: Reply):
    return kube_answers.eviction(answer, POD, "evict it")


DELETED_AND_MADE_AGAIN = (
    'Operation cannot be fulfilled on pods "web-1": the UID in the precondition (u-1) does not '
    "match the UID in record (u-2). The object might have been deleted and then recreated"
)
PRECONDITION = (
    'Operation cannot be fulfilled on pods "web-1": Precondition failed: UID in precondition: '
    "u-1, UID in object meta: u-2"
)
OVERLAPPING = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
ENDING = [{"reason": "NamespaceTerminating", "message": "namespace quay is being terminated"}]


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        (Reply(201, {}, b"{}"), Answer.ACCEPTED),
        (Reply(200, {}, b""), Answer.ACCEPTED),
        (reply(404, "NotFound", 'pods "web-1" not found', name="web-1"), Answer.ABSENT),
        (reply(409, "Conflict", DELETED_AND_MADE_AGAIN), Answer.ABSENT),
        (reply(409, "Conflict", PRECONDITION), Answer.ABSENT),
        (reply(500, "InternalError", OVERLAPPING), Answer.OVERLAPPING),
        (reply(403, "Forbidden", "no", causes=ENDING), Answer.NAMESPACE_ENDING),
    ],
)
def test_an_answer_that_settles_an_eviction(answer, meant):
    assert eviction(answer).answer is meant


def test_a_budget_refuses_in_its_own_words_and_may_say_when_to_come_back():
    causes = [{"reason": "DisruptionBudget", "message": "The disruption budget web needs 3"}]
    general = "Cannot evict pod as it would violate the pod's disruption budget."

    plain = eviction(reply(429, "TooManyRequests", general, causes=causes))
    later = eviction(reply(429, "", general, causes=causes, retryAfterSeconds=10))
    sooner = eviction(reply(429, "", general, causes=causes, headers={"Retry-After": "3"}))
    wordless = eviction(reply(429, "", general, causes=[{"reason": "DisruptionBudget"}]))

    assert plain.answer is later.answer is Answer.REFUSED
    assert plain.message == "The disruption budget web needs 3"
    assert [one.retry_after for one in (plain, later, sooner)] == [None, 10, 3]
    assert wordless.message == general


@pytest.mark.parametrize(
    "answer",
    [
        reply(429, "TooManyRequests", "too many requests"),
        Reply(429, {}, b"Too many requests, please try again later."),
        reply(409, "Conflict", "the object has been modified"),
        reply(500, "InternalError", "etcdserver: request timed out"),
        reply(504, "Timeout", "request did not complete"),
        Reply(502, {}, b"<html>Bad Gateway</html>"),
        reply(404, "NotFound", "the server could not find the requested resource"),
        Reply(404, {}, b"<html>no such route</html>"),
    ],
)
def test_an_answer_that_settles_nothing_is_a_fault(answer):
    with pytest.raises(ApiFault):
        eviction(answer)


@pytest.mark.parametrize("code", [302, 400, 401, 403, 422])
def test_an_answer_that_stays_the_same_is_a_refusal(code):
    with pytest.raises(ApiRefused) as refused:
        eviction(reply(code, "Invalid", "so it is"))

    assert refused.value.status == code
    assert "so it is" in refused.value.message


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(404, "NotFound"), NotFound),
        (reply(409, "AlreadyExists"), AlreadyExists),
        (reply(409, "Conflict"), Conflict),
        (reply(410, "Expired"), WatchExpired),
        (reply(408), ApiFault),
        (reply(429), ApiFault),
        (reply(503), ApiFault),
        (reply(405), ApiRefused),
        (Reply(599, {}, b"[1"), ApiFault),
    ],
)
def test_any_other_request_fails_by_the_kind_of_its_answer(answer, kind):
    with pytest.raises(kind) as error:
        kube_answers.accepted(answer, "do it", writes=False)

    assert type(error.value) is kind
    assert error.value.message.startswith(f"cannot do it: {answer.status} ")


def test_a_write_that_failed_on_the_server_may_have_acted_and_a_read_may_not():
    for writes in (True, False):
        with pytest.raises(ApiFault) as fault:
            kube_answers.accepted(reply(503), "do it", writes=writes)
        assert (kube_answers.UNKNOWN in fault.value.message) is writes


def test_a_server_that_is_busy_says_when_to_come_back():
    date = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    for headers, seconds in (({"Retry-After": "7"}, 7.0), (date, None), ({}, None)):
        with pytest.raises(ApiFault) as fault:
            kube_answers.accepted(reply(429, headers=headers), "do it", writes=True)
        assert fault.value.retry_after == seconds
        assert kube_answers.UNKNOWN not in fault.value.message


def test_a_long_message_is_cut_and_one_of_another_shape_left_out():
    long = kube_answers.status(reply(403, "Forbidden", "x" * 10_000))
    odd = kube_answers.status(Reply(403, {}, b'{"kind": "Status", "message": null, "details": []}'))

    assert len(long.message) == 500
    assert (odd.words, odd.cause("DisruptionBudget")) == ("403 Forbidden", None)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"<html>", b"[" * 100_000])
def test_what_is_no_object_is_a_fault(body):
    with pytest.raises(ApiFault):
        Reply(200, {}, body).document("read it")
