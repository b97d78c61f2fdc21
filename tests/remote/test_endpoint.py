"""One registry: ways to it, redirects, challenges, tries, and where a login goes."""

import asyncio
import base64
import ssl
from urllib.parse import parse_qs

import pytest

from hostile_registry import Reply, challenged, said, serving
from wharfinger.oci.credentials import Credential
from wharfinger.remote.errors import (
    HttpOnly,
    LoginNeeded,
    NoAnswer,
    NotAllowed,
    NotUnderstood,
    TooBusy,
    Untrusted,
    WrongLogin,
)
from wharfinger.remote.exchange import Request
from wharfinger.remote.trust import Trust

ANN = Credential("ann", "open sesame")
BOB = Credential("bob", "b")
BASIC = "Basic " + base64.b64encode(b"ann:open sesame").decode()
SCOPE = "repository:team/tide:pull"
X = Request(target="/x", scopes=(SCOPE,))


async def ask(registries, script, request=X, *, seconds=20.0, **more):
    given = {"insecure": not script.tls, **more}
    endpoint = registries.endpoint(script.registry, **given)
    return await endpoint.ask(request, seconds=seconds)


# Ways


async def test_what_is_trusted_is_trusted_and_nothing_else(hostile, registries):
    script = await hostile(tls=True)
    script.answers["/x"] = said({"a": 1})

    assert (await ask(await registries(), script)).body == b'{"a": 1}'
    with pytest.raises(Untrusted, match="not trusted") as caught:
        await ask(await registries(trust=lambda _: Trust()), script)
    assert "trust.registries" in caught.value.remedy
    assert len(script.seen) == 1


async def test_a_certificate_for_another_name_does_not_hold(hostile, registries):
    script = await hostile(tls=True, name="other.test")

    with pytest.raises(Untrusted):
        await ask(await registries(), script)
    assert script.seen == []


async def test_trust_is_asked_for_by_the_name_of_the_registry(hostile, registries):
    script, asked = await hostile(tls=True), []

    with pytest.raises(Untrusted):
        await ask(await registries(trust=lambda host: asked.append(host) or Trust()), script)
    assert asked == [script.registry]


async def test_a_certificate_of_ours_is_shown_where_it_is_given(stage, registries, authority):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    script = await stage.enter_async_context(serving(server))
    script.answers["/x"] = said({})
    ours, pem = authority.issue_cert("ann@site.test"), authority.cert_pem.bytes()
    shown = Trust((pem,), (ours.cert_chain_pems[0].bytes(), ours.private_key_pem.bytes()))

    assert (await ask(await registries(trust=lambda _: shown), script)).status == 200
    with pytest.raises(NoAnswer):
        await ask(await registries(), script)


async def test_an_insecure_registry_is_asked_with_any_certificate_then_without_tls(
    hostile, registries
):
    encrypted, plain = await hostile(tls=True, name="other.test"), await hostile()
    encrypted.answers["/x"] = plain.answers["/x"] = said({"a": 1})
    opened = await registries(trust=lambda _: Trust())

    assert (await ask(opened, encrypted, insecure=True)).status == 200
    assert (await ask(opened, plain)).status == 200
    assert opened.endpoint(plain.registry, insecure=True).origin.scheme == "http"
    with pytest.raises(HttpOnly):
        await ask(opened, plain, insecure=False)


async def test_what_the_registry_trusts_counts_for_its_token_service(
    hostile, registries, authority
):
    script, other = await hostile(tls=True), await hostile(tls=True)
    bearer(script, f"{other.url}/token")
    other.answers["/token"] = said({"token": "t0ken"})
    pem, shown = authority.cert_pem.bytes(), []

    def trust(host):
        shown.append(host)
        return Trust((pem,)) if host == script.registry else Trust()

    assert (await ask(await registries(trust=trust), script)).status == 200
    assert set(shown) == {script.registry, other.registry}


async def test_an_insecure_registry_that_has_got_tls_is_found_again(hostile, registries):
    plain = await hostile()
    plain.answers["/x"] = [said({}), Reply(400), Reply(400)]
    opened = await registries()
    for status in (200, 400):
        assert (await ask(opened, plain)).status == status
    assert plain.tried_tls == 1

    assert (await ask(opened, plain)).status == 400
    assert plain.tried_tls == 2


async def test_nobody_there_is_told(hostile, registries, waits):
    script = await hostile()
    script.port = 1

    with pytest.raises(NoAnswer, match="Connection refused"):
        await ask(await registries(), script)
    assert len(waits) == 3


