"""Each request of the object API has an audit id, and its entry however it ends."""

from __future__ import annotations

import json

import pytest
from starlette.responses import Response

from wharfinger.cluster.subject import Subject
from wharfinger.server import audit, guard
from wharfinger.server.audit_log import AuditLog
from wharfinger.server.audited import Audited
from wharfinger.server.errors import ErrorEdge
from wharfinger.server.kube_errors import NotAcceptable, body
from wharfinger.server.metrics import Metrics


class Memory:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data
        return len(data)

    def close(self):
        return None


@pytest.fixture
def kept():
    """What the log has, and an app that is wrapped so that it writes there."""
    memory = Memory()
    log = AuditLog(memory, Metrics())

    def wrap(app):
        return Audited(ErrorEdge(app, {"api": body}), ("api", "apis"), log)

    async def entries():
        await log.flush()
        return [json.loads(line) for line in memory.data.splitlines()]

    return wrap, entries


async def fine(scope, receive, send):
    scope[guard.PROVEN] = scope[guard.SUBJECT] = Subject("ada")
    audit.trail(scope).verb = "list"
    await Response("{}")(scope, receive, send)


async def test_an_answer_has_the_id_of_its_entry(kept, call):
    wrap, entries = kept

    first = await call(wrap(fine), "GET", "/api/v1/pods", headers={"user-agent": "kubectl"})
    second = await call(wrap(fine), "GET", "/api/v1/pods")

    found = await entries()
    assert [entry["auditID"] for entry in found] == [
        first.headers["audit-id"],
        second.headers["audit-id"],
    ]
    assert found[0]["auditID"] != found[1]["auditID"]
    assert (found[0]["verb"], found[0]["user"]) == ("list", {"username": "ada"})
    assert (found[0]["userAgent"], found[0]["sourceIPs"]) == ("kubectl", ["192.0.2.7"])


@pytest.mark.parametrize(("given", "taken"), [("trace-1", True), ("a b", False), ("x" * 65, False)])
async def test_an_id_that_a_client_brings_is_taken_if_it_looks_like_one(kept, call, given, taken):
    wrap, _ = kept

    answer = await call(wrap(fine), "GET", "/api/v1/pods", headers={"Audit-ID": given})

    assert (answer.headers["audit-id"] == given) is taken


async def test_a_refusal_is_an_entry_too(kept, call):
    async def refusing(scope, receive, send):
        raise NotAcceptable("text/html")

    wrap, entries = kept

    answer = await call(wrap(refusing), "GET", "/api/v1/pods")

    (entry,) = await entries()
    assert answer.status == entry["responseStatus"]["code"] == 406
    assert entry["responseStatus"]["reason"] == "NotAcceptable"
    assert entry["user"] == {}


async def test_a_bug_is_an_entry_too(kept, call, caplog):
    async def broken(scope, receive, send):
        raise RuntimeError("a bug")

    wrap, entries = kept

    await call(wrap(broken), "GET", "/api/v1/pods")

    (entry,) = await entries()
    assert entry["responseStatus"]["code"] == 500


async def test_what_is_not_the_object_api_passes(kept, call):
    wrap, entries = kept

    answer = await call(wrap(fine), "GET", "/v2/")

    assert "audit-id" not in answer.headers
    assert await entries() == []


async def test_without_a_log_there_still_is_an_id(call):
    answer = await call(Audited(fine, ("api",), None), "GET", "/api/v1/pods")

    assert answer.headers["audit-id"]
