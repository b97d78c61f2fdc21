"""The life of a real server: what it makes, whom it refuses, how it ends and comes back."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from ruamel.yaml import YAML

from e2e import machine
from e2e.wharf import WHARF, Wharf
from wharfinger.server import certificates

pytestmark = pytest.mark.e2e

PROJECT = "lifecycle"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Wharf]:
    """A server of this test alone, started by the test."""
    made = Wharf(tmp_path / "state")
    yield made
    if made.process is not None:
        made.process.stop()


def wharf(*words: str | Path) -> machine.Done:
    return machine.run(WHARF, *words, seconds=60)


@contextmanager
def api(server: Wharf) -> Iterator[http.client.HTTPSConnection]:
    connection = http.client.HTTPSConnection(
        "127.0.0.1", server.port, timeout=30, context=server.context()
    )
    try:
        yield connection
    finally:
        connection.close()


def bearer(server: Wharf) -> dict[str, str]:
    return {"authorization": f"Bearer {server.admin_token()}"}


def call(server: Wharf, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    headers = bearer(server) | {"content-type": "application/json"}
    text = json.dumps(body) if body is not None else None
    with api(server) as connection:
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def make_project(server: Wharf) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROJECT}}
    status, content = call(server, "POST", "/api/v1/namespaces", namespace)
    assert status == 201, content


def begin_upload(server: Wharf) -> str:
    with api(server) as connection:
        connection.request("POST", f"/v2/{PROJECT}/app/blobs/uploads/", headers=bearer(server))
        answer = connection.getresponse()
        assert answer.status == 202
        return answer.headers["location"].removeprefix(server.url)


def begin(
    connection: http.client.HTTPSConnection, server: Wharf, method: str, place: str, length: int
) -> None:
    """Send the head of a request whose body comes later."""
    connection.putrequest(method, place)
    for name, value in (bearer(server) | {"content-length": str(length)}).items():
        connection.putheader(name, value)
    connection.endheaders()


def test_the_first_start_makes_its_secrets_for_the_owner_alone(server):
    server.start()

    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in server.state.rglob("*")}
    assert stat.S_IMODE(server.state.stat().st_mode) == 0o700
    assert {"ca.crt", "ca.key", "tls.crt", "tls.key", "signing.key", "admin.kubeconfig"} <= set(
        modes
    )
    assert {name for name, mode in modes.items() if mode & 0o077} == set()


def test_the_certificate_names_the_listener_and_every_further_name(server):
    server.flags = ("--name", "registry.test", "--name", "192.0.2.9")
    server.start()

    leaf = x509.load_pem_x509_certificate((server.state / "tls.crt").read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "registry.test"} <= set(names.get_values_for_type(x509.DNSName))
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert {"127.0.0.1", "::1", "192.0.2.9"} <= addresses


def test_a_new_name_gets_into_the_certificate_and_the_authority_stays(server):
    server.start()
    authority, token = server.authority.read_bytes(), server.admin_token()
    server.stop()

    server.flags = ("--name", "new.test")
    server.start()

    assert "new.test" in names(server)
    assert server.authority.read_bytes() == authority
    assert server.admin_token() == token


def names(server: Wharf) -> list[str]:
    leaf = x509.load_pem_x509_certificate((server.state / "tls.crt").read_bytes())
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return found.get_values_for_type(x509.DNSName)


def test_what_is_printed_tells_what_to_do_and_no_secret(server):
    server.start()
    make_project(server)
    server.stop()

    said = server.log.read_text()
    secrets = [
        YAML(typ="safe").load(server.kubeconfig.read_text())["users"][0]["user"]["token"],
        *(line for name in ("ca.key", "tls.key", "signing.key") for line in key(server, name)),
    ]
    assert str(server.kubeconfig) in said
    assert "docker login" in said
    assert server.url in said
    assert [secret for secret in secrets if secret in said] == []


def key(server: Wharf, name: str) -> list[str]:
    lines = (server.state / name).read_text().splitlines()
    return [line for line in lines if not line.startswith("-----")]


def test_a_second_process_on_the_same_state_is_refused_with_the_pid_of_the_first(server):
    server.start()
    assert server.process is not None

    refused = wharf("up", "--state", server.state, "--listen", f"127.0.0.1:{machine.free_port()}")

    assert refused.code == 1
    assert f"process {server.process.pid}" in refused.err
    assert "wharf down" in refused.err


def test_a_port_that_is_taken_is_refused_with_a_remedy(server, tmp_path):
    server.start()

    refused = wharf("up", "--state", tmp_path / "other", "--listen", server.host)

    assert refused.code == 1
    assert f"cannot listen on {server.host}" in refused.err
    assert "--listen" in refused.err


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_plain_http_is_refused_off_loopback(tmp_path, listen):
    refused = wharf("up", "--no-tls", "--state", tmp_path / "state", "--listen", listen)

    assert refused.code == 1
    assert "without TLS" in refused.err
    assert not (tmp_path / "state").exists()


def test_plain_http_works_on_loopback(server):
    server.tls = False
    server.start()

    with server.fetch("/readyz") as answer:
        assert answer.read() == b"ok"


def test_a_certificate_of_ones_own_is_shown(server, tmp_path):
    server.start()
    server.stop()
    given = {}
    for name in ("tls.crt", "tls.key"):
        given[name] = tmp_path / name
        given[name].write_bytes((server.state / name).read_bytes())
    other = Wharf(tmp_path / "other")
    other.flags = ("--tls-cert", str(given["tls.crt"]), "--tls-key", str(given["tls.key"]))
    other.launch()

    def ready() -> bool | None:
        done = wharf("status", "--state", other.state)
        return True if done.ok else None

    try:
        machine.eventually("the server to be ready", ready)
        assert not (other.state / "ca.crt").exists()
    finally:
        other.stop()


def test_a_replaced_certificate_is_shown_after_a_hangup_and_open_connections_stay(server, tmp_path):
    certificate, key = self_signed(tmp_path, "old")
    server.flags = ("--tls-cert", str(certificate), "--tls-key", str(key))
    server.launch()
    machine.eventually("the server to be ready", lambda: shown(server) or None)
    assert shown(server) == certificate.read_text()
    connection = http.client.HTTPSConnection(
        "127.0.0.1", server.port, timeout=30, context=trusting(certificate)
    )
    connection.request("GET", "/livez")
    assert connection.getresponse().read() == b"ok"

    self_signed(tmp_path, "new")
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGHUP)
    machine.eventually(
        "the new certificate", lambda: shown(server) == certificate.read_text() or None
    )

    connection.request("GET", "/livez")
    assert connection.getresponse().read() == b"ok"
    connection.close()


def self_signed(folder: Path, owner: str) -> tuple[Path, Path]:
    """Put a certificate and key at the same place, another one at each call."""
    pair = certificates.authority(datetime.now(UTC), owner)
    issued = certificates.issue(pair, ("127.0.0.1", "localhost"), datetime.now(UTC))
    certificate, key = folder / "given.crt", folder / "given.key"
    certificate.write_bytes(issued.certificate)
    key.write_bytes(issued.key)
    return certificate, key


def trusting(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def shown(server: Wharf) -> str | None:
    """The certificate that the server shows to a new connection."""
    try:
        return ssl.get_server_certificate(("127.0.0.1", server.port), timeout=5)
    except OSError:
        return None


def test_a_server_goes_on_in_the_background_until_it_is_told_to_end(tmp_path):
    state = tmp_path / "state"
    port = machine.free_port()

    started = wharf("up", "--detach", "--state", state, "--listen", f"127.0.0.1:{port}")
    try:
        assert f"https://127.0.0.1:{port}" in started.check()
        found = json.loads(wharf("status", "--state", state, "-o", "json").check())
        assert (found["running"], found["ready"]) == (True, True)
        again = wharf("up", "--detach", "--state", state, "--listen", "127.0.0.1:0")
        assert again.code == 1
        assert f"process {found['pid']}" in again.err
    finally:
        ended = wharf("down", "--state", state)
    assert f"process {found['pid']}" in ended.check()
    assert wharf("status", "--state", state).code == 1
    assert wharf("down", "--state", state).ok


def test_a_start_in_the_background_that_fails_says_why(server, tmp_path):
    server.start()

    failed = wharf("up", "--detach", "--state", tmp_path / "other", "--listen", server.host)

    assert failed.code == 1
    assert f"cannot listen on {server.host}" in failed.err


def test_a_kill_at_any_moment_of_the_first_start_is_survived(tmp_path):
    state = tmp_path / "state"
    for moment in range(12):
        server = Wharf(state)
        server.launch()
        wanted = moment
        machine.eventually(
            "the start to get on",
            lambda server=server, wanted=wanted: (
                True
                if len(list(state.glob("*"))) > wanted or not server.process.alive or ready(server)
                else None
            ),
        )
        server.kill()
    last = Wharf(state)
    last.start()
    try:
        assert last.stop() == 0
    finally:
        last.kill()
    assert [path.name for path in state.glob(".*")] == []


def ready(server: Wharf) -> bool:
    try:
        with server.fetch("/readyz") as answer:
            return answer.status == 200
    except OSError:
        return False


def test_what_was_acknowledged_is_there_after_kill_9(server):
    server.start()
    make_project(server)
    server.kill()

    server.start()

    status, _ = call(server, "GET", f"/api/v1/namespaces/{PROJECT}")
    assert status == 200


def test_an_upload_in_flight_may_finish_and_a_watch_is_closed_in_good_order(server):
    server.start()
    make_project(server)
    content = os.urandom(1 << 20)
    half = len(content) // 2
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    place = begin_upload(server)
    joint = "&" if "?" in place else "?"
    with api(server) as watch, api(server) as upload, api(server) as late:
        watch.request("GET", "/api/v1/namespaces?watch=1", headers=bearer(server))
        watching = watch.getresponse()
        assert watching.readline()  # it is under way
        begin(upload, server, "PUT", f"{place}{joint}digest={digest}", len(content))
        upload.send(content[:half])
        late.connect()  # granted before the server stops listening
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGTERM)
        while watching.readline():
            pass  # up to its orderly end: the server is draining now

        late.request("GET", "/v2/", headers=bearer(server))
        refused = late.getresponse()
        upload.send(content[half:])
        answer = upload.getresponse()

    assert refused.status == 503
    assert answer.status == 201
    assert server.stop() == 0
    server.start()
    assert call(server, "GET", f"/v2/{PROJECT}/app/blobs/{digest}") == (200, content)


def test_an_upload_that_does_not_finish_within_the_grace_is_cut_and_can_be_resumed(server):
    server.flags = ("--drain-seconds", "1")
    server.start()
    make_project(server)
    place = begin_upload(server)
    with api(server) as upload:
        begin(upload, server, "PATCH", place, 1000)
        upload.send(b"half")
        assert server.stop() == 0

    server.start()

    status, _ = call(server, "GET", place)
    assert status == 204
