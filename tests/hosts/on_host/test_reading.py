from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import fake_host
from fake_host import DAEMON_JSON, Docker, FakeHost
from wharfinger.hosts.on_host import daemons, distribution, facts, reading, states
from wharfinger.hosts.on_host.facts import FoundFile
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.reading import TooMuchToRead

DEBIAN = b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
ROCKY = b'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n'
KEY = b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"


@pytest.fixture
def root(tmp_path):
    fake_host.put(tmp_path, "/etc/os-release", DEBIAN)
    return tmp_path


def read(root):
    return reading.read_facts(Machine(str(root)))


@pytest.mark.parametrize(
    ("text", "family", "name"),
    [
        (DEBIAN, "debian", "Debian GNU/Linux 12 (bookworm)"),
        (ROCKY, "redhat", "Rocky Linux"),
        (b"ID=linuxmint\nID_LIKE='ubuntu debian'\nNAME='Linux Mint'\n", "debian", "Linux Mint"),
        (b'ID=alpine\nNAME="Alpine"\n# ID=debian\nBAD="\n', "other", "Alpine"),
        (b"\xff\xfe", "other", "Linux"),
    ],
)
def test_the_family_is_told_by_os_release(tmp_path, text, family, name):
    fake_host.put(tmp_path, "/usr/lib/os-release", text)

    found = distribution.read(Machine(str(tmp_path)).files)

    assert (found.family, found.name) == (family, name)


def test_os_release_may_be_a_link(tmp_path):
    fake_host.put(tmp_path, "/usr/lib/os-release", DEBIAN)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").symlink_to("../usr/lib/os-release")

    assert read(tmp_path).family == "debian"


def test_a_tree_has_no_daemons_and_its_programs_are_those_below_it(root):
    fake_host.put(root, "/usr/bin/podman", mode=0o755)
    fake_host.put(root, "/usr/sbin/dockerd", mode=0o755)

    found = read(root)

    assert (found.tree, found.systemd) == (True, False)
    assert set(found.runtimes) == {"docker", "podman"}
    assert found.runtimes["docker"].pid is None


def test_files_that_matter_are_found_wherever_they_are(root):
    expected = {
        DAEMON_JSON: b"{}",
        "/etc/sysconfig/docker": b"OPTIONS=\n",
        "/etc/docker/certs.d/quay1.test:5000/ca.crt": b"pem",
        "/etc/containers/registries.conf.d/50-wharfinger.conf": b"",
        "/etc/containerd/certs.d/docker.io/hosts.toml": b"server = 'x'",
        "/etc/pki/ca-trust/source/anchors/site.crt": b"pem",
        "/usr/local/share/ca-certificates/site.crt": b"pem",
        "/etc/wharfinger/access.json": b"{}",
    }
    for path, content in expected.items():
        fake_host.put(root, path, content)
    fake_host.put(root, "/etc/shadow", b"root:x")

    found = read(root).files

    assert {path: one.content for path, one in found.items() if one.kind == "file"} == expected
    assert found["/etc/docker/certs.d/quay1.test:5000"].kind == "directory"
    assert found[DAEMON_JSON].digest == states.digest(b"{}")


def test_a_directory_that_containerd_is_told_of_is_read_too(root):
    fake_host.put(
        root, "/etc/containerd/config.toml", b'[x]\n  config_path = "/etc/certs:/opt/c"\n'
    )
    fake_host.put(root, "/etc/certs/a.test/hosts.toml", b"a")
    fake_host.put(root, "/opt/c/b.test/hosts.toml", b"b")

    found = read(root)

    assert found.content("/etc/certs/a.test/hosts.toml") == b"a"
    assert found.content("/opt/c/b.test/hosts.toml") == b"b"


def test_of_a_key_only_the_digest_is_told(root):
    fake_host.put(root, "/etc/docker/certs.d/a/client.key", b"whatever it is")
    fake_host.put(root, "/etc/docker/certs.d/a/client.cert", b"text\n" + KEY)

    found = read(root)

    for name, content in (("client.key", b"whatever it is"), ("client.cert", b"text\n" + KEY)):
        file = found.files[f"/etc/docker/certs.d/a/{name}"]
        assert (file.content, file.digest) == (None, states.digest(content))


def test_what_is_too_large_is_told_and_not_read(root):
    with fake_host.put(root, DAEMON_JSON).open("r+b") as file:
        file.truncate(100 << 20)

    found = read(root).files[DAEMON_JSON]

    assert (found.kind, found.digest, found.content) == ("file", None, None)


def test_links_pipes_and_directories_in_place_of_files_are_told_as_they_are(root):
    (root / "etc/docker").mkdir()
    (root / DAEMON_JSON[1:]).symlink_to("/etc/shadow")
    os.mkfifo(fake_host.put(root, "/etc/default/x").with_name("docker"))
    (root / "etc/containers/policy.json").mkdir(parents=True)

    found = read(root).files

    assert found[DAEMON_JSON] == FoundFile("symlink", 0o777, digest=None, target="/etc/shadow")
    assert found["/etc/default/docker"].kind == "other"
    assert found["/etc/containers/policy.json"].kind == "directory"


def test_files_below_a_link_are_told_as_links(root):
    fake_host.put(root, "/srv/docker/daemon.json", b"{}")
    (root / "etc/docker").symlink_to("../srv/docker")

    found = read(root).files

    assert (found[DAEMON_JSON].kind, found[DAEMON_JSON].target) == ("symlink", "../srv/docker")
    assert found["/etc/docker/certs.d"].kind == "symlink"


