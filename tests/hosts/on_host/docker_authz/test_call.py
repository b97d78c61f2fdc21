"""What the daemon sends is read strictly, and a body that it did not pass is noticed."""

from __future__ import annotations

import base64
import json

import pytest

from wharfinger.hosts.on_host.docker_authz.call import Call, InvalidEnvelope
from wharfinger.hosts.on_host.docker_authz.target import UnclearRequest

JSON = {"content-type": "application/json"}


def test_an_envelope_is_read_as_go_writes_it():
    raw = json.dumps(
        {
            "RequestMethod": "POST",
            "RequestUri": "/containers/create",
            "RequestBody": base64.b64encode(b"{}").decode(),
            "RequestHeaders": {"Content-Type": "application/json"},
        }
    ).encode()

    assert Call.parse(raw) == Call("POST", "/containers/create", JSON, b"{}")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"RequestMethod": "GET"}',
        b'{"RequestMethod": 1, "RequestUri": "/"}',
        b'{"RequestMethod": "GET", "RequestUri": "/", "RequestHeaders": []}x',
        b'{"RequestMethod": "GET", "RequestUri": "/", "RequestHeaders": [1]}',
        b'{"RequestMethod": "GET", "RequestUri": "/", "RequestHeaders": {"a": 1}}',
        b'{"RequestMethod": "GET", "RequestUri": "/", "RequestBody": "?"}',
        b"[" * 100_000,
    ],
)
def test_anything_else_is_refused(raw):
    with pytest.raises(InvalidEnvelope):
        Call.parse(raw)


@pytest.mark.parametrize("headers", [{}, JSON, {**JSON, "content-length": "0"}])
def test_a_body_that_was_not_passed_is_refused_where_it_is_needed(headers):
    with pytest.raises(UnclearRequest, match="did not pass its body"):
        Call("POST", "/containers/create", headers).document()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, None),
        ({"content-length": "0"}, None),
        ({"content-type": "text/plain", "content-length": "0"}, None),
        ({**JSON, "content-length": "2"}, b"{}"),
    ],
)
def test_a_call_that_cannot_hide_a_form_passes(headers, body):
    Call("POST", "/images/create", headers, body).require_no_form()


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded", "content-length": "9"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "text/plain", "content-length": "9"},
        {"content-type": "application/json"},
    ],
)
def test_a_body_that_may_be_a_form_is_refused(headers):
    with pytest.raises(UnclearRequest, match="may hold other fields"):
        Call("POST", "/images/create", headers).require_no_form()
