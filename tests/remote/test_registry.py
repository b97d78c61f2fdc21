"""Asking a registry: ways to it, redirects, challenges, and where a login goes."""

import base64
import threading
from urllib.parse import parse_qs

import pytest

from remote_script import challenged, found
from wharfinger.oci.credentials import Credential
from wharfinger.remote.errors import (
    LoginNeeded,
    NoAnswer,
    NotAllowed,
    NotUnderstood,
    Untrusted,
)
from wharfinger.remote.registry import Registry
from wharfinger.remote.transport import Deadline

ANN = Credential("ann", "open sesame")
BASIC = "Basic " + base64.b64encode(b"ann:open sesame").decode()


def registry(script, deadline, *, named=(), **more) -> Registry:
    return Registry(script.peer(**more), deadline, named=named)


def test_what_the_site_trusts_is_trusted_and_nothing_else(serve, deadline):
    script = serve(tls=True)
    script.answers["/x"] = found({"a": 1})

    assert registry(script, deadline).json("/x")[0] == {"a": 1}
    with pytest.raises(Untrusted, match="not trusted") as caught:
        registry(script, deadline, authorities=()).get("/x")
    assert "trust.registries" in caught.value.remedy
    assert len(script.seen) == 1


def test_an_insecure_registry_is_asked_with_any_certificate_and_then_without_tls(serve, deadline):
    encrypted, plain = serve(tls=True), serve()
    encrypted.answers["/x"] = plain.answers["/x"] = found({"a": 1})

    assert registry(encrypted, deadline, authorities=(), insecure=True).json("/x")
    asked = registry(plain, deadline)
    assert asked.json("/x")
    assert asked.origin.scheme == "http"
    with pytest.raises(NoAnswer, match="TLS"):
        registry(plain, deadline, insecure=False).get("/x")


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, NotAllowed), (401, LoginNeeded), (404, NotUnderstood), (500, NotUnderstood)],
)
def test_a_refusal_is_an_error_of_its_kind(serve, deadline, status, error):
    script = serve()
    script.answers["/x"] = (status, {}, b"{}")

    with pytest.raises(error):
        registry(script, deadline).json("/x")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000])
def test_what_is_no_json_is_told(serve, deadline, body):
    script = serve()
    script.answers["/x"] = (200, {}, body)

    with pytest.raises(NotUnderstood, match="not JSON"):
        registry(script, deadline).json("/x")


def test_an_endless_answer_is_cut_off(serve, deadline):
    script = serve()
    script.answers["/x"] = (200, {}, b" " * (5 << 20))

    with pytest.raises(NotUnderstood, match="more than 4 MiB"):
        registry(script, deadline).get("/x")


def test_no_answer_in_time_is_told(serve):
    script, released = serve(), threading.Event()
    script.answers["/x"] = lambda _: found({"late": released.wait()})
    try:
        with pytest.raises(NoAnswer, match=r"within 0\.2 s"):
            registry(script, Deadline.after(0.2)).get("/x")
    finally:
        released.set()


def test_an_answer_that_breaks_off_is_none(serve, deadline):
    script = serve()
    script.answers["/x"] = (200, {"Content-Length": "7"}, b"{}")

    with pytest.raises(NoAnswer, match="breaks off"):
        registry(script, deadline).get("/x")


def test_a_redirect_is_followed_on_the_same_origin_only(serve, deadline):
    script, other = serve(), serve()
    script.answers["/x"] = (307, {"Location": "/y"}, b"")
    script.answers["/y"] = found({})
    script.answers["/away"] = (307, {"Location": f"{other.url}/y"}, b"")
    script.answers["/loop"] = (302, {"Location": "/loop"}, b"")

    assert registry(script, deadline, login=ANN).json("/x")[0] == {}
    with pytest.raises(NotUnderstood, match="another host"):
        registry(script, deadline, login=ANN).get("/away")
    with pytest.raises(NotUnderstood, match="again and again"):
        registry(script, deadline).get("/loop")
    assert other.seen == []


