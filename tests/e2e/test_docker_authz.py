"""A real dockerd asks the plugin: what a blocked registry has does not get in, what is allowed works."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e import clients, docker_calls, machine
from e2e.docker_calls import RawCall
from e2e.guarded_docker import ALLOWED, BLOCKED, POLICY, SECURE, WHARF, GuardedDocker
from e2e.machine import Done
from wharfinger.hosts.on_host.docker_authz import asks, decision
from wharfinger.hosts.on_host.docker_authz.decision import Seen
from wharfinger.hosts.on_host.docker_authz.target import UnclearRequest
from wharfinger.policy.access import AccessPolicy

pytestmark = pytest.mark.e2e

OLD = Path("/usr/bin/docker")
RULE = "is blocked by site rule block: all, not on allow"
DENIED = "authorization denied by plugin wharfinger"


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedDocker]:
    with machine.short_folder() as folder:
        docker = GuardedDocker(folder)
        try:
            docker.seed(clients.docker_client("docker-20.10"))
            yield docker
        finally:
            docker.stop()


@pytest.fixture
def rules(guarded: GuardedDocker) -> Iterator[Callable[[dict[str, object]], None]]:
    """Lets a test set other rules for its time."""
    yield guarded.set_policy
    guarded.set_policy(POLICY)


@pytest.fixture(params=clients.DOCKERS)
def docker(request: pytest.FixtureRequest, guarded: GuardedDocker) -> Callable[..., Done]:
    program = clients.docker_client(request.param)

    def call(*words: str | Path, given: str | None = None) -> Done:
        # The newer client has BuildKit only with a plugin of its own, which need not be there.
        return guarded.docker(program, *words, given=given, DOCKER_BUILDKIT="0")

    return call


def test_nothing_comes_from_a_blocked_registry_and_nothing_goes_there(
    docker: Callable[..., Done], guarded: GuardedDocker
) -> None:
    before = guarded.blocked.requests
    image = f"{BLOCKED}/app:1"
    reason = f"{image}: blocked.test:5001 {RULE}"

    assert f"{DENIED}: pull of {reason}" in docker("pull", image).err
    assert f"{DENIED}: run of {reason}" in docker("run", "--rm", image).err
    assert f"{DENIED}: push of {reason}" in docker("push", image).err
    assert f"{DENIED}: tag as {reason}" in docker("tag", f"{ALLOWED}/app:1", image).err
    assert f"blocked.test:5001 {RULE}" in docker("build", "-", given=f"FROM {image}\n").err
    assert f"{DENIED}: load: " in docker("load", "-i", guarded.archive(BLOCKED)).err
    assert f"{DENIED}: pull of docker.io/library/busybox:latest" in docker("pull", "busybox").err
    assert BLOCKED not in docker("images", "--all", "--digests").check()
    assert guarded.blocked.requests == before


def test_what_is_allowed_works(docker: Callable[..., Done], guarded: GuardedDocker) -> None:
    image = f"{ALLOWED}/app:1"
    echo = ("run", "--rm", "--network=none")

    docker("pull", image).check()
    assert docker(*echo, image, "/bin/busybox", "echo", "ahoy").check() == "ahoy\n"
    docker("build", "-t", f"{ALLOWED}/app:2", "-", given=f"FROM {image}\nLABEL two=2\n").check()
    docker("push", f"{ALLOWED}/app:2").check()
    before = guarded.secure.requests
    docker("build", "--pull", "-", given=f"FROM {SECURE}/app:1\n").check()
    docker("push", f"{SECURE}/app:1").check()
    assert guarded.secure.requests > before
    docker("rmi", image).check()
    loaded = load(guarded, ALLOWED)
    assert loaded.check() == f"{image} loaded\n"
    id_ = docker("images", "--quiet", image).check().strip()
    assert docker(*echo, id_, "/bin/busybox", "echo", "ahoy").check() == "ahoy\n"


def load(guarded: GuardedDocker, registry: str) -> Done:
    options = (f"--policy={guarded.policy}", f"--docker={guarded.socket}")
    return guarded.apart.run(WHARF, "docker-load", guarded.archive(registry), *options)


def test_an_archive_with_a_blocked_name_is_not_loaded(guarded: GuardedDocker) -> None:
    refused = load(guarded, BLOCKED)

    assert not refused.ok
    assert f"cannot load the archive: {BLOCKED}/app:1: blocked.test:5001 {RULE}" in refused.err
    assert BLOCKED not in guarded.docker(OLD, "images").check()


def test_buildkit_is_held_by_the_gate(guarded: GuardedDocker) -> None:
    before = guarded.blocked.requests

    def build(base: str) -> Done:
        return guarded.docker(OLD, "build", "-q", "-", given=f"FROM {base}\n", DOCKER_BUILDKIT="1")

    build(f"{ALLOWED}/app:1").check()
    build(f"{SECURE}/app:1").check()
    assert f"blocked.test:5001 {RULE}" in build(f"{BLOCKED}/app:1").err
    assert f"docker.io {RULE}" in build("busybox").err
    assert guarded.blocked.requests == before


def test_rules_count_from_the_moment_they_are_written(
    guarded: GuardedDocker, rules: Callable[[dict[str, object]], None]
) -> None:
    def run() -> Done:
        return guarded.docker(OLD, "create", f"{ALLOWED}/app:1", "true")

    run().check()
    rules({"allow": None, "block": ["allowed.test"]})
    assert "allowed.test:5000 is blocked" not in run().err
    rules({"allow": None, "block": ["allowed.test:5000"]})
    assert f"{ALLOWED} is blocked by site rule block: allowed.test:5000" in run().err
    rules({"allow": ["allowed.test:5000/team"], "block": []})
    assert (
        "rules for parts of a registry" in guarded.docker(OLD, "build", "-", given="FROM x\n").err
    )
    guarded.policy.write_text("{")
    assert f"cannot read the access policy {guarded.policy}: it is not JSON" in run().err
    guarded.policy.unlink()
    assert "No such file or directory" in run().err
    guarded.docker(OLD, "ps").check()


def test_without_the_plugin_docker_does_nothing_until_it_is_back(guarded: GuardedDocker) -> None:
    body = json.dumps({"Image": f"{ALLOWED}/app:1", "Cmd": ["true"]}).encode()
    create = RawCall("create", "POST", "/containers/create", (docker_calls.JSON,), body)

    assert guarded.plugin.stop() == 0
    # The daemon looks for its plugin for 15 seconds before it gives up.
    gone = docker_calls.send(guarded.socket, create)
    garbage = guarded.apart.start("python3", "-c", GARBAGE, guarded.plugin_socket, name="garbage")
    machine.eventually("garbage", lambda: "ready" in garbage.output() or None)
    confused = docker_calls.send(guarded.socket, create)
    garbage.stop()
    guarded.plugin = guarded.start_plugin()
    back = docker_calls.send(guarded.socket, create)

    assert "plugin wharfinger failed" in gone.text
    assert "plugin wharfinger failed" in confused.text
    assert (gone.status, confused.status, back.status) == (500, 500, 201)


GARBAGE = """
import http.server, socketserver, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.wfile.write(b"HTTP/1.0 200 OK\\r\\n\\r\\n{]")
    def log_message(self, *words): pass