# Answers


@pytest.mark.parametrize(
    ("status", "error"), [(403, NotAllowed), (401, LoginNeeded), (500, NoAnswer), (503, NoAnswer)]
)
async def test_a_refusal_is_an_error_of_its_kind(hostile, registries, status, error):
    script = await hostile()
    script.answers["/x"] = Reply(status)

    with pytest.raises(error):
        await ask(await registries(), script)


async def test_what_may_pass_is_asked_again(hostile, registries, waits):
    script = await hostile()
    script.answers["/x"] = [
        Reply(503, {"Retry-After": "5"}),
        Reply(429, {"Retry-After": "7"}),
        Reply(body=b"broken", sent=3),
        said({"a": 1}),
    ]

    assert (await ask(await registries(), script)).body == b'{"a": 1}'
    assert waits[:2] == [5.0, 7.0]
    assert len(waits) == 3


async def test_who_wants_us_to_wait_for_long_is_busy(hostile, registries, waits):
    script = await hostile()
    script.answers["/x"] = Reply(429, {"Retry-After": "3600"})

    with pytest.raises(TooBusy) as caught:
        await ask(await registries(), script)
    assert caught.value.retry_after == 3600
    assert waits == []
    assert len(script.seen) == 1


async def test_a_refusal_is_not_asked_again(hostile, registries):
    script = await hostile()
    script.answers["/x"] = Reply(403)

    with pytest.raises(NotAllowed):
        await ask(await registries(), script)
    assert len(script.seen) == 1


async def test_an_endless_answer_is_cut_off(hostile, registries):
    script = await hostile()
    script.answers["/x"] = Reply(body=b" " * (5 << 20))

    with pytest.raises(NotUnderstood, match="more than 4 MiB"):
        await ask(await registries(), script)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (64 << 10) + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-tide\r\n\r\n",
        b"",
    ],
)
async def test_a_head_without_measure_or_sense_is_no_answer(hostile, registries, raw):
    script = await hostile()
    script.answers["/x"] = Reply(raw=raw)

    with pytest.raises(NoAnswer, match="broke off"):
        await ask(await registries(), script)


async def test_nothing_is_decompressed(hostile, registries):
    script = await hostile()
    script.answers["/x"] = Reply(headers={"Content-Encoding": "gzip"}, body=b"\x1f\x8b\x08")

    with pytest.raises(NotUnderstood, match="encoded"):
        await ask(await registries(), script)
    assert script.seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "reply", [Reply(hangs=True, raw=b""), Reply(body=b"{}", sent=1, hangs=True)]
)
async def test_no_answer_in_time_is_told(hostile, registries, reply):
    script = await hostile()
    script.answers["/x"] = reply

    with pytest.raises(NoAnswer, match=r"within 0\.2 s"):
        await ask(await registries(), script, seconds=0.2)


# Redirects


async def test_a_redirect_leads_elsewhere_without_the_login(hostile, registries):
    script, other = await hostile(), await hostile()
    then = Reply(307, {"Location": f"{other.url}/y?sign=1"})
    script.answers["/x"] = challenged("Basic realm=x", then, accepts=BASIC)
    other.answers["/y"] = said({"a": 1})

    assert (await ask(await registries(), script, logins=[ANN])).status == 200
    assert script.logins == [None, BASIC]
    assert [(one.target, one.login) for one in other.seen] == [("/y?sign=1", None)]


async def test_a_redirect_on_the_same_origin_keeps_the_login(hostile, registries):
    script = await hostile()
    script.answers["/x"] = challenged("Basic realm=x", Reply(307, {"Location": "y"}), accepts=BASIC)
    script.answers["/y"] = said({})

    await ask(await registries(), script, logins=[ANN])
    assert script.logins == [None, BASIC, BASIC]


async def test_who_is_led_to_gets_no_login_by_asking_for_it(hostile, registries):
    script, other = await hostile(), await hostile()
    script.answers["/x"] = Reply(307, {"Location": f"{other.url}/y"})
    other.answers["/y"] = Reply(401, {"WWW-Authenticate": "Basic realm=x"})

    with pytest.raises(NotAllowed):
        await ask(await registries(), script, logins=[ANN])
    assert other.logins == [None]


