"""
Hosts without Kubernetes are emptied and filled again: a plain Docker host and a swarm of two, for real.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e import machine
from e2e.engine_host import IMAGE, EngineHost
from e2e.machine import Done, Process
from e2e.wharf import WHARF

pytestmark = pytest.mark.e2e

WORKS = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"
STUBBORN = "trap '' TERM; while :; do sleep 1; done"
BROKEN = "if test -e /data/broken; then echo the ledger is torn; exit 7; fi; "
COMPOSE = "--label=com.docker.compose."


@pytest.fixture
def host_named(short_path: Path) -> Iterator[Callable[[str], EngineHost]]:
    hosts: list[EngineHost] = []

    def make(name: str) -> EngineHost:
        hosts.append(EngineHost(short_path, name))
        return hosts[-1]

    yield make
    for host in hosts:
        host.stop()


def wharf(host: EngineHost, *words: str | Path) -> Done:
    return machine.run(WHARF, *words, environ={"DOCKER_HOST": host.address})


def wharf_started(host: EngineHost, *words: str | Path) -> Process:
    log = host.folder / "wharf.log"
    return Process(WHARF, *words, log=log, environ={"DOCKER_HOST": host.address})


def composed(service: str, depends: str = "") -> tuple[str, ...]:
    return (
        f"{COMPOSE}project=shop",
        f"{COMPOSE}service={service}",
        f"{COMPOSE}depends_on={depends}",
    )


def fill(host: EngineHost) -> None:
    """Six containers, the newest of which would be removed."""

    def run(name: str, script: str, *words: str) -> None:
        named = ("run", "--detach", "--name", name, "--stop-timeout=600")
        host.docker(*named, *words, IMAGE, "sh", "-c", script).check()

    health = ("--health-cmd=test -e /data/ready", "--health-interval=0.5s")
    data = ("--volume=data:/data", "--network=none")
    run("db", f"touch /data/ready; {WORKS}", *data, *health, *composed("db"))
    run("cache", WORKS, "--network=container:db", "--tmpfs=/scratch", "--restart=always")
    run("app", BROKEN + STUBBORN, "--volumes-from=db", *composed("app", "db:service_healthy:false"))
    run("edge", WORKS, "--network=none", *composed("edge", "app:service_started:true"))
    run("log", WORKS, "--network=none", "--restart=unless-stopped")
    run("brief", WORKS, "--network=none", "--rm")
    machine.eventually("a healthy db", lambda: health_of(host, "db") == "healthy" or None)


def health_of(host: EngineHost, name: str) -> str:
    (found,) = host.inspected(name)
    return str(found["State"]["Health"]["Status"])


def identities(host: EngineHost) -> dict[str, Any]:
    return {
        one["Name"]: (one["Id"], one["Image"], sorted(map(str, one["Mounts"])))
        for one in host.inspected(*sorted(SET))
    }


SET = {"db", "cache", "app", "edge", "log"}


def test_a_plain_docker_host_is_emptied_and_gets_the_same_set_back(
    host_named: Callable[[str], EngineHost], tmp_path: Path
) -> None:
    host = host_named("pier-1")
    fill(host)
    was = identities(host)
    record = tmp_path / "record.json"
    evacuate = ("docker", "evacuate", "--record", record)

    held = wharf(host, *evacuate)
    assert held.code == 3, held.err
    assert "brief" in held.err
    assert not record.exists()

    plan = wharf(host, *evacuate, "--force", "--plan", "-o", "json")
    order = [one["container"]["name"] for one in json.loads(plan.check())]
    assert order.index("edge") < order.index("app") < order.index("db")
    assert order.index("cache") < order.index("db")
    assert host.running() == {*SET, "brief"}

    # app does not listen, so the run hangs on it, and is killed there.
    run = wharf_started(host, *evacuate, "--force")
    machine.eventually(run.output, lambda: "edge" not in host.running() or None)
    run.kill()
    assert {"app", "db"} <= host.running()

    wharf(host, *evacuate, "--grace-period=1").check()
    assert host.running() == set()
    assert [one["name"] for one in json.loads(record.read_bytes())["removed"]] == ["brief"]

    host.restart()
    back = wharf(host, "docker", "restore", "--record", record)
    back.check()
    assert "brief was removed" in back.err
    assert host.running() == SET
    assert identities(host) == was
    assert health_of(host, "db") == "healthy"

    wharf(host, *evacuate, "--grace-period=1").check()
    mounted = ("run", "--rm", "--network=none", "--volume=data:/data", IMAGE)
    host.docker(*mounted, "touch", "/data/broken").check()
    lost = wharf(host, "docker", "restore", "--record", record)
    assert lost.code == 4, lost.err
    assert "cannot bring back container app: it is exited with code 7" in lost.err
    assert "| the ledger is torn" in lost.err
    assert host.running() == SET - {"app"}

    host.docker(*mounted, "busybox", "rm", "/data/broken").check()
    wharf(host, "docker", "restore", "--record", record).check()
    assert identities(host) == was


def test_a_node_of_a_swarm_is_drained_and_given_back(
    host_named: Callable[[str], EngineHost],
) -> None:
    first, second = host_named("pier-1"), host_named("pier-2")
    first.connect(second)
    first.docker("swarm", "init", "--advertise-addr=10.86.0.1").check()
    token = first.docker("swarm", "join-token", "--quiet", "worker").check().strip()
    join = ("swarm", "join", "--advertise-addr=10.86.0.2", f"--token={token}")
    second.docker(*join, "10.86.0.1:2377").check()
    make = ("service", "create", "--detach", "--no-resolve-image", "--network=host")

    def serve(name: str, *words: str, script: str = WORKS) -> None:
        first.docker(*make, f"--name={name}", *words, IMAGE, "sh", "-c", script).check()

    serve("web", "--replicas=4", "--stop-grace-period=3s", script=STUBBORN)
    serve("log", "--mode=global")
    serve("pinned", "--constraint=node.hostname==pier-2")
    machine.eventually("seven tasks", lambda: len(tasks(first)) == 7 or None)
    assert len(second.running()) >= 3

    held = wharf(first, "swarm", "evacuate", "pier-2")
    assert held.code == 3, held.err
    assert "node.hostname==pier-2" in held.err
    assert spec(first) == ("active", {})

    run = wharf_started(first, "swarm", "evacuate", "pier-2", "--force", "--reason=a new disk")
    machine.eventually(run.output, lambda: spec(first)[0] == "drain" or None)
    run.kill()
    done = wharf(first, "swarm", "evacuate", "pier-2", "--force")
    done.check()
    assert "scheduling constraints not satisfied" in done.err
    assert second.running() == set()
    assert tasks(first) == ["log.pier-1", "web.1", "web.2", "web.3", "web.4"]

    assert wharf(second, "swarm", "evacuate", "pier-1").code == 1
    back = wharf(first, "swarm", "uncordon", "pier-2")
    assert back.check() == "node/pier-2 active\n"
    assert "a new disk" in back.err
    assert spec(first) == ("active", {})
    machine.eventually("seven tasks again", lambda: len(tasks(first)) == 7 or None)

    first.docker("node", "update", "--availability=drain", "pier-2").check()
    theirs = wharf(first, "swarm", "uncordon", "pier-2")
    assert theirs.code == 1
    assert "somebody else" in theirs.err
    wharf(first, "swarm", "uncordon", "pier-2", "--force").check()
    assert spec(first)[0] == "active"


def tasks(manager: EngineHost) -> list[str]:
    """What runs, each by its service and its slot or node."""
    listed = ("node", "ps", "--format={{.Name}} {{.Node}} {{.CurrentState}}")
    names = set()
    for line in manager.docker(*listed, "pier-1", "pier-2").check().splitlines():
        name, node, state = line.split()[:3]
        if state == "Running":
            service, _, slot = name.partition(".")
            names.add(f"{service}.{slot if slot.isdigit() else node}")
    return sorted(names)


def spec(manager: EngineHost) -> tuple[str, dict[str, str]]:
    (node,) = manager.inspected("pier-2")
    return node["Spec"]["Availability"], node["Spec"]["Labels"]
