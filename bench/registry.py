"""
The registry: ours and docker-registry side by side, in alternating order.

Both listen on loopback without TLS, store on the same disk and sync what they acknowledge. Ours
decides rights on each request; the peer is set to let everybody in. The first round warms both up
and is not counted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench import contenders, measures, report
from bench.contenders import Contender
from bench.measures import SUITES, Material, Run
from bench.report import THEIRS, Measure
from e2e import machine
from e2e.clients import Docker
from e2e.docker_daemon import DockerDaemon


def measure(folder: Path, rounds: int, suites: Iterable[str] = SUITES) -> str:
    """Run the suites that are named, and return the table of what came out."""
    return report.table(_samples(folder, rounds, tuple(suites)), theirs=THEIRS)


def _samples(folder: Path, rounds: int, suites: tuple[str, ...]) -> report.Samples:
    samples: dict[Measure, dict[str, list[float]]] = {}
    daemon = DockerDaemon(folder / "dockerd")
    try:
        docker = Docker(machine.need("docker"), daemon, folder / "docker")
        with contenders.running(folder) as pair:
            for number in range(rounds + 1):
                material = Material(folder, docker, measures.repository(number))
                order = pair if number % 2 == 0 else pair[::-1]
                for suite, contender in itertools.product(suites, order):
                    taken = SUITES[suite](_run(contender, material))
                    _keep(samples, number, contender, taken)
    finally:
        daemon.stop()
    return samples


def _run(contender: Contender, material: Material) -> Run:
    return Run(contender, material, contender.authorization(material.repository))


def _keep(
    samples: dict[Measure, dict[str, list[float]]],
    number: int,
    contender: Contender,
    taken: Mapping[Measure, float],
) -> None:
    for one, sample in taken.items():
        report.tell(number, contender.name, one, sample)
        if number > 0:
            samples.setdefault(one, {}).setdefault(contender.name, []).append(sample)
