import io
import json

import pytest
from starlette.responses import PlainTextResponse, StreamingResponse

from wharfinger.cluster.subject import Subject
from wharfinger.server.drain import Drain
from wharfinger.server.guard import SUBJECT
from wharfinger.server.logging import AccessLog
from wharfinger.server.metrics import Metrics
from wharfinger.server.observe import Observed


class Edge:
    def __init__(self, app):
        self.metrics, self.drain, self.stream = Metrics(), Drain(), io.StringIO()
        self.log = AccessLog(self.stream)
        self.app = Observed(app, metrics=self.metrics, log=self.log, drain=self.drain, bodies={})

    def line(self):
        self.log.flush()
        return json.loads(self.stream.getvalue().splitlines()[-1])


@pytest.fixture
def edge():
    async def app(scope, receive, send):
        scope[SUBJECT] = Subject("ada")
        message = await receive()
        await PlainTextResponse(message["body"])(scope, receive, send)

    return Edge(app)


async def test_every_answer_carries_an_id_that_the_log_knows(call, edge):
    answer = await call(edge.app, "POST", "/v2/a/b?token=secret", body=b"four")

    line = edge.line()
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["actor"] == "ada"
    assert line["client"] == "192.0.2.7"
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v2/a/b", 200)
    assert (line["received"], line["sent"]) == (4, 4)


async def test_neither_query_nor_credentials_are_logged(call, edge):
    headers = {"authorization": "Bearer secret", "cookie": "secret"}

    await call(edge.app, "POST", "/v2/a/b?token=secret", headers=headers, body=b"secret")

    edge.log.flush()
    assert "secret" not in edge.stream.getvalue()
    assert b"secret" not in edge.metrics.render()


async def test_the_id_of_a_client_is_kept_if_it_looks_like_one(call, edge):
    kept = await call(edge.app, "GET", "/", headers={"x-request-id": "trace-1"})
    replaced = await call(edge.app, "GET", "/", headers={"x-request-id": 'x" injected'})

    assert kept.headers["x-request-id"] == "trace-1"
    assert "injected" not in replaced.headers["x-request-id"]


async def test_no_browser_may_guess_at_content(call, edge):
    answer = await call(edge.app, "GET", "/")

    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_streamed_answer_is_counted_by_what_went_out(call):
    async def app(scope, receive, send):
        async def parts():
            yield b"abc"
            yield b"de"

        await StreamingResponse(parts())(scope, receive, send)

    edge = Edge(app)
    await call(edge.app, "GET", "/")

    assert edge.line()["sent"] == 5


async def test_what_is_refused_is_taken_first_so_that_the_answer_can_be_read(call):
    async def app(scope, receive, send):
        await PlainTextResponse("no", 403)(scope, receive, send)

    edge = Edge(app)
    await call(edge.app, "POST", "/", body=b"four")

    assert edge.line()["received"] == 4


async def test_a_client_that_left_is_logged_as_such():
    async def app(scope, receive, send):
        return

    edge = Edge(app)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [],
    }
    await edge.app(scope, None, None)

    assert edge.line()["status"] == 499


async def test_a_draining_server_refuses_what_is_new_and_says_when_to_come_back(call, edge):
    edge.drain.begin()

    answer = await call(edge.app, "GET", "/v2/")

    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["connection"] == "close"


async def test_a_draining_server_still_answers_for_its_health(call, edge):
    edge.drain.begin()

    assert (await call(edge.app, "GET", "/readyz")).status == 200


async def test_an_ambiguous_path_reaches_nobody(call, edge):
    answer = await call(edge.app, "GET", "/v2/a/../../api")

    assert answer.status == 400
    assert edge.line()["actor"] == ""


async def test_requests_are_counted_while_they_last(call):
    seen = []

    async def app(scope, receive, send):
        seen.append(edge.metrics.render().decode())
        await PlainTextResponse("")(scope, receive, send)

    edge = Edge(app)
    await call(edge.app, "GET", "/v2/")

    assert 'registry_http_in_flight_requests{handler="base"} 1.0' in seen[0]
    assert 'registry_http_in_flight_requests{handler="base"} 0.0' in edge.metrics.render().decode()
