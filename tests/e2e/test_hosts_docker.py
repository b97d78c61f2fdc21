"""
A real dockerd takes what is compiled for it: by a reload that its containers do not notice, or by a
restart where that was planned; and what it refuses is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import made_certificates
from e2e import images, machine
from e2e.lone_host import LoneHost
from e2e.machine import Done, Process
from made_certificates import Made

pytestmark = pytest.mark.e2e

DAEMON_JSON = "/etc/docker/daemon.json"
OLD_DAEMON = """
from dataclasses import replace
from wharfinger.cli import site_file
from wharfinger.hosts import plan
from wharfinger.hosts.on_host import apply, reading
from wharfinger.hosts.on_host.machine import Machine

facts = reading.read_facts(Machine())
old = replace(facts.runtimes["docker"], version="17.03.2-ce")
facts = replace(facts, runtimes={"docker": old})
planned = plan.plan(site_file.load(FOLDER / "site.yaml"), facts)
print(planned.disruption)
print(apply.apply(planned.order, Machine()).ending.value)
"""
BAD_FILE = f"""
from wharfinger.hosts.on_host import apply, reading
from wharfinger.hosts.on_host.changes import Action, Order, WriteFile
from wharfinger.hosts.on_host.machine import Machine

digest = reading.read_facts(Machine()).files["{DAEMON_JSON}"].digest
change = WriteFile("{DAEMON_JSON}", b'{{"no-such-key": 1}}', digest)
print(apply.apply(Order((change,), (Action.RESTART_DOCKER,)), Machine()).ending.value)
"""


class Docker:
    """The daemon on a host of its own, with a container that sleeps."""

    def __init__(self, folder: Path, *flags: str) -> None:
        for program in ("containerd", "docker", "docker-registry", "dockerd", "runc"):
            machine.need(program)
        self.folder = folder
        self.host = LoneHost(folder, "plain.test", "blocked.test")
        self.flags = flags
        self.host.write(DAEMON_JSON, '{ "log-level": "warn",\n  "live-restore": true }\n')
        self.host.path(DAEMON_JSON).chmod(0o640)
        self.daemon = self.start()
        self("import", "-", "app:1", given=images.root_file_system()).check()
        self(
            "run", "-d", "--name=up", "--network=none", "app:1", "busybox", "sleep", "9999"
        ).check()

    def start(self) -> Process:
        daemon = self.host.start(
            "dockerd",
            f"--data-root={self.folder / 'data'}",
            f"--exec-root={self.folder / 'exec'}",
            *("--pidfile=/run/docker.pid", "--bridge=none", "--iptables=false"),
            *self.flags,
            name="dockerd",
        )
        self.host.eventually("dockerd", lambda: self("version").ok or None)
        return daemon

    def __call__(self, *words: str | Path, given: str | bytes | None = None) -> Done:
        return self.host.run("docker", *words, given=given)

    @property
    def pid(self) -> int:
        return int(self.host.path("/run/docker.pid").read_text())

    @property
    def registries(self) -> dict[str, Any]:
        """What the daemon says of registries."""
        answer = self("info", "--format", "{{json .RegistryConfig}}").check()
        return dict(json.loads(answer))

    @property
    def insecure(self) -> set[str]:
        indexes = self.registries["IndexConfigs"].values()
        return {index["Name"] for index in indexes if not index["Secure"]}

    def python(self, program: str) -> Done:
        """Run a program of ours on the host, with the folder in front of it."""
        words = f"from pathlib import Path\nFOLDER = Path({str(self.folder)!r})\n{program}"
        return self.host.run(machine.ROOT / ".venv" / "bin" / "python", "-c", words)

    def is_up(self) -> bool:
        """Does the container that was started first still run, never restarted?"""
        found = self("inspect", "--format", "{{.State.Running}} {{.State.Pid}}", "up").check()
        running, pid = found.split()
        return running == "true" and self.host.path(f"/proc/{pid}").exists()

    def add_registry(self, port: int, certificate: Made | None = None) -> None:
        http: dict[str, Any] = {"addr": f":{port}"}
        if certificate is not None:
            (self.folder / "server.crt").write_bytes(certificate.pem)
            (self.folder / "server.key").write_bytes(certificate.key_pem)
            http["tls"] = {
                "certificate": f"{self.folder}/server.crt",
                "key": f"{self.folder}/server.key",
            }
        settings = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(self.folder / str(port))}},
            "http": http,
        }
        file = self.folder / f"{port}.yml"
        file.write_text(json.dumps(settings))
        words = ("env", "OTEL_TRACES_EXPORTER=none", "docker-registry", "serve", file)
        self.host.start(*words, name=f"registry-{port}")
        scheme = "http" if certificate is None else "https"
        ping = ("curl", "-fsSk", f"{scheme}://127.0.0.1:{port}/v2/")
        self.host.eventually(f"a registry at {port}", lambda: self.host.run(*ping).ok or None)


@pytest.fixture
def docker(short_path: Path) -> Iterator[Docker]:
    found = Docker(short_path)
    yield found
    found("rm", "-f", "up")
    found.host.stop()


def test_a_reload_leaves_the_daemon_and_its_container_and_undo_brings_all_back(
    docker: Docker,
) -> None:
    host = docker.host
    before, registries, pid = host.tree("/etc/docker"), docker.registries, docker.pid

    done = host.apply(
        """
