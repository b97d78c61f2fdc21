import logging

import pytest
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from wharfinger import errors
from wharfinger.errors import NotFound, Unauthenticated, WharfingerError
from wharfinger.server import limits
from wharfinger.server.errors import STATUS, ErrorEdge, problem, status_of


def kinds():
    return [kind for kind in vars(errors).values() if isinstance(kind, type)]


@pytest.mark.parametrize("kind", [k for k in kinds() if k.__base__ is WharfingerError])
def test_every_kind_of_error_has_a_status(kind):
    assert kind in STATUS


def test_the_status_is_that_of_the_nearest_kind():
    assert status_of(limits.HeadersTooLarge("x")) == 431
    assert status_of(limits.BodyTooLarge("x")) == 413
    assert status_of(WharfingerError("x")) == 500


def raising(error):
    async def app(scope, receive, send):
        raise error

    return app


async def test_an_error_becomes_problem_details_with_its_remedy(call):
    edge = ErrorEdge(raising(NotFound("cannot find it", remedy="look elsewhere")), {})

    answer = await call(edge, "GET", "/x")

    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "cannot find it"
    assert answer.json()["remedy"] == "look elsewhere"
    assert answer.json()["code"] == "not-found"


async def test_the_path_decides_who_shapes_the_body(call):
    def shape(scope, error):
        return PlainTextResponse("shaped", status_of(error))

    edge = ErrorEdge(raising(NotFound("x")), {"v2": shape})

    assert (await call(edge, "GET", "/v2/a/b")).text == "shaped"
    assert (await call(edge, "GET", "/v22/a/b")).json()["status"] == 404


async def test_who_must_say_who_they_are_is_told_how(call):
    answer = await call(ErrorEdge(raising(Unauthenticated("x")), {}), "GET", "/metrics")

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_bug_is_logged_with_its_traceback_and_shown_to_nobody(call, caplog):
    with caplog.at_level(logging.ERROR):
        answer = await call(ErrorEdge(raising(ValueError("the secret")), {}), "GET", "/x")

    assert answer.status == 500
    assert "secret" not in answer.text
    assert "ValueError: the secret" in caplog.text


@pytest.mark.parametrize("error", [NotFound("x"), HTTPException(404), ValueError("x")])
async def test_what_breaks_after_the_answer_began_cuts_it(call, error):
    async def app(scope, receive, send):
        await Response(b"half")(scope, receive, send)
        raise error

    with pytest.raises(type(error)):
        await call(ErrorEdge(app, {}), "GET", "/x")


async def test_an_error_of_the_router_keeps_its_status(call):
    answer = await call(ErrorEdge(raising(HTTPException(405)), {}), "GET", "/x")

    assert answer.status == 405


def test_problem_details_leave_out_what_is_not_known():
    assert b"remedy" not in problem({}, NotFound("x")).body
