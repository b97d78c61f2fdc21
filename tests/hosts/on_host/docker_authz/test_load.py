"""`docker-load` decides before it sends, and tells what the daemon says."""

from __future__ import annotations

import http.server
import io
import json
import socketserver
import tarfile
import threading

import pytest

from wharfinger.hosts.on_host import command
from wharfinger.hosts.on_host.docker_authz import load, ticket
from wharfinger.hosts.on_host.docker_authz.load import DockerUnavailable, LoadRefused
from wharfinger.policy.access import AccessPolicy

LISTED = AccessPolicy.from_lists(["good.test"], ["all"])


def archive(*names):
    raw = io.BytesIO()
    manifest = json.dumps([{"Config": "c", "RepoTags": names, "Layers": []}]).encode()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in (("c", b"{}"), ("manifest.json", manifest)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    raw.seek(0)
    return raw


class Daemon(socketserver.ThreadingUnixStreamServer):
    """Keeps what it was sent, and whether there was a ticket for it."""

    def __init__(self, path, tickets, status, answer):
        super().__init__(str(path), Handler)
        self.tickets, self.status, self.answer = tickets, status, answer
        self.loads = []

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("", 0)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        ticket = self.server.tickets / self.headers["X-Wharfinger-Load"]
        self.server.loads.append((self.path, ticket.exists(), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *words):
        pass


@pytest.fixture
def daemon(tmp_path, request):
    status, answer = getattr(request, "param", (200, b'{"stream": "Loaded image"}\n'))
    server = Daemon(tmp_path / "docker", tmp_path / "loads", status, answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def loaded(daemon, *names, policy=LISTED):
    return load.load(archive(*names), policy, daemon.server_address, daemon.tickets)


def test_an_allowed_archive_is_sent_with_a_ticket(daemon):
    assert loaded(daemon, "good.test/a:1", "good.test/b:2") == ("good.test/a:1", "good.test/b:2")
    ((path, ticket, body),) = daemon.loads
    assert path == "/images/load?quiet=1"
    assert ticket
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert tar.getnames()[0] == "manifest.json"


@pytest.mark.parametrize("names", [("bad.test/a:1",), ("good.test/a:1", "busybox:1"), ()])
def test_one_name_that_is_not_allowed_and_nothing_is_sent(daemon, names):
    with pytest.raises(LoadRefused):
        loaded(daemon, *names)

    assert daemon.loads == []


def test_an_image_without_a_name_passes_where_registries_are_only_blocked(daemon):
    assert loaded(daemon, policy=AccessPolicy.from_lists(None, ["bad.test"])) == ()


@pytest.mark.parametrize(
    "daemon",
    [
        (200, b'{"stream": "x"}\n{"errorDetail": {}, "error": "no such layer"}\n'),
        (403, b'{"message": "no such layer"}'),
    ],
    indirect=True,
)
def test_what_the_daemon_refuses_is_told(daemon):
    with pytest.raises(DockerUnavailable, match="no such layer"):
        loaded(daemon, "good.test/a:1")


def test_a_daemon_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DockerUnavailable):
        load.load(archive("good.test/a:1"), LISTED, str(tmp_path / "none"), tmp_path)


def test_the_program_of_a_host_loads_too(daemon, tmp_path, monkeypatch, capsys):
    policy, file = tmp_path / "access.json", tmp_path / "images.tar"
    policy.write_text(json.dumps(LISTED.to_json()))
    policy.chmod(0o644)
    monkeypatch.setattr(ticket, "FOLDER", daemon.tickets)
    words = ["docker-load", str(file), "--policy", str(policy), "--docker", daemon.server_address]

    file.write_bytes(archive("good.test/a:1").getvalue())
    assert command.main(words) == 0
    assert capsys.readouterr().out == "good.test/a:1 loaded\n"
    file.write_bytes(archive("bad.test/a:1").getvalue())
    assert command.main(words) == 1
    assert "bad.test is blocked by site rule block: all" in capsys.readouterr().err
    file.unlink()
    assert command.main(words) == 1