registries:
  insecure: ["plain.test:5001", 10.0.0.0/8]
  mirrors: {docker.io: ["mirror.test:5000"]}
"""
    ).check()

    assert "reload docker" in done
    assert docker.insecure == {"plain.test:5001"}
    assert "10.0.0.0/8" in docker.registries["InsecureRegistryCIDRs"]
    assert docker.registries["Mirrors"] == ["https://mirror.test:5000/"]
    assert (docker.pid, docker.is_up()) == (pid, True)
    assert "live-restore" in host.path(DAEMON_JSON).read_text()
    again = host.wharf("apply", docker.folder / "site.yaml", "--yes").check()
    assert "nothing to do" in again

    host.wharf("undo").check()

    assert host.tree("/etc/docker") == before
    assert docker.registries == registries
    assert (docker.pid, docker.is_up()) == (pid, True)


def test_insecure_means_without_tls_or_with_any_certificate(docker: Docker) -> None:
    docker.add_registry(5001)
    docker.add_registry(5003, made_certificates.server(None, "any.test"))
    names = ("plain.test:5001/app:1", "192.0.2.7:5003/app:1")
    for image in names:
        docker("tag", "app:1", image).check()
        assert not docker("push", image).ok

    docker.host.apply('registries: {insecure: ["plain.test:5001", "192.0.2.7:5003"]}').check()

    for image in names:
        docker("push", image).check()

    docker.host.apply("registries: {insecure: []}").check()

    assert not any(docker("push", image).ok for image in names)


def test_a_mirror_of_docker_hub_is_trusted_by_an_address_of_ipv6(docker: Docker) -> None:
    authority = made_certificates.authority()
    docker.add_registry(5000, made_certificates.server(authority, "::1"))
    (docker.folder / "ca.crt").write_bytes(authority.pem)
    docker.host.apply("registries: {insecure: [192.0.2.0/24]}").check()
    docker("tag", "app:1", "192.0.2.7:5000/library/app:2").check()
    docker("push", "192.0.2.7:5000/library/app:2").check()
    docker.host.apply('registries: {mirrors: {docker.io: ["[::1]:5000"]}}').check()
    assert not docker("pull", "app:2").ok

    done = docker.host.apply('trust: {registries: {"[::1]:5000": {ca: ca.crt}}}').check()

    assert "proven: docker trusts [::1]:5000" in done
    docker("pull", "app:2").check()


def test_access_lists_hold_as_soon_as_they_are_applied_and_until_they_are_undone(
    docker: Docker,
) -> None:
    host, pid = docker.host, docker.pid
    for port, registry in ((5001, "plain.test"), (5002, "blocked.test")):
        docker.add_registry(port)
        host.apply('registries: {insecure: ["plain.test:5001", "blocked.test:5002"]}')
        docker("tag", "app:1", f"{registry}:{port}/app:1").check()
        docker("push", f"{registry}:{port}/app:1").check()
    before = host.tree("/etc/docker", "/etc/wharfinger", "/etc/systemd/system")

    host.apply('registries: {allow: ["plain.test:5001"], block: [all]}').check()

    assert host.run("pgrep", "--full", "docker-authz").ok
    docker("pull", "plain.test:5001/app:1").check()
    refused = docker("pull", "blocked.test:5002/app:1")
    assert "blocked.test:5002 is blocked by site rule block: all, not on allow" in refused.err
    assert not docker("push", "blocked.test:5002/app:1").ok
    assert (docker.pid, docker.is_up()) == (pid, True)

    host.apply("registries: {block: [plain.test]}").check()

    docker("pull", "plain.test:5001/app:1").check()
    docker("pull", "blocked.test:5002/app:1").check()

    host.wharf("undo").check()

    assert not docker("pull", "blocked.test:5002/app:1").ok

    host.wharf("undo").check()

    docker("pull", "blocked.test:5002/app:1").check()
    assert host.tree("/etc/docker", "/etc/wharfinger", "/etc/systemd/system") == before
    assert (docker.pid, docker.is_up()) == (pid, True)
    assert not host.run("pgrep", "--full", "docker-authz").ok


def test_a_file_that_the_daemon_refuses_is_taken_back_with_the_daemon_up(docker: Docker) -> None:
    host, pid = docker.host, docker.pid
    host.write(DAEMON_JSON, '{"live-restore": true, "no-such-key": 1}\n')

    refused = host.apply('registries: {insecure: ["plain.test:5001"]}')

    assert not refused.ok
    assert "all changes were taken back" in refused.err
    assert host.path(DAEMON_JSON).read_text() == '{"live-restore": true, "no-such-key": 1}\n'
    assert docker.insecure == set()
    assert (docker.pid, docker.is_up()) == (pid, True)


def test_a_file_that_the_daemon_does_not_start_with_is_taken_back_and_it_runs_again(
    docker: Docker,
) -> None:
    before = docker.host.tree("/etc/docker")

    done = docker.python(BAD_FILE).check()

    assert done.strip() == "rolled back"
    assert docker.host.tree("/etc/docker") == before
    assert docker("version").ok
    assert docker.is_up()


def test_a_daemon_that_reads_its_file_at_its_start_only_restarts_as_planned(
    docker: Docker,
) -> None:
    host, pid = docker.host, docker.pid
    (docker.folder / "site.yaml").write_text('registries: {insecure: ["plain.test:5001"]}')

    done = docker.python(OLD_DAEMON).check()

    assert done.split() == ["restart", "applied"]
    assert docker.insecure == {"plain.test:5001"}
    assert docker.pid != pid
    assert docker.is_up()

    host.wharf("undo").check()

    assert docker.insecure == set()
    assert docker.is_up()


def test_a_flag_that_sets_the_same_is_refused_before_anything_changes(short_path: Path) -> None:
    docker = Docker(short_path, "--insecure-registry=flag.test")
    try:
        docker.host.write("/etc/default/docker", 'DOCKER_OPTS="--insecure-registry=flag.test"\n')

        refused = docker.host.apply('registries: {insecure: ["plain.test:5001"]}')

        assert "given in /etc/default/docker" in refused.err
        assert docker.insecure == {"flag.test"}
    finally:
        docker("rm", "-f", "up")
        docker.host.stop()