async def test_no_redirect_leads_from_tls_to_where_there_is_none(hostile, registries):
    script, other = await hostile(tls=True), await hostile()
    script.answers["/x"] = Reply(307, {"Location": f"{other.url}/y"})

    with pytest.raises(NotUnderstood, match="no TLS"):
        await ask(await registries(), script)
    assert other.seen == []


@pytest.mark.parametrize(
    "location", ["", "file:///etc/passwd", "http://a@b/", "http:\\\\b", "//a:b/"]
)
async def test_a_redirect_to_no_address_is_told(hostile, registries, location):
    script = await hostile()
    script.answers["/x"] = Reply(302, {"Location": location})

    with pytest.raises(NotUnderstood):
        await ask(await registries(), script)


async def test_redirects_end(hostile, registries):
    script = await hostile()
    script.answers["/x"] = Reply(302, {"Location": "/x"})

    with pytest.raises(NotUnderstood, match="again and again"):
        await ask(await registries(), script)
    assert len(script.seen) == 6


# Logins


async def test_a_password_is_only_sent_when_it_is_asked_for(hostile, registries):
    script = await hostile()
    script.answers["/open"] = said({})
    script.answers["/x"] = challenged('Basic realm="x"', said({"a": 1}), accepts=BASIC)
    opened = await registries()

    await ask(opened, script, Request(target="/open"), logins=[ANN])
    assert script.logins == [None]
    assert (await ask(opened, script, logins=[ANN])).status == 200
    with pytest.raises(LoginNeeded, match="wants a login") as caught:
        await ask(opened, script)
    assert not isinstance(caught.value, WrongLogin)
    with pytest.raises(WrongLogin, match="does not take"):
        await ask(opened, script, logins=[Credential("ann", "wrong")])


async def test_logins_are_tried_in_turn_and_the_right_one_is_remembered(hostile, registries):
    script = await hostile()
    script.answers["/x"] = challenged('Basic realm="x"', said({}), accepts=BASIC)
    opened = await registries()

    for _ in range(2):
        await ask(opened, script, logins=[BOB, ANN])
    assert len(script.seen) == 4
    assert script.logins[-1] == BASIC


async def test_endless_refusals_end(hostile, registries):
    script = await hostile()
    bearer(script, f"{script.url}/token", accepts="never")
    script.answers["/token"] = said({"token": "t0ken"})

    with pytest.raises(WrongLogin):
        await ask(await registries(), script, logins=[BOB] * 100)
    assert len(script.seen) == 1 + 2 * 8


def bearer(script, realm: str, *, accepts: str = "Bearer t0ken", scope: str = SCOPE) -> None:
    script.answers["/x"] = challenged(
        f'Bearer realm="{realm}",service="a b",scope="{scope}"', said({"a": 1}), accepts=accepts
    )


@pytest.mark.parametrize("key", ["token", "access_token"])
async def test_a_token_is_fetched_with_the_login_and_kept(hostile, registries, key):
    script = await hostile()
    bearer(script, f"{script.url}/token?z=1")
    script.answers["/token"] = said({key: "t0ken"})
    opened = await registries()

    for _ in range(2):
        assert (await ask(opened, script, logins=[ANN])).status == 200
    path, _, query = script.targets[1].partition("?")
    assert path == "/token"
    assert parse_qs(query) == {"z": ["1"], "service": ["a b"], "scope": [SCOPE]}
    assert script.logins == [None, BASIC, "Bearer t0ken", "Bearer t0ken"]


async def test_without_a_login_a_token_for_everybody_is_fetched(hostile, registries):
    script = await hostile()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = said({"token": "t0ken"})

    await ask(await registries(), script)
    assert script.logins == [None, None, "Bearer t0ken"]


async def test_an_identity_token_goes_in_a_body(hostile, registries):
    script = await hostile()
    bearer(script, f"{script.url}/token")
    script.answers["POST /token"] = said({"access_token": "t0ken"})

    await ask(await registries(), script, logins=[Credential("ann", identity_token="s3same")])
    sent = parse_qs(script.seen[1].body.decode())
    assert sent == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["s3same"],
        "service": ["a b"],
        "scope": [SCOPE],
        "client_id": ["wharf"],
    }
    assert "s3same" not in script.targets[1]


async def test_a_token_that_has_run_out_is_fetched_anew(hostile, registries):
    script = await hostile()
    opened, tokens = await registries(), iter(["first", "second"])
    script.answers["/token"] = lambda _: said({"token": next(tokens)})

    bearer(script, f"{script.url}/token", accepts="Bearer first")
    await ask(opened, script)
    bearer(script, f"{script.url}/token", accepts="Bearer second")
    assert (await ask(opened, script)).status == 200