def test_a_password_is_only_sent_when_it_is_asked_for(serve, deadline):
    script = serve()
    script.answers["/open"] = found({})
    script.answers["/x"] = challenged('Basic realm="x"', found({"a": 1}), accepts=BASIC)

    assert registry(script, deadline, login=ANN).json("/open")[0] == {}
    assert script.logins == [None]
    assert registry(script, deadline, login=ANN).json("/x")[0] == {"a": 1}
    with pytest.raises(LoginNeeded, match="wants a login"):
        registry(script, deadline).json("/x")
    with pytest.raises(LoginNeeded, match="does not take"):
        registry(script, deadline, login=Credential("ann", "wrong")).json("/x")


def bearer(script, realm: str) -> None:
    script.answers["/x"] = challenged(
        f'Bearer realm="{realm}",service="a",scope="registry:catalog:*"',
        found({"a": 1}),
        accepts="Bearer t0ken",
    )


@pytest.mark.parametrize("key", ["token", "access_token"])
def test_a_token_is_fetched_with_the_login_from_the_registry_itself(serve, deadline, key):
    script = serve()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = found({key: "t0ken"})

    assert registry(script, deadline, login=ANN).json("/x")[0] == {"a": 1}
    assert script.seen[1] == ("/token?service=a&scope=registry%3Acatalog%3A%2A", BASIC)


def test_an_identity_token_is_exchanged_and_never_shown_as_a_password(serve, deadline):
    script = serve()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = found({"access_token": "t0ken"})

    login = Credential("ann", identity_token="refresh")
    assert registry(script, deadline, login=login).json("/x")[0] == {"a": 1}
    assert script.seen[1] == ("/token", None)
    assert parse_qs(script.bodies[1].decode())["refresh_token"] == ["refresh"]


def test_a_realm_without_tls_elsewhere_is_not_even_asked(serve, deadline):
    script, thief = serve(), serve()
    bearer(script, f"{thief.url}/token")

    with pytest.raises(NotUnderstood, match="elsewhere and has no TLS"):
        registry(script, deadline, login=ANN).json("/x")
    assert thief.seen == []


def test_a_realm_elsewhere_gets_no_login_unless_the_user_names_it(serve, deadline, monkeypatch):
    script, other = serve(tls=True), serve(tls=True)
    where = f"https://localhost:{other.port}/token"
    bearer(script, where)
    other.answers["/token"] = lambda login: (
        found({"token": "t0ken"}) if login == BASIC else (401, {}, b"")
    )
    trust_any_name(monkeypatch)

    with pytest.raises(LoginNeeded, match="was not shown the login") as caught:
        registry(script, deadline, login=ANN).json("/x")
    assert "--token-server localhost" in caught.value.remedy
    assert other.logins == [None]
    named = registry(script, deadline, login=ANN, named={"localhost"})
    assert named.json("/x")[0] == {"a": 1}


def trust_any_name(monkeypatch) -> None:
    """The certificate of the scripted registries is for 127.0.0.1 alone."""
    from wharfinger.remote import transport

    made = transport.trust_of

    def lenient(*given, **more):
        trust = made(*given, **more)
        trust.check_hostname = False
        return trust

    monkeypatch.setattr(transport, "trust_of", lenient)


@pytest.mark.parametrize("realm", ["", "token", "file:///etc/passwd", "https://a.test@evil.test/"])
def test_a_realm_that_is_no_url_is_told(serve, deadline, realm):
    script = serve()
    bearer(script, realm)

    with pytest.raises((NotUnderstood, LoginNeeded)):
        registry(script, deadline, login=ANN).json("/x")
    assert script.logins == [None]


@pytest.mark.parametrize("answer", [{}, [], {"token": 7}, {"token": "a\r\nX: y"}, {"token": "ä"}])
def test_what_is_no_token_is_told(serve, deadline, answer):
    script = serve()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = found(answer)

    with pytest.raises(NotUnderstood, match="gives no token"):
        registry(script, deadline, login=ANN).json("/x")


def test_no_error_repeats_a_secret(serve, deadline):
    script = serve()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = (401, {}, b"open sesame")

    with pytest.raises(LoginNeeded) as caught:
        registry(script, deadline, login=ANN).json("/x")
    assert "sesame" not in repr(script.peer(login=ANN)) + str(caught.value)
