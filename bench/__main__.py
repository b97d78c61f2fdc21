"""
Run `make bench`: ours and docker-registry side by side, in alternating order, medians at the end.

Both listen on loopback without TLS, store on the same disk and sync what they acknowledge. Ours
decides rights on each request; the peer is set to let everybody in. The first round warms both up
and is not counted.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
from pathlib import Path

from bench import contenders, measures, report
from bench.contenders import Contender
from bench.measures import SUITES, Material, Run
from bench.report import Measure
from e2e import machine
from e2e.clients import Docker
from e2e.docker_daemon import DockerDaemon

CACHE = machine.ROOT / ".cache"


def main() -> None:
    options = _options()
    CACHE.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=CACHE))
    try:
        print(report.table(_measure(folder, options.rounds, options.only)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds (default: 5)")
    parser.add_argument("--only", choices=SUITES, help="one suite of measures")
    return parser.parse_args()


def _measure(folder: Path, rounds: int, only: str | None) -> report.Samples:
    suites = {only: SUITES[only]} if only is not None else SUITES
    samples: dict[Measure, dict[str, list[float]]] = {}
    daemon = DockerDaemon(folder / "dockerd")
    try:
        docker = Docker(machine.need("docker"), daemon, folder / "docker")
        with contenders.running(folder) as pair:
            for number in range(rounds + 1):
                material = Material(folder, docker, measures.repository(number))
                order = pair if number % 2 == 0 else pair[::-1]
                for suite, contender in itertools.product(suites.values(), order):
                    for measure, sample in suite(_run(contender, material)).items():
                        _tell(number, contender, measure, sample)
                        if number > 0:
                            by_name = samples.setdefault(measure, {})
                            by_name.setdefault(contender.name, []).append(sample)
    finally:
        daemon.stop()
    return samples


def _run(contender: Contender, material: Material) -> Run:
    return Run(contender, material, contender.authorization(material.repository))


def _tell(number: int, contender: Contender, measure: Measure, sample: float) -> None:
    round_name = f"round {number}" if number else "warm-up"
    print(
        f"{round_name}: {contender.name}: {measure.name}: {sample:,.2f} {measure.unit}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