def test_more_files_than_anybody_has_are_refused(root, monkeypatch):
    monkeypatch.setattr(reading, "COUNT_LIMIT", 5)
    for number in range(6):
        fake_host.put(root, f"/etc/docker/certs.d/{number}/ca.crt", b"")

    with pytest.raises(TooMuchToRead):
        read(root)


def test_more_bytes_than_anybody_has_are_refused(root, monkeypatch):
    monkeypatch.setattr(reading, "TOTAL_LIMIT", 5)
    fake_host.put(root, "/etc/docker/certs.d/a/ca.crt", b"123456")

    with pytest.raises(TooMuchToRead):
        read(root)


def test_facts_come_through_json_as_they_were(root):
    fake_host.put(root, DAEMON_JSON, b"\xff{}")
    found = read(root)

    assert facts.from_json(facts.to_json(found)) == found


def test_a_running_daemon_tells_of_itself(root):
    fake_host.put(root, "/usr/bin/dockerd", mode=0o755)
    host = FakeHost(root, docker=Docker(pid=7))
    host.answers = lambda _: Ran(0, "Docker version 1.13.1, build 7d71120/1.13.1\n")

    docker = reading.read_facts(host).runtimes["docker"]

    assert (docker.pid, docker.version) == (7, "20.10.24")
    assert (docker.containers, docker.live_restore) == (2, True)
    assert docker.socket == "/var/run/docker.sock"


def test_a_program_that_does_not_run_is_asked_for_its_version(root):
    fake_host.put(root, "/usr/bin/dockerd", mode=0o755)
    host = FakeHost(root)
    host.answers = lambda _: Ran(0, "Docker version 20.10.24+dfsg1, build 5d6db84\n")

    assert reading.read_facts(host).runtimes["docker"].version == "20.10.24+dfsg1"
    assert host.ran == [("/usr/bin/dockerd", "--version")]


@pytest.mark.parametrize(
    ("arguments", "config", "socket"),
    [
        (("dockerd",), b"", "/var/run/docker.sock"),
        (("dockerd", "-H", "fd://"), b"", "/var/run/docker.sock"),
        (("dockerd", "--host=unix:///run/d.sock"), b"", "/run/d.sock"),
        (("dockerd", "-Hunix:///run/d.sock"), b"", "/run/d.sock"),
        (("dockerd", "-H", "tcp://0:2376", "-H", "unix:///run/d.sock"), b"", "/run/d.sock"),
        (("dockerd",), b'{"hosts": ["unix:///run/e.sock"]}', "/run/e.sock"),
        (("dockerd",), b"no json", "/var/run/docker.sock"),
        (("dockerd", "--config-file", "/etc/d.json"), b"", "/run/other.sock"),
    ],
)
def test_the_socket_is_where_the_daemon_was_told(root, arguments, config, socket):
    fake_host.put(root, DAEMON_JSON, config)
    fake_host.put(root, "/etc/d.json", b'{"hosts": ["unix:///run/other.sock"]}')

    assert daemons.socket_of(FakeHost(root), "docker", Process(1, arguments)) == socket


class Crowd(FakeHost):
    """Several daemons of one name."""

    def __init__(self, root, *found):
        super().__init__(root)
        self.found = list(found)

    def processes(self, *names):
        return self.found if "containerd" in names else []


def test_the_daemon_of_this_host_is_told_from_those_in_containers_and_below_others(root):
    dockers = ("containerd", "--config", "/var/run/docker/containerd/containerd.toml")
    host = Crowd(
        root,
        Process(5, ("containerd",), ours=False),
        Process(6, dockers),
        Process(8, ("containerd",)),
        Process(9, ("containerd",), unit="containerd.service"),
    )

    assert daemons.find(host, "containerd").pid == 9
    host.found.pop()
    assert daemons.find(host, "containerd").pid == 8
    host.found.pop()
    assert daemons.find(host, "containerd") is None


def _await_environment(pid, wanted):
    """The parent hears that it runs a little before the kernel shows the new name and environment."""
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/environ").read_bytes() != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_process_is_found_by_its_executable_and_ended_by_its_pid(tmp_path):
    log = tmp_path / "log"
    machine = Machine()
    command = ("sleep", "600")
    with log.open("wb") as sink:
        started = subprocess.Popen(command, cwd=tmp_path, env={"A": "b=c"}, stdout=sink)
    _await_environment(started.pid, b"A=b=c\0")

    names = ("no-such-program", "sleep")
    (mine,) = [one for one in machine.processes(*names) if one.pid == started.pid]
    assert mine == Process(
        started.pid, command, str(tmp_path), {"A": "b=c"}, mine.unit, True, os.getpid(), str(log)
    )
    assert machine.lives(started.pid)
    assert machine.stop(started.pid, seconds=10)
    assert not machine.lives(started.pid)
    started.wait()
    assert machine.stop(started.pid, seconds=10)
    assert machine.processes("no-such-program") == []


def test_a_helper_that_is_the_same_program_by_another_name_is_no_daemon(tmp_path):
    """As `docker-untar` is, which dockerd starts from its own executable."""
    sleep = Path(shutil.which("sleep")).resolve()
    (tmp_path / "helper").symlink_to(sleep)
    with subprocess.Popen([tmp_path / "helper", "600"]) as helper:
        try:
            assert Path(f"/proc/{helper.pid}/exe").readlink() == sleep
            assert helper.pid not in {one.pid for one in Machine().processes(sleep.name)}
        finally:
            helper.kill()
