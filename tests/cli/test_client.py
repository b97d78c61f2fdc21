import socket
import ssl
import threading

import pytest
import trustme

from wharfinger.cli.client import Answer, Client, accepted, path_of
from wharfinger.cli.errors import (
    FromServer,
    InvalidKubeconfig,
    NoContext,
    ServerForbade,
    ServerFull,
    ServerHasAlready,
    ServerHasNot,
    TimedOut,
    Unreachable,
)
from wharfinger.cli.kubeconfig import Context, Identity

AUTHORITY = trustme.CA()


def connect(url: str, *, timeout: float = 5.0, **more) -> Client:
    return Client(
        Context("test", url, identity=Identity(token="token-of-alice"), **more), timeout=timeout
    )


@pytest.mark.parametrize(
    ("reply", "kind", "reason", "message"),
    [
        ((404, b'{"reason": "NotFound", "message": "gone"}'), ServerHasNot, "NotFound", "gone"),
        (
            (409, b'{"reason": "AlreadyExists", "message": "m"}'),
            ServerHasAlready,
            "AlreadyExists",
            "m",
        ),
        (
            (403, b'{"errors": [{"code": "DENIED", "message": "no"}]}'),
            ServerForbade,
            "DENIED",
            "no",
        ),
        ((403, b'{"errors": []}'), ServerForbade, "Forbidden", "Forbidden"),
        ((507, b""), ServerFull, "InsufficientStorage", "Insufficient Storage"),
        ((404, b"<html>"), ServerHasNot, "NotFound", "Not Found"),
        ((404, b"[" * 100_000), ServerHasNot, "NotFound", "Not Found"),
        ((302, b""), FromServer, "Found", "Found"),
        ((599, b"{}"), FromServer, "599", ""),
    ],
)
def test_an_answer_other_than_success_is_raised_as_its_kind(server, reply, kind, reason, message):
    server.replies["/x"] = (reply[0], {}, reply[1])

    with connect(server.url) as client, pytest.raises(kind) as caught:
        client.get("/x")

    assert (caught.value.reason, caught.value.message) == (reason, message)


@pytest.mark.parametrize(
    ("header", "remedy"),
    [
        ('299 - "add \\"hub.test:443\\" to it"', 'add "hub.test:443" to it'),
        ('299 - "half', None),
        ("", None),
    ],
)
def test_what_a_server_says_beside_a_refusal_is_the_remedy(header, remedy):
    answer = Answer(422, {"warning": header}, b'{"reason": "Invalid", "message": "no"}')

    with pytest.raises(FromServer) as caught:
        accepted(answer)
    assert (caught.value.message, caught.value.remedy) == ("no", remedy)


def test_find_takes_absence_for_an_answer_and_nothing_else(server):
    server.forbidden.add("/api/v1/secrets/hidden")

    with connect(server.url) as client:
        assert client.find("/api/v1/secrets/nothing") is None
        with pytest.raises(ServerForbade):
            client.find("/api/v1/secrets/hidden")


def test_a_redirect_does_not_take_the_token_anywhere(server):
    server.replies["/x"] = (307, {"Location": f"{server.url}/elsewhere"}, b"")

    with connect(server.url) as client, pytest.raises(FromServer):
        client.get("/x")

    assert server.seen == [("GET", "/x")]


def test_a_prefix_of_the_address_stays(server):
    with connect(server.url + "/behind/proxy/") as client, pytest.raises(ServerHasNot):
        client.get("/api")

    assert server.seen == [("GET", "/behind/proxy/api")]


def test_waits_no_longer_than_allowed(server):
    with connect(server.url, timeout=0.05) as client, pytest.raises(TimedOut):
        client.get("/hang")


def test_nobody_listening_is_told_with_a_remedy():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"

        with connect(url) as client, pytest.raises(Unreachable) as caught:
            client.get("/")

    assert "wharf status" in caught.value.remedy


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Le", b""]
)
def test_another_protocol_or_half_an_answer_is_unreachable(answer):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        speaker = threading.Thread(target=speak)
        speaker.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with connect(url) as client, pytest.raises(Unreachable):
            client.get("/")
        speaker.join()


@pytest.mark.parametrize("server_address", ["hub.test", "ftp://hub.test", "https://"])
def test_an_address_without_scheme_or_host_is_refused(server_address):
    with pytest.raises(NoContext):
        connect(server_address)


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "tokén", "a\0b"])
def test_a_token_cannot_smuggle_a_header(token):
    with pytest.raises(InvalidKubeconfig):
        Client(Context("test", "http://hub.test", identity=Identity(token=token)))


@pytest.mark.parametrize("name", ["../x", "a/b", "a?b", "a#b", "%2e", "a b"])
def test_a_segment_of_a_path_stays_one(name):
    path = path_of("api", "v1", name)

    assert path.count("/") == 3
    assert not set(path) & set("?# ")


def test_an_authority_that_is_no_pem_is_refused():
    with pytest.raises(InvalidKubeconfig):
        connect("https://hub.test", authority=b"hello")


@pytest.fixture
def tls_server(server):
    """The same server behind TLS with a certificate for `hub.test` and the loopback address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("hub.test", "127.0.0.1").configure_cert(context)
    context.load_verify_locations(cadata=AUTHORITY.cert_pem.bytes().decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    server.listener.socket = context.wrap_socket(server.listener.socket, server_side=True)
    server.url = server.url.replace("http://", "https://")
    server.replies["/x"] = (200, {}, b'{"ok": true}')
    return server


@pytest.mark.parametrize(
    "trust",
    [
        {"authority": AUTHORITY.cert_pem.bytes()},
        {"authority": AUTHORITY.cert_pem.bytes(), "tls_name": "hub.test"},
        {"insecure": True},
    ],
)
def test_trusts_whom_the_context_names(tls_server, trust):
    with connect(tls_server.url, **trust) as client:
        assert client.get("/x") == {"ok": True}


@pytest.mark.parametrize(
    "trust",
    [
        {},
        {"authority": trustme.CA().cert_pem.bytes()},
        {"authority": AUTHORITY.cert_pem.bytes(), "tls_name": "evil.test"},
    ],
)
def test_trusts_nobody_else_and_sends_them_nothing(tls_server, trust):
    with connect(tls_server.url, **trust) as client, pytest.raises(Unreachable) as caught:
        client.get("/x")

    assert "--ca-file" in caught.value.remedy
    assert tls_server.seen == []


def test_shows_a_client_certificate(tls_server):
    mine = AUTHORITY.issue_cert("alice@clients.test")
    identity = Identity(
        certificate=mine.cert_chain_pems[0].bytes(), key=mine.private_key_pem.bytes()
    )
    context = Context(
        "test", tls_server.url, authority=AUTHORITY.cert_pem.bytes(), identity=identity
    )

    with Client(context) as client:
        assert client.get("/x") == {"ok": True}


def test_a_client_certificate_without_key_is_refused():
    identity = Identity(certificate=AUTHORITY.cert_pem.bytes())

    with pytest.raises(InvalidKubeconfig):
        Client(Context("test", "https://hub.test", identity=identity))
