"""How requests reach an API, and what they never do: follow, wait forever, or tell a secret."""

import asyncio
import gzip
import socket
import ssl
from dataclasses import replace

import pytest

import made_certificates as certificates
from scripted_api import serving
from wharfinger.maintenance.api import ApiFault, ApiRefused
from wharfinger.maintenance.kube import transport as kube_transport
from wharfinger.maintenance.kube.answers import UNKNOWN
from wharfinger.maintenance.kube.server import Fixed, Proof, Server
from wharfinger.maintenance.kube.transport import Transport


@pytest.fixture
async def api():
    async with serving() as api:
        yield api


class Renewed:
    """A credential with another token for each refusal; `last` is the last that it has."""

    def __init__(self, last: int = 99) -> None:
        self.number, self.last = 1, last
        self.held = Proof("Bearer secret-1")

    async def proof(self, refused=None) -> Proof:
        if refused is self.held and self.number < self.last:
            self.number += 1
            self.held = Proof(f"Bearer secret-{self.number}")
        return self.held


async def send(server: Server, method: str = "GET", *, seconds: float = 10, **more):
    async with Transport(server, timeout=seconds) as transport:
        return await transport.send(method, "/api/v1/nodes", "do it", **more)


async def test_a_request_carries_who_asks_and_what(api):
    api.says({"kind": "Status"}, 201)
    server = replace(api.server, url=f"{api.url}/clusters/a/", credential=Renewed())

    reply = await send(server, "POST", query={"a": "b c&d"}, body=b"{}", content_type="x/y")

    [seen] = api.seen
    assert (reply.status, reply.body) == (201, b'{"kind": "Status"}')
    assert (seen.path, seen.query) == ("/clusters/a/api/v1/nodes", {"a": "b c&d"})
    assert seen.headers["Authorization"] == "Bearer secret-1"
    assert seen.headers["Content-Type"] == "x/y"
    assert seen.headers["User-Agent"].startswith("wharf/")


async def test_a_compressed_answer_is_read(api):
    api.says(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")

    assert (await send(api.server)).body == b'{"a": 1}'


async def test_a_redirect_is_not_followed(api):
    async with serving() as elsewhere:
        api.says({}, 302, Location=f"{elsewhere.url}/")
        reply = await send(replace(api.server, credential=Renewed()))

    assert (reply.status, elsewhere.seen) == (302, [])


async def test_a_cookie_is_not_kept(api):
    api.says({}, Set_Cookie="a=b")
    api.says({})
    async with Transport(api.server, timeout=10) as transport:
        for _ in range(2):
            await transport.send("GET", "/", "do it")

    assert "Cookie" not in api.seen[1].headers


async def test_after_a_refusal_the_credential_is_asked_once_for_another_proof(api):
    for status in (401, 200, 401, 401):
        api.says({}, status)
    server = replace(api.server, credential=Renewed())

    assert (await send(server)).status == 200
    assert (await send(server)).status == 401

    shown = [seen.headers["Authorization"][-1] for seen in api.seen]
    assert shown == ["1", "2", "2", "3"]


async def test_a_fixed_proof_is_shown_a_second_time(api):
    """The server may not have reached whoever knows the token."""
    api.says({}, 401)
    api.says({})

    reply = await send(replace(api.server, credential=Fixed(Proof("Bearer a"))))

    assert reply.status == 200


@pytest.mark.parametrize(("method", "unknown"), [("GET", False), ("POST", True)])
async def test_no_answer_in_time_is_a_fault(api, method, unknown):
    api.hangs()

    with pytest.raises(ApiFault) as fault:
        await send(api.server, method, seconds=0.1)

    assert (UNKNOWN in fault.value.message) is unknown


class Slow(Renewed):
    """A person has to log in first."""

    given = False

    async def proof(self, refused=None) -> Proof:
        for _ in range(100):
            await asyncio.sleep(0)
        self.given = True
        return await super().proof(refused)


async def test_the_time_for_an_answer_begins_when_the_proof_is_there(api):
    slow = Slow()

    with pytest.raises(ApiFault):
        await send(replace(api.server, credential=slow), seconds=0)

    assert slow.given


async def test_an_answer_that_does_not_end_is_a_fault(api):
    api.streams(b'{"a": ', then_hangs=True)

    with pytest.raises(ApiFault):
        await send(api.server, seconds=0.1)


async def test_an_answer_that_is_too_large_is_a_fault(api, monkeypatch):
    monkeypatch.setattr(kube_transport, "ANSWER_LIMIT", 1000)
    api.says(gzip.compress(b" " * 1001), Content_Encoding="gzip")
    api.says(b" " * 1000)

    with pytest.raises(ApiFault):
        await send(api.server)
    assert len((await send(api.server)).body) == 1000


async def test_a_server_that_is_not_there_has_done_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ApiFault) as fault:
        await send(Server(f"http://127.0.0.1:{port}"), "POST")

    assert UNKNOWN not in fault.value.message


