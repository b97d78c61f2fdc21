"""
Plans: how long the command takes for one host, and how many hosts one process plans for.

The command reads a site file and a host in a tree, and prints a plan. The thousand hosts differ in
their names and in what stands in their files; each comes as the JSON that it would send, and each
plan is brought to the order that would go back.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Final

from bench import report
from bench.report import OURS, Measure
from e2e import machine
from wharfinger.cli import site_file
from wharfinger.hosts import plan as planning
from wharfinger.hosts.on_host import changes, facts
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.site.model import Site

ONE: Final = Measure("`wharf hosts plan`, one host", "ms", "lower")
MANY: Final = Measure("1,000 plans in one process", "s", "lower")
GOALS: Final = {ONE: "< 300", MANY: "< 10"}
HOSTS: Final = 1000

SITE: Final = """\
registries:
  search: [registry.site.test, docker.io]
  allow: [docker.io, "*.site.test", quay.io/team, "registry.site.test:5000"]
  block: [all, quay.io/team/old]
  insecure: ["lab.site.test:5000", 10.8.0.0/16]
  mirrors:
    docker.io: [mirror.site.test]
    quay.io/team: [mirror.site.test/team]
"""


def measure(folder: Path, rounds: int) -> str:
    """The table of figures, the first round left out."""
    (folder / "site.yaml").write_text(SITE)
    site = site_file.load(folder / "site.yaml")
    host = _tree(folder / "host")
    fleet = [json.dumps(facts.to_json(_facts(number))) for number in range(HOSTS)]
    samples: dict[Measure, list[float]] = {ONE: [], MANY: []}
    for number in range(rounds + 1):
        taken = {ONE: _one(folder / "site.yaml", host), MANY: _many(site, fleet)}
        for one, sample in taken.items():
            report.tell(number, OURS, one, sample)
            if number > 0:
                samples[one].append(sample)
    return report.figures(samples, GOALS)


def _one(site: Path, host: Path) -> float:
    wharf = machine.ROOT / ".venv" / "bin" / "wharf"
    start = time.perf_counter()
    machine.run(wharf, "hosts", "plan", site, "--root", host).check()
    return (time.perf_counter() - start) * 1000


def _many(site: Site, fleet: list[str]) -> float:
    start = time.perf_counter()
    for told in fleet:
        order = planning.plan(site, facts.from_json(json.loads(told))).order
        assert changes.to_json(order)["files"]
    return time.perf_counter() - start


def _facts(number: int) -> Facts:
    return Facts(
        f"host-{number}.site.test",
        "debian" if number % 2 else "redhat",
        "Debian GNU/Linux 12 (bookworm)" if number % 2 else "Red Hat Enterprise Linux 9",
        systemd=True,
        runtimes={
            "docker": RuntimeFacts("26.1.5", pid=number + 2, unit="docker.service"),
            "podman": RuntimeFacts("4.3.1"),
            "skopeo": RuntimeFacts("1.9.3"),
            "containerd": RuntimeFacts("1.6.20", pid=number + 3, unit="containerd.service"),
        },
        files={path: _found(content) for path, content in _contents(number).items()},
    )


def _contents(number: int) -> dict[str, bytes]:
    daemon: dict[str, Any] = {
        "log-opts": {"max-size": "10m", "tag": f"host-{number}"},
        "insecure-registries": [f"old-{number}.site.test:5000"],
    }
    comments = "".join(f"# line {line} of host {number}\n" for line in range(40))
    return {
        "/etc/docker/daemon.json": json.dumps(daemon, indent=4).encode(),
        "/etc/containers/registries.conf": f"{comments}short-name-mode = 'enforcing'\n".encode(),
        "/etc/containers/policy.json": b'{"default": [{"type": "insecureAcceptAnything"}]}\n',
        "/etc/containerd/config.toml": b"version = 2\n",
    }


def _found(content: bytes) -> FoundFile:
    return FoundFile("file", digest=planning.digest(content), content=content)


def _tree(root: Path) -> Path:
    for path, content in {**_contents(1), "/etc/debian_version": b"12.0\n"}.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root