async def test_many_requests_at_once_fetch_one_token(hostile, registries):
    script = await hostile()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = said({"token": "t0ken"})
    opened = await registries()

    await asyncio.gather(*(ask(opened, script) for _ in range(8)))
    assert len([one for one in script.targets if one.startswith("/token")]) == 1


async def test_a_token_is_for_what_we_want_whatever_the_registry_says(hostile, registries):
    """A hostile registry would have us fetch it a token for the repository of somebody else."""
    script = await hostile()
    bearer(script, f"{script.url}/token", scope=f"{SCOPE} repository:other/secret:pull")
    script.answers["/token"] = said({"token": "t0ken"})

    await ask(await registries(), script, logins=[ANN])
    assert parse_qs(script.targets[1].partition("?")[2])["scope"] == [SCOPE]


async def test_its_own_word_for_the_same_repository_counts(hostile, registries):
    script, own = await hostile(), "repository:team/tide:pull,metadata"
    bearer(script, f"{script.url}/token", scope=own)
    script.answers["/token"] = said({"token": "t0ken"})

    await ask(await registries(), script)
    assert parse_qs(script.targets[1].partition("?")[2])["scope"] == [own]


async def test_a_realm_elsewhere_gets_no_login_unless_the_user_names_it(hostile, registries):
    """CVE-2026-33540: whoever may write the challenge must not choose who sees the login."""
    script, other = await hostile(tls=True), await hostile(tls=True, name="localhost")
    bearer(script, f"https://localhost:{other.port}/token")
    other.answers["/token"] = lambda asked: (
        said({"token": "t0ken"}) if asked.login == BASIC else Reply(401)
    )

    with pytest.raises(LoginNeeded, match="was not shown the login") as caught:
        await ask(await registries(), script, logins=[ANN])
    assert "--token-server localhost" in caught.value.remedy
    assert other.logins == [None]
    named = await registries(named={"localhost"})
    assert (await ask(named, script, logins=[ANN])).status == 200


async def test_a_realm_elsewhere_without_tls_is_not_asked(hostile, registries):
    script, other = await hostile(), await hostile()
    bearer(script, f"{other.url}/token")

    with pytest.raises(NotUnderstood, match="elsewhere and has no TLS"):
        await ask(await registries(), script, logins=[ANN])
    assert other.seen == []


async def test_the_token_service_of_an_insecure_registry_must_be_trusted(hostile, registries):
    script, other = await hostile(), await hostile(tls=True, name="wrong.test")
    bearer(script, f"{other.url}/token")

    with pytest.raises(Untrusted):
        await ask(await registries(), script, logins=[ANN])
    assert other.seen == []


@pytest.mark.parametrize("realm", ["", "token", "file:///etc/passwd", "https://a.test@evil.test/"])
async def test_a_realm_that_is_no_url_is_told(hostile, registries, realm):
    script = await hostile()
    bearer(script, realm)

    with pytest.raises((NotUnderstood, LoginNeeded)):
        await ask(await registries(), script, logins=[ANN])
    assert script.logins == [None]


async def test_a_challenge_of_any_bytes_is_told(hostile, registries):
    script = await hostile()
    bearer(script, f"{script.url}/token", scope="repository:t\xff:pull")

    with pytest.raises(NotUnderstood):
        await ask(await registries(), script, logins=[Credential(identity_token="t")])


@pytest.mark.parametrize("answer", [{}, [], {"token": 7}, {"token": "a\r\nX: y"}, {"token": "ä"}])
async def test_what_is_no_token_is_told(hostile, registries, answer):
    script = await hostile()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = said(answer)

    with pytest.raises(NotUnderstood, match="gives no token"):
        await ask(await registries(), script)


async def test_a_token_service_that_fails_is_asked_again(hostile, registries):
    script = await hostile()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = [Reply(500), said({"token": "t0ken"})]

    assert (await ask(await registries(), script)).status == 200


async def test_no_error_repeats_a_secret(hostile, registries):
    script = await hostile()
    bearer(script, f"{script.url}/token")
    script.answers["/token"] = Reply(401, body=b"open sesame")

    with pytest.raises(LoginNeeded) as caught:
        await ask(await registries(), script, logins=[ANN])
    assert "sesame" not in str(caught.value) + repr(caught.value.__context__)