class Server(socketserver.UnixStreamServer):
    def get_request(self): return super().get_request()[0], ("", 0)
server = Server(sys.argv[1], Answer)
print("ready", flush=True)
server.serve_forever()
"""


def test_without_the_gate_no_build_passes() -> None:
    reason = "build: the images that it uses cannot be seen and site rules are in force"

    with machine.short_folder() as folder:
        docker = GuardedDocker(folder, gated=False)
        try:
            classic, buildkit = (
                docker.docker(OLD, "build", "-", given="FROM scratch\n", DOCKER_BUILDKIT=kit)
                for kit in "01"
            )
            told = docker.plugin.output()
        finally:
            docker.stop()

    assert not classic.ok
    assert f"{DENIED}: {reason}" in classic.err
    assert not buildkit.ok
    assert "received 403" in buildkit.err  # all that this client says of it
    assert told.count(f"refused: {reason}") >= 2


def test_every_way_in_is_decided_as_the_model_says(guarded: GuardedDocker) -> None:
    policy = AccessPolicy.from_json(POLICY)
    before = guarded.blocked.requests
    ends: Counter[str] = Counter()
    differences = []

    for call in docker_calls.matrix(guarded.archive(BLOCKED).read_bytes()):
        answer = docker_calls.send(guarded.socket, call)
        end = "refused" if answer.refused else "unrouted" if answer.unrouted else "done"
        ends[end] += 1
        # What the daemon's router turned away was never asked, so nothing is to be compared.
        if end != "unrouted" and (end == "done") != predicted(call, policy):
            differences.append((call.what, end, answer.text[-200:]))

    assert differences == []
    assert ends["refused"] >= 100
    assert ends["done"] >= 40
    assert guarded.daemon.alive
    assert guarded.blocked.requests == before
    assert all_names(guarded) <= {ALLOWED, ALLOWED.upper(), SECURE}


def predicted(call: RawCall, policy: AccessPolicy) -> bool:
    try:
        asked = asks.of(call.as_passed())
    except UnclearRequest:
        return False
    return decision.decide(asked, policy, Seen(gated=True)).allowed


def all_names(guarded: GuardedDocker) -> set[str]:
    answer = docker_calls.send(guarded.socket, RawCall("images", "GET", "/images/json?all=1"))
    found = json.loads(answer.text.partition("\r\n\r\n")[2])
    names = [*(tag for one in found for tag in one["RepoTags"] or ())]
    names += [digest for one in found for digest in one["RepoDigests"] or ()]
    return {name.partition("/")[0] for name in names if not name.startswith("<none>")}