async def test_what_does_not_speak_http_is_a_fault_and_no_secret_is_told():
    async def greet(_, writer) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        place = Server(f"http://127.0.0.1:{port}", credential=Renewed())
        with pytest.raises(ApiFault) as fault:
            await send(place, "POST")

    assert UNKNOWN in fault.value.message
    assert "secret" not in f"{fault.value!r} {fault.value.__cause__!r} {place!r}"


async def test_requests_wait_for_no_watch(api):
    more = kube_transport.CONNECTIONS + 1
    for _ in range(more):
        api.streams(b"{}\n", then_hangs=True)
    api.says({})
    async with Transport(api.server, timeout=10) as transport:
        watches = [transport.open("/", "watch", query={}) for _ in range(more)]
        for watch in watches:
            await watch.__aenter__()
        reply = await transport.send("GET", "/", "do it")
        for watch in watches:
            await watch.__aexit__(None, None, None)

    assert reply.status == 200


async def test_a_proxy_is_asked_for_the_server_behind_it(api):
    api.says({})

    await send(Server("http://hub.test:8080", proxy=api.url))

    assert api.seen[0].headers["Host"] == "hub.test:8080"


@pytest.fixture(scope="module")
def site():
    return certificates.authority()


@pytest.fixture
async def secured(site, tmp_path):
    """An API with TLS under another name than its address; it asks for a certificate of a client."""
    own = certificates.server(site, "hub.test")
    (tmp_path / "own.pem").write_bytes(own.key_pem + own.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=site.pem.decode())
    async with serving(ssl=context) as api:
        yield api


def trusting(*authorities) -> ssl.SSLContext:
    return ssl.create_default_context(cadata="".join(one.pem.decode() for one in authorities))


async def test_the_certificate_is_held_against_the_name_that_was_given(secured, site):
    secured.says({})

    reply = await send(Server(secured.url, trusting(site), "hub.test"))
    with pytest.raises(ApiRefused) as refused:
        await send(Server(secured.url, trusting(site)))

    assert reply.status == 200
    assert (refused.value.status, len(secured.seen)) == (0, 1)


async def test_a_server_of_another_authority_is_not_asked(secured):
    other = trusting(certificates.authority("Other CA"))

    with pytest.raises(ApiRefused) as refused:
        await send(Server(secured.url, other, "hub.test", Renewed()))

    assert (refused.value.status, secured.seen) == (0, [])
    assert refused.value.remedy


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list) -> None:
    """An HTTP proxy that is asked for a way through, and then passes bytes both ways."""
    head = await reader.readuntil(b"\r\n\r\n")
    asked.append(head)
    host, _, port = head.split()[1].decode().rpartition(":")
    from_server, to_server = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await asyncio.gather(_pass(reader, to_server), _pass(from_server, writer))


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while part := await source.read(1 << 16):
        sink.write(part)
    sink.close()


async def test_through_a_proxy_the_certificate_is_held_against_the_name_too(secured, site):
    asked: list[bytes] = []
    secured.says({})

    async with await asyncio.start_server(
        lambda reader, writer: tunnel(reader, writer, asked), "127.0.0.1", 0
    ) as proxy:
        address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        server = Server(secured.url, trusting(site), "hub.test", Renewed(), address)
        reply = await send(server)
        with pytest.raises(ApiRefused):
            await send(replace(server, name=None))

    assert (reply.status, len(secured.seen)) == (200, 1)
    assert asked[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"secret" not in b"".join(asked)


async def test_a_proof_may_bring_the_certificate_of_a_client(secured, site, tmp_path):
    own = certificates.client(site)
    (tmp_path / "client.pem").write_bytes(own.key_pem + own.pem)
    shown = trusting(site)
    shown.load_cert_chain(tmp_path / "client.pem")
    secured.says({})

    server = Server(secured.url, trusting(site), "hub.test", Fixed(Proof(trust=shown)))
    await send(server)

    assert [seen.certificate for seen in secured.seen] == [own.der]
