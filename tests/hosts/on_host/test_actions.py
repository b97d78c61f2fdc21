from __future__ import annotations

import pytest

import fake_host
from fake_host import DAEMON_JSON, Docker, FakeHost
from wharfinger.hosts.on_host import actions, daemons
from wharfinger.hosts.on_host.actions import ActionFailed, Setting
from wharfinger.hosts.on_host.changes import Action
from wharfinger.hosts.on_host.docker_authz import units
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.processes import Process

DEBIAN, REDHAT = b"ID=debian\n", b"ID=rocky\nID_LIKE=rhel\n"


@pytest.fixture
def root(tmp_path):
    fake_host.put(tmp_path, "/etc/os-release", DEBIAN)
    return tmp_path


@pytest.fixture
def booted(root):
    """A host that systemd runs."""
    (root / "run/systemd/system").mkdir(parents=True)
    return root


def run(host, *wanted):
    actions.run(wanted, Setting(host, daemons.running(host)))


def test_the_trust_of_the_system_is_made_by_the_tool_of_the_family(root):
    host = FakeHost(root)
    run(host, Action.UPDATE_SYSTEM_TRUST)
    fake_host.put(root, "/etc/os-release", REDHAT)
    run(host, Action.UPDATE_SYSTEM_TRUST)

    assert host.ran == [("update-ca-certificates",), ("update-ca-trust", "extract")]


def test_links_to_authorities_of_ours_that_are_gone_go_too(root):
    links = root / "etc/ssl/certs"
    links.mkdir(parents=True)
    anchors = "/usr/local/share/ca-certificates"
    fake_host.put(root, f"{anchors}/wharfinger-22.crt")
    for name, target in {
        "wharfinger-11.pem": f"{anchors}/wharfinger-11.crt",
        "abcd.0": "wharfinger-11.pem",
        "wharfinger-22.pem": f"{anchors}/wharfinger-22.crt",
        "ef01.0": "wharfinger-22.pem",
        "theirs.pem": f"{anchors}/theirs.crt",
    }.items():
        (links / name).symlink_to(target)
    fake_host.put(root, "/etc/ssl/certs/ca-certificates.crt", b"all")

    run(FakeHost(root), Action.UPDATE_SYSTEM_TRUST)

    assert sorted(path.name for path in links.iterdir()) == [
        "ca-certificates.crt",
        "ef01.0",
        "theirs.pem",
        "wharfinger-22.pem",
    ]


def test_actions_are_done_in_their_order_whatever_the_order_says(booted):
    host = FakeHost(booted)

    run(host, Action.STOP_DOCKER_AUTHZ, Action.UPDATE_SYSTEM_TRUST, Action.RELOAD_UNITS)

    assert host.ran == [
        ("update-ca-certificates",),
        ("systemctl", "daemon-reload"),
        ("systemctl", "stop", units.SOCKET_UNIT, units.SERVICE_UNIT),
    ]


def test_a_tool_that_fails_is_quoted(root):
    host = FakeHost(root)
    host.answers = lambda _: Ran(3, "no such store\n")

    with pytest.raises(ActionFailed, match=r"cannot update system trust: .*no such store"):
        run(host, Action.UPDATE_SYSTEM_TRUST)


def test_in_a_tree_nothing_is_run(root):
    run(Machine(str(root)), *Action)


def test_a_reload_is_a_signal_and_a_daemon_that_does_not_run_is_left_alone(root):
    fake_host.put(root, DAEMON_JSON, b'{"registry-mirrors": ["https://m.test"]}')
    docker = Docker(pid=41)

    run(FakeHost(root, docker=docker), Action.RELOAD_DOCKER)
    run(FakeHost(root), Action.RELOAD_DOCKER, Action.RESTART_DOCKER, Action.RELOAD_CRIO)

    assert (docker.pid, docker.reloads, docker.starts) == (41, 1, 1)
    assert docker.config == {"registry-mirrors": ["https://m.test"]}


def test_without_systemd_a_daemon_is_started_again_as_it_was(root):
    docker = Docker(pid=41)

    run(FakeHost(root, docker=docker), Action.RESTART_DOCKER)

    assert (docker.pid, docker.starts, docker.alive) == (42, 2, True)


def test_a_daemon_that_does_not_come_back_is_told(root):
    fake_host.put(root, DAEMON_JSON, b"no json")

    with pytest.raises(ActionFailed, match="it ended at once"):
        run(FakeHost(root, docker=Docker()), Action.RESTART_DOCKER)


def test_a_daemon_that_was_killed_meanwhile_is_started_as_it_was_before(root):
    docker = Docker(alive=False)
    host = FakeHost(root, docker=docker)

    actions.run([Action.RELOAD_DOCKER], Setting(host, {"docker": Process(1, ("dockerd",))}))

    assert docker.alive


def test_with_systemd_its_unit_is_restarted_however_often_it_failed(booted):
    host = FakeHost(booted)
    before = {"docker": Process(1, ("dockerd",), unit="docker.service")}

    actions.run([Action.RESTART_DOCKER], Setting(host, before))

    assert host.ran == [
        ("systemctl", "reset-failed", "docker.service"),
        ("systemctl", "restart", "docker.service"),
    ]


def test_the_plugin_is_started_as_its_unit_says(root):
    fake_host.put(root, units.SERVICE_PATH, b"[Service]\nExecStart=/opt/wharf docker-authz\n")
    host = FakeHost(root)
    assert daemons.authz_words(host) == ("/opt/wharf", "docker-authz")

    (root / units.SERVICE_PATH[1:]).unlink()
    with pytest.raises(ActionFailed, match="does not say how"):
        run(host, Action.START_DOCKER_AUTHZ)


def test_with_systemd_the_plugin_is_enabled_and_its_links_go_when_it_stops(booted):
    host = FakeHost(booted)
    link = booted / "etc/systemd/system/sockets.target.wants" / units.SOCKET_UNIT
    link.parent.mkdir(parents=True)
    link.symlink_to(units.SOCKET_PATH)

    run(host, Action.START_DOCKER_AUTHZ)
    assert host.ran[0] == ("systemctl", "enable", "--now", units.SOCKET_UNIT)
    run(host, Action.STOP_DOCKER_AUTHZ)
    assert not link.is_symlink()


def test_a_plugin_that_systemd_cannot_start_is_not_told_of(booted):
    host = FakeHost(booted)
    host.plugin = False

    with pytest.raises(ActionFailed, match="does not answer: see journalctl"):
        run(host, Action.START_DOCKER_AUTHZ)


def test_going_back_starts_the_plugin_only_where_its_unit_is(root):
    host = FakeHost(root)
    done = (Action.RELOAD_UNITS, Action.START_DOCKER_AUTHZ, Action.RELOAD_DOCKER)
    rest = [Action.RELOAD_UNITS, Action.RELOAD_DOCKER]

    assert actions.back(done, host) == [*rest, Action.STOP_DOCKER_AUTHZ]
    fake_host.put(root, units.SERVICE_PATH)
    assert actions.back(done, host) == [*rest, Action.START_DOCKER_AUTHZ]
    assert actions.back(rest, host) == rest
