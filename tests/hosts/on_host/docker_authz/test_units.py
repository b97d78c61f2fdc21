"""The units name the places where the code listens and looks."""

from __future__ import annotations

from configparser import ConfigParser

from wharfinger.hosts.on_host import installed
from wharfinger.hosts.on_host.docker_authz import addresses, gate, ticket, units


def parsed(text):
    # systemd takes a name more than once; the last is enough here.
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return parser


def test_the_socket_is_there_before_docker_and_for_root_alone():
    unit = parsed(units.SOCKET_TEXT)

    assert f"ListenStream={addresses.SOCKET}\n" in units.SOCKET_TEXT
    assert f"ListenStream={addresses.GATE}\n" in units.SOCKET_TEXT
    assert unit["Socket"]["SocketMode"] == "0600"
    assert unit["Unit"]["Before"] == "docker.service"
    assert addresses.SOCKET.endswith(f"/{units.PLUGIN}.sock")


def test_the_service_may_read_the_daemon_s_environment_and_take_tickets():
    unit = parsed(units.SERVICE_TEXT)

    assert unit["Service"]["ExecStart"] == f"/usr/bin/env python3 {installed.PATH} docker-authz"
    assert "CAP_SYS_PTRACE" in unit["Service"]["CapabilityBoundingSet"]
    assert f"/run/{unit['Service']['RuntimeDirectory']}" == str(ticket.FOLDER)
    assert unit["Unit"]["Requires"] == units.SOCKET_UNIT


def test_docker_s_environment_leaves_the_gate_as_its_only_way():
    lines = units.GATE_TEXT.splitlines()
    settings = [line.removeprefix("Environment=") for line in lines if "Environment=" in line]
    environ = dict(setting.split("=", 1) for setting in settings)

    assert gate.is_only_way(environ, addresses.GATE)
