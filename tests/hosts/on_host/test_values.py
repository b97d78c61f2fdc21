"""Facts, orders and outcomes travel as JSON and come back as they were."""

from __future__ import annotations

import json

from wharfinger.hosts.on_host import changes, facts, results
from wharfinger.hosts.on_host.changes import (
    Action,
    ContainerdAnswers,
    DockerAnswers,
    Handshake,
    Order,
    RemoveFile,
    WriteFile,
)
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.on_host.results import Ending, Holds, Outcome, Proven


def travelled(value, module):
    return module.from_json(json.loads(json.dumps(module.to_json(value))))


def test_facts():
    found = Facts(
        "host",
        "redhat",
        "RHEL 9",
        systemd=True,
        runtimes={"docker": RuntimeFacts("20.10", pid=7, arguments=("dockerd", "-D"))},
        files={
            "/etc/a": FoundFile("file", content=b"\x00\xff", digest="sha256:1"),
            "/etc/a.key": FoundFile("file", mode=0o600, digest="sha256:2"),
            "/etc/b": FoundFile("symlink", target="/etc/a"),
        },
    )

    assert travelled(found, facts) == found


def test_orders():
    order = Order(
        (WriteFile("/etc/a", b"\x00\xff", None, 0o600), RemoveFile("/etc/b", "sha256:1")),
        (Action.UPDATE_SYSTEM_TRUST, Action.RELOAD_DOCKER),
        (
            DockerAnswers(insecure=("localhost:5000",), mirrors=(), same_pid=True),
            ContainerdAnswers(),
            Handshake("quay.test", "docker"),
        ),
    )

    assert travelled(order, changes) == order


def test_outcomes():
    outcome = Outcome(
        "1",
        Ending.ROLLED_BACK,
        time=1.5,
        paths=("/etc/a",),
        actions=("reload docker",),
        proofs=(Proven("the daemon is up", Holds.NO, "nobody answers"),),
        trouble="the daemon refused it",
    )

    assert travelled(outcome, results) == outcome
